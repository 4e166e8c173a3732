"""Detections as one page that a person reads and prints; no script, nothing from elsewhere.

Whatever stands in an event or a rule is text on the page and nothing else.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from detente.node.detection_outputs import Told

ROWS_MAX = 10_000
VALUE_CHARS_MAX = 500
_ORDER = ("critical", "high", "medium", "low", "informational", "")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; --text: #1c1c1c; --quiet: #555; --line: #ccc; --page: #fff }
@media (prefers-color-scheme: dark) {
:root { --text: #e8e8e8; --quiet: #a8a8a8; --line: #444; --page: #161616 } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
color: var(--text); background: var(--page) }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem }
th, td { border-bottom: 1px solid var(--line) }
td { overflow-wrap: anywhere } .number { text-align: right }
dl { margin: 0 } dt { float: left; clear: left; margin-right: .5rem; color: var(--quiet) }
.level { font-weight: 600; white-space: nowrap } .quiet { color: var(--quiet) }
@media print {
:root { color-scheme: light; --text: #000; --quiet: #444; --line: #bbb; --page: #fff }
body { margin: 0; padding: 0; max-width: none; font-size: 11px }
thead { display: table-header-group } tr, h2 { break-inside: avoid } h2 { break-after: avoid } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p>{{ total }} detections of {{ rules|length }} rules, as of {{ now }}. A rule that fires says that
an event looks as its author described; what happened is for a person to judge.</p>
<h2>Rules</h2>
<table>
<thead><tr><th>Level</th><th>Rule</th><th>Techniques</th>
<th class="number">Detections</th></tr></thead>
<tbody>
{% for rule in rules %}<tr><td class="level">{{ rule.level or "not said" }}</td>
<td>{{ rule.title }}<br><span class="quiet">{{ rule.id }}</span></td>
<td>{{ rule.techniques }}</td><td class="number">{{ rule.count }}</td></tr>
{% endfor %}</tbody>
</table>
<h2>Detections</h2>
{% if left_out %}<p>The first {{ rows|length }} are listed, {{ left_out }} are not.</p>
{% endif %}<table>
<thead><tr><th>Time of the event</th><th>Where</th><th>Rule</th><th>What was seen</th></tr></thead>
<tbody>
{% for row in rows %}<tr><td>{{ row.time }}</td><td>{{ row.source }}<br>
<span class="quiet">{{ row.position }}</span></td>
<td><span class="level">{{ row.level or "not said" }}</span><br>{{ row.title }}</td>
<td><dl>{% for name, value in row.fields %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
<span class="quiet">{{ row.event_hash }}</span></td></tr>
{% endfor %}</tbody>
</table>
</body>
</html>
"""


def html_report(told: Sequence[Told], *, title: str, now: datetime) -> bytes:
    """Return the page.

    Args:
        told: in the order in which they are listed.
        title: of the page.
        now: the time it is made.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    page = environment.from_string(_PAGE).render(
        title=title,
        now=f"{now:%Y-%m-%d %H:%M} UTC",
        total=len(told),
        rules=_rules(told),
        rows=[_row(each) for each in islice(told, ROWS_MAX)],
        left_out=max(len(told) - ROWS_MAX, 0),
    )
    return page.encode("utf-8", "replace")


def _rules(told: Sequence[Told]) -> list[dict[str, Any]]:
    from detente.node.detection_outputs import techniques_of

    rules: dict[str, dict[str, Any]] = {}
    for each in told:
        rule = rules.setdefault(
            each.rule,
            {
                "id": each.rule,
                "title": each.title,
                "level": each.level,
                "techniques": ", ".join(techniques_of(each.tags)),
                "count": 0,
            },
        )
        rule["count"] += 1
    place = {level: at for at, level in enumerate(_ORDER)}
    return sorted(
        rules.values(),
        key=lambda rule: (place.get(rule["level"], len(_ORDER)), -rule["count"], rule["title"]),
    )


def _row(told: Told) -> dict[str, Any]:
    seconds = told.event_at
    return {
        "time": "not said"
        if seconds is None
        else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}",
        "source": told.source,
        "position": told.position,
        "level": told.level,
        "title": told.title,
        "fields": [(name, _shown(value)) for name, value in told.fields.items()],
        "event_hash": told.event_hash,
    }


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]} (cut)"
