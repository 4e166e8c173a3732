"""Sheets for the people who pull cards: one box for each card, to print and to sign."""

from collections.abc import Sequence
from html import escape

from detente.node.audits.definition import Audit
from detente.node.audits.entry_tables import shown_contests
from detente.node.audits.rounds import Round

_STYLE = """
body { font: 11pt/1.35 sans-serif; margin: 1.5cm; color: #000; background: #fff; }
h1 { font-size: 15pt; margin: 0 0 2mm; }
.rehearsal { border: 3px solid #000; padding: 2mm 4mm; font-weight: bold; text-align: center; }
.card { border: 1px solid #000; padding: 3mm 4mm; margin: 4mm 0; break-inside: avoid; }
.card h2 { font: bold 13pt monospace; margin: 0; }
.where { margin: 1mm 0; }
.marks { margin: 2mm 0; }
.marks span { display: inline-block; margin: 0 6mm 1mm 0; white-space: nowrap; }
.box { display: inline-block; width: 8mm; height: 5mm; border: 1px solid #000; margin-right: 2mm; }
.sign { margin-top: 3mm; font-size: 9pt; }
@page { size: A4; margin: 12mm; }
@media print { body { margin: 0; } }
"""


def sheets(audit: Audit, drawn: Round) -> bytes:
    """One HTML page for a round; it needs nothing from anywhere and runs nothing."""
    where = audit.manifest.where(set(drawn.cards))
    contests = shown_contests(audit, drawn.cards)
    flag = '<p class="rehearsal">REHEARSAL: nothing of this is real</p>' if audit.rehearsal else ""
    boxes = [
        _card(audit, number, card, where.get(card, ()), contests[card])
        for number, card in enumerate(drawn.cards, 1)
    ]
    title = f"{escape(audit.name)}: round {drawn.number}"
    head = f"<p>{len(drawn.cards)} cards, in the order of the draw. Two people look at each; write "
    head += "what is on the paper, never what a record says.</p>"
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">",
        f"<style>{_STYLE}</style></head><body>{flag}<h1>{title}</h1>{head}",
        *boxes,
        "</body></html>",
    ]
    return ("\n".join(parts) + "\n").encode()


def _card(
    audit: Audit, number: int, card: str, where: Sequence[str], contests: Sequence[str]
) -> str:
    places = zip(audit.manifest.columns, where, strict=False)
    told = ", ".join(f"{escape(name)} <b>{escape(value)}</b>" for name, value in places if value)
    asked = "\n".join(_contest(audit, name) for name in contests)
    return (
        f'<section class="card"><h2>{number}. {escape(card)}</h2><p class="where">{told}</p>{asked}'
        '<p class="sign">&#9744; card not found &#8195; seen by ______________ and '
        "______________</p></section>"
    )


def _contest(audit: Audit, name: str) -> str:
    audited = audit.contests[name]
    marks = "".join(
        f'<span><span class="box"></span>{escape(each)}</span>'
        for each in (*audited.contest.candidates, "blank", "other", "contest not on this card")
    )
    return f'<div class="marks"><b>{escape(audited.title)}</b> ({escape(name)})<br>{marks}</div>'
