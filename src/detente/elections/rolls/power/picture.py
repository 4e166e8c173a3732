"""The power curves as a picture (SVG 1.1): one small panel for each way to tamper.

Small panels instead of one with eleven lines: most curves lie on each other at
the top, and what matters is where each one rises.
"""

from collections.abc import Sequence
from html import escape
from math import log10

from detente.elections.rolls.power.curves import Curve, Point

_COLUMNS = 3
_WIDTH, _HEIGHT = 300, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 44, 34
_HEAD = 54
_TICKS = ((0.0001, "0.01 %"), (0.001, "0.1 %"), (0.01, "1 %"))
_FIRST, _LAST = log10(0.0001), log10(0.02)
_STYLE = (
    "text{font:11px sans-serif;fill:#222}.t{font-weight:bold}.g{stroke:#ddd}"
    ".c{fill:none;stroke:#1a4f8a;stroke-width:2}.p{fill:#1a4f8a}.b{fill:#1a4f8a;opacity:.15}"
    ".f{stroke:#b00020;stroke-dasharray:4 3}.s{fill:#555}"
)


def picture(curves: Sequence[Curve], *, title: str) -> str:
    """Draw some curves.

    Args:
        curves: at least one.
        title: what they are of.
    """
    rows = -(-len(curves) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, _HEAD + rows * _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="title said">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="said">{escape(" ".join(map(_in_words, curves)))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="14" y="22" class="t">{escape(title)}</text>',
        '<text x="14" y="40" class="s">Up: periods in which it is seen. Across: share of the roll '
        "touched. Shaded: 95 % interval. Dashed: the same check where nobody tampered.</text>",
    ]
    for number, each in enumerate(curves):
        x, y = number % _COLUMNS * _WIDTH, _HEAD + number // _COLUMNS * _HEIGHT
        parts += [f'<g transform="translate({x} {y})">', *_panel(each), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _in_words(each: Curve) -> str:
    seen = each.seen_from
    said = "never in nine of ten" if seen is None else f"in nine of ten from {seen:.2%}"
    return f"{each.name}: seen {said}, false alarms {each.clean.rate:.1%}."


def _panel(each: Curve) -> list[str]:
    end, floor = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [
        f'<text x="{_LEFT}" y="16" class="t">{escape(each.name.replace("_", " "))}</text>',
        f'<text x="{_LEFT}" y="32" class="s">{escape(each.story)}</text>',
    ]
    for rate in (0.0, 0.5, 1.0):
        y = _up(rate)
        parts.append(f'<line x1="{_LEFT}" y1="{y}" x2="{end}" y2="{y}" class="g"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{rate:.0%}</text>')
    for share, words in _TICKS:
        x = _across(share)
        parts.append(f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{floor}" class="g"/>')
        parts.append(f'<text x="{x}" y="{floor + 16}" text-anchor="middle">{words}</text>')
    false = _up(each.clean.rate)
    parts.append(f'<line x1="{_LEFT}" y1="{false}" x2="{end}" y2="{false}" class="f"/>')
    return [*parts, *_line(each.points)]


def _line(points: Sequence[Point]) -> list[str]:
    places = [(_across(point.share), point) for point in points]
    upper = [f"{x},{_up(point.interval[1])}" for x, point in places]
    lower = [f"{x},{_up(point.interval[0])}" for x, point in reversed(places)]
    line = " ".join(f"{x},{_up(point.rate)}" for x, point in places)
    return [
        f'<polygon points="{" ".join([*upper, *lower])}" class="b"/>',
        f'<polyline points="{line}" class="c"/>',
        *(f'<circle cx="{x}" cy="{_up(p.rate)}" r="2.5" class="p"/>' for x, p in places),
    ]


def _across(share: float) -> float:
    wide = _WIDTH - _LEFT - _RIGHT
    return round(_LEFT + wide * (log10(share) - _FIRST) / (_LAST - _FIRST), 1)


def _up(rate: float) -> float:
    tall = _HEIGHT - _TOP - _BOTTOM
    return round(_TOP + tall * (1 - rate), 1)
