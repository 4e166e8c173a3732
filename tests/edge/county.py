"""A county with two contests on a thousand cards: records that are right, and some that are not."""

import csv
import json

SEED = "53417960661093690826"
MAYOR = ["Ann"] * 600 + ["Bo"] * 350 + [""] * 50
SHERIFF = ["Cy"] * 520 + ["Di"] * 480
CONTESTS = {"mayor": MAYOR, "sheriff": SHERIFF}


def card(number):
    return f"b1-{number}"


def make_county(place, *, rehearsal=False, **changes):
    """Write the public files of an audit; `changes` go into every contest."""
    place.mkdir(parents=True, exist_ok=True)
    for name, marks in CONTESTS.items():
        rows = "".join(f"{card(n)},{mark}\n" for n, mark in enumerate(marks))
        (place / f"{name}.csv").write_text(f"card,choice\n{rows}")
    where = "".join(f"{card(n)},{n // 100 + 1},{n % 100 + 1}\n" for n in range(1000))
    (place / "manifest.csv").write_text(f"card,box,position\n{where}")
    contests = [
        {"name": name, "title": name.capitalize(), "choice": "plurality", "winners": [winner],
         "records": f"{name}.csv", "cards_max": 500} | changes
        for name, winner in (("mayor", "Ann"), ("sheriff", "Cy"))
    ]  # fmt: skip
    audit = {"audit": "Arden county", "rehearsal": rehearsal, "risk_limit": 0.05,
             "manifest": "manifest.csv", "contests": contests}  # fmt: skip
    (place / "audit.json").write_text(json.dumps(audit))
    return place


def fill_in(table, *, lies=0):
    """Fill in a round's table with what is on the paper: `lies` records of the sheriff's are not.

    Those cards read Di where the record says Cy.
    """
    header, *rows = csv.reader(table.read_text().splitlines())
    filled = [header]
    for name, contest, _ in rows:
        mark = CONTESTS[contest][int(name.removeprefix("b1-"))] or "BLANK"
        if contest == "sheriff" and mark == "Cy" and lies > 0:
            mark, lies = "Di", lies - 1
        filled.append([name, contest, mark])
    out = table.with_name(f"filled-{table.name}")
    out.write_text("".join(",".join(row) + "\n" for row in filled))
    return out
