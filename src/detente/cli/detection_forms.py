"""The forms in which detections are written: rows, OCSF, STIX, a Navigator layer, a page."""

import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from detente.cli.output import print_json, say, say_table, wants_json, write_file

if TYPE_CHECKING:
    from detente.node.detection_outputs import Told

FORMS = ("ndjson", "ocsf", "stix", "navigator", "html")
DOCUMENT_ROWS_MAX = 100_000


def write_told(
    told: Iterable["Told"],
    form: str,
    *,
    output: Path | None,
    as_json: bool,
    title: str = "What rules and indicators found",
) -> None:
    """Write detections in a form, to a file or to standard output.

    Raises:
        InputError, EnvironmentFault: the file cannot be written.
    """
    if form in ("ndjson", "ocsf"):
        _write_rows(told, form, output=output, as_json=as_json)
        return
    some = list(islice(told, DOCUMENT_ROWS_MAX + 1))
    if len(some) > DOCUMENT_ROWS_MAX:
        say(f"only the first {DOCUMENT_ROWS_MAX} detections are in it; ndjson has them all")
    data = _document(some[:DOCUMENT_ROWS_MAX], form, title)
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        write_file(output, data)


def _document(told: list["Told"], form: str, title: str) -> bytes:
    import orjson

    from detente.node.clock import now
    from detente.node.detection_outputs import navigator_layer, stix_bundle
    from detente.node.detection_report import html_report

    match form:
        case "html":
            return html_report(told, title=title, now=now())
        case "stix":
            bundle = stix_bundle(told, member="", name="this office", now=now())
            return orjson.dumps(bundle, default=str) + b"\n"
        case _:
            return orjson.dumps(navigator_layer(told, name=title)) + b"\n"


def _write_rows(told: Iterable["Told"], form: str, *, output: Path | None, as_json: bool) -> None:
    import orjson

    from detente import __version__
    from detente.node.detection_outputs import ocsf_finding

    rows = (
        ocsf_finding(each, version=__version__) if form == "ocsf" else each.row() for each in told
    )
    if output is not None:
        write_file(output, b"".join(orjson.dumps(row, default=str) + b"\n" for row in rows))
    elif form == "ocsf" or wants_json(as_json):
        for row in rows:
            print_json(row)
    else:
        shown = [
            {"place": f"{each.source} {each.position}", "level": each.level, "title": each.title}
            for each in told
        ]
        say_table(shown, ("place", "level", "title"))
