"""Lists for outside tools: plain, CSV, STIX, RPZ zone, Suricata datasets.

The action is to alert unless the office chose otherwise; blocking takes only what
is actionable. Every line leads to a receipt: in a comment where the format has
one, in a file beside it where it has not.
"""

import csv
import io
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv6Network

import orjson

from detente.exchange.lines import Line
from detente.statements import print_bundle
from detente.statements.stix import name_uuid
from detente.watch import Level, Sort, sort_of
from detente.watch.values import network_of

Files = dict[str, bytes]
RECEIPTS = "receipts.ndjson"
_NAMESPACE = bytes.fromhex("116a58d320cb4a87b3795bdf8a0f1d47")
_COLUMNS = ("value", "type", "level", "tlp", "origins", "since", "why", "receipt")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|")
_ZONE_NAME_MAX = 200  # with the zone's own name a name stays below 253
_SIDS_FROM = 9_100_000  # of our rules, far from what others publish


class Action(StrEnum):
    """What a tool does on a match."""

    ALERT = "alert"
    BLOCK = "block"


def plain_lists(lines: Sequence[Line]) -> Files:
    """Return one list for each class, a value a line, and the receipts beside them."""
    files: Files = {}
    for sort in Sort:
        values = [each.item.value for each in _listed(lines) if sort_of(each.item) is sort]
        if values:
            files[f"{sort.value}.txt"] = _joined(values)
    return files | _receipts(_listed(lines))


def csv_table(lines: Sequence[Line]) -> Files:
    """Return a table; no cell begins as a formula (A09)."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for line in _listed(lines):
        row = (
            line.item.value,
            line.item.path,
            line.level.name.lower(),
            line.tlp.value,
            str(line.origins),
            line.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            line.why,
            "; ".join(map(str, line.traces)),
        )
        writer.writerow(tuple(map(_cell, row)))
    return {"indicators.csv": table.getvalue().encode()}


def stix_bundle(lines: Sequence[Line]) -> Files:
    """Return the objects behind the lines as they were said, and the receipts beside them."""
    objects = {each.raw: each for line in lines for each in line.objects}
    ordered = [objects[raw] for raw in sorted(objects)]
    name = name_uuid(_NAMESPACE, " ".join(sha256(raw).hexdigest() for raw in sorted(objects)))
    return {"bundle.json": print_bundle(ordered, name)} | _receipts(lines)


def rpz_zone(lines: Sequence[Line], *, action: Action, now: datetime) -> Files:
    """Return a response policy zone of names and addresses, each with its receipt.

    To alert, a name passes and is logged; to block, it does not exist.
    Source: draft-vixie-dnsop-dns-rpz-00, sections 3 and 4.
    """
    target = "rpz-passthru." if action is Action.ALERT else "."
    written = [
        "$TTL 300",
        f"@ IN SOA localhost. root.localhost. {int(now.timestamp())} 3600 600 86400 300",
        "@ IN NS localhost.",
    ]
    for line in _chosen(lines, action):
        for name in _triggers(line):
            written.append(f"{name} IN CNAME {target} ; {line.traces[0]}")
    return {"detente.rpz": _joined(written)}


def suricata_dataset(lines: Sequence[Line], *, action: Action) -> Files:
    """Return datasets, the rules that use them, and the receipts beside them.

    Source: Suricata 7, datasets: strings in base64, hashes and addresses as they are.
    """
    verb = "alert" if action is Action.ALERT else "drop"
    files: Files = {}
    rules: list[str] = []
    told: list[Line] = []
    for number, (name, kind, buffers, fits, form) in enumerate(_DATASETS):
        chosen = [each for each in _chosen(lines, action) if fits(each)]
        if not chosen:
            continue
        told += chosen
        files[f"detente-{name}.lst"] = _joined(form(each.item.value) for each in chosen)
        rules += [
            f'{verb} {protocol} any any -> any any (msg:"detente {name}"; {buffer} '
            f"dataset:isset,detente-{name},type {kind},load detente-{name}.lst; "
            f"sid:{_SIDS_FROM + 10 * number + place}; rev:1;)"
            for place, (protocol, buffer) in enumerate(buffers)
        ]
    return files | {"detente.rules": _joined(rules)} | _receipts(told)


def _listed(lines: Iterable[Line]) -> list[Line]:
    return sorted((each for each in lines if each.is_listable), key=lambda each: each.item)


def _chosen(lines: Iterable[Line], action: Action) -> list[Line]:
    least = Level.ACTIONABLE if action is Action.BLOCK else Level.ALERTING
    return [each for each in _listed(lines) if each.level >= least]


def _receipts(lines: Iterable[Line]) -> Files:
    rows = [
        {
            "value": line.item.value,
            "type": line.item.path,
            "level": line.level.name.lower(),
            "tlp": line.tlp.value,
            "why": line.why,
            "receipts": [
                {
                    "statement": trace.statement,
                    "issuer": trace.issuer,
                    "log": trace.origin,
                    "entry": trace.seq,
                    "leaf": trace.leaf,
                }
                for trace in line.traces
            ],
        }
        for line in lines
    ]
    return {RECEIPTS: b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)}


def _triggers(line: Line) -> list[str]:
    match sort_of(line.item):
        case Sort.NAME if len(line.item.value) <= _ZONE_NAME_MAX:
            return [line.item.value, f"*.{line.item.value}"]
        case Sort.ADDRESS:
            return [_address_trigger(line.item.value)]
        case _:
            return []


def _address_trigger(value: str) -> str:
    net = network_of(value)
    if isinstance(net, IPv6Network):
        words = str(net.network_address).replace("::", ":zz:").strip(":").split(":")
        return f"{net.prefixlen}.{'.'.join(reversed(words))}.rpz-ip"
    assert net is not None  # noqa: S101 - a listed address was read as one
    return f"{net.prefixlen}.{'.'.join(reversed(str(net.network_address).split('.')))}.rpz-ip"


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _joined(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _is_single_address(line: Line) -> bool:
    return sort_of(line.item) is Sort.ADDRESS and "/" not in line.item.value


def _has_path(path: str) -> Callable[[Line], bool]:
    return lambda line: line.item.path == path


def _same(value: str) -> str:
    return value


def _encoded(value: str) -> str:
    return b64encode(value.encode("ascii")).decode()


# name, Suricata type, (protocol, buffers) of each rule, which lines, how written
_DATASETS: tuple[
    tuple[
        str,
        str,
        tuple[tuple[str, str], ...],
        Callable[[Line], bool],
        Callable[[str], str],
    ],
    ...,
] = (
    ("ip", "ip", (("ip", "ip.src;"), ("ip", "ip.dst;")), _is_single_address, _same),
    (
        "domain",
        "string",
        (("dns", "dns.query;"), ("tls", "tls.sni;"), ("http", "http.host;")),
        _has_path("domain-name:value"),
        _encoded,
    ),
    ("md5", "md5", (("http", "file.data; to_md5;"),), _has_path("file:hashes.MD5"), _same),
    (
        "sha256",
        "sha256",
        (("http", "file.data; to_sha256;"),),
        _has_path("file:hashes.SHA-256"),
        _same,
    ),
)
