"""The report of a case: one HTML page without scripts or addresses, that prints."""

from html import escape

from detente.signing import JsonValue

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3rem .5rem;"
    "text-align:left;vertical-align:top}code{font-size:.85em;overflow-wrap:anywhere}"
    "@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}"
)
_LIMIT = (
    "A statement shows what a key said, not who held it, nor that it is true. "
    "Entries stand in the order of what they were written after; times are as claimed."
)


def case_page(document: dict[str, JsonValue], *, shared_only: bool) -> bytes:
    """Return the page of a case as `describe_case` describes it.

    Args:
        document: the case.
        shared_only: leave out what is this node's own.
    """
    timeline = [
        each
        for each in _rows(document, "timeline")
        if not (shared_only and each["private"] is True)
    ]
    entries = {each["entry"] for each in timeline}
    hypotheses = [each for each in _rows(document, "hypotheses") if each["entry"] in entries]
    tasks = [each for each in _rows(document, "tasks") if each["entry"] in entries]
    facts = "".join(
        f"<tr><th>{name}</th><td>{_text(document[name])}</td></tr>"
        for name in ("id", "kind", "level", "state", "closed_by", "open_at")
    )
    parts = [
        f"<p>{_LIMIT}</p><table>{facts}</table>",
        "<h2>Explanations, the innocent first</h2>",
        table_of(hypotheses, ("innocent", "words", "by", "weighed")),
        "<h2>Tasks</h2>",
        table_of(tasks, ("title", "owner", "person", "due", "state", "overdue")),
        "<h2>Timeline</h2>",
        table_of(timeline, ("at", "by", "act", "says", "entry", "statement")),
    ]
    return page_of(str(document["title"]), "".join(parts))


def page_of(title: str, body: str) -> bytes:
    """Return a page that prints, with nothing in it that acts or is fetched.

    Args:
        title: in the open; it is escaped here.
        body: markup whose texts were escaped.
    """
    name = escape(title)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{name}</title>"
        f"<style>{_STYLE}</style><h1>{name}</h1>{body}</html>\n"
    ).encode()


def _rows(document: dict[str, JsonValue], name: str) -> list[dict[str, JsonValue]]:
    found = document[name]
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def table_of(rows: list[dict[str, JsonValue]], columns: tuple[str, ...]) -> str:
    """Return rows as a table, every text escaped."""
    if not rows:
        return "<p>None.</p>"
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(row[name])}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _text(value: JsonValue) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return "<br>".join(
                f"{escape(str(name))}: {_text(each)}" for name, each in value.items()
            )
        case list():
            return ", ".join(map(_text, value)) or "none"
        case str() if len(value) == 64 and value.isalnum():  # noqa: PLR2004 - a digest
            return f"<code>{escape(value)}</code>"
        case _:
            return escape(str(value))
