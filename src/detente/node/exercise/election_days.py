"""Mail, web logs and rolls of the scenes of an election; every name and address is invented."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from detente.node.exercise.web_days import line_of

OFFICIALS = 61
QUIET = 6
EDITED = 40
VENDOR = "Tallywright Systems"
VENDOR_DOMAIN = "tallywright.example"
LOOK_ALIKE = "tallywrlght.example"
GUIDE = sha256(b"a guide with macros").hexdigest()
_VOTERS = 3_000
_USUAL_LETTERS = 60
_FLOOD = 3_000
_VISITS = 2_000
_COLUMNS = ("id", "last_name", "first_name", "birth_year", "address", "party", "status", "precinct")


def mail_days(chance: random.Random, until: datetime, office: str) -> bytes:
    """A mail log: two months of usual letters, then one false vendor to every official."""
    lines = [
        _letter(until - timedelta(days=1 + n), f"help@{VENDOR_DOMAIN}", office, n % OFFICIALS, "")
        for n in range(_USUAL_LETTERS, 0, -1)
    ]
    for number in range(OFFICIALS):
        when = until - timedelta(hours=20) + timedelta(minutes=9 * number + chance.randrange(5))
        lines.append(_letter(when, f"support@{LOOK_ALIKE}", office, number, GUIDE))
    return "".join(lines).encode()


def _letter(when: datetime, sender: str, office: str, number: int, attached: str) -> str:
    extra = f' attach="New_User_Guides.docm" sha256={attached}' if attached else ""
    return (
        f"{when.isoformat(timespec='seconds')} mx1 gateway[{900 + number}]: qid=4B71E0{number:02X} "
        f'from=<{sender}> display="{VENDOR}" to=<official{number}@{office}.example> '
        f'subject="New user guides"{extra} size=20480 verdict=pass\n'
    )


def flood_night(chance: random.Random, until: datetime) -> bytes:
    """A web log: days of visitors, then an hour in which the server cannot answer."""
    rows = [
        (until - timedelta(seconds=chance.uniform(7_200, 20 * 86_400)),
         f"192.0.2.{chance.randrange(1, 200)}", chance.choice(("/", "/results/", "/register")), 200)
        for _ in range(_VISITS)
    ]  # fmt: skip
    start = until - timedelta(hours=1)
    for _ in range(_FLOOD):
        client = f"2001:db8:{chance.randrange(256, 322):x}::{chance.randrange(1, 40):x}"
        rows.append((start + timedelta(seconds=chance.uniform(0, 3_500)), client, "/results/", 503))
    for number in range(QUIET):
        page = f"/cgi-bin/report?template={'..%2F' * (2 + number % 3)}conf%2Fsite.cfg"
        when = start + timedelta(seconds=600 + 400 * number)
        rows.append((when, "2001:db8:111::7", page, 200 if number > 3 else 500))  # noqa: PLR2004
    rows.sort(key=lambda row: row[0])
    return b"".join(line_of(chance, *row) for row in rows)


@dataclass(frozen=True, slots=True)
class RollDays:
    """A roll before and after, and the log between: some records were edited in silence.

    Attributes:
        layout: JSON.
        before: the first snapshot.
        after: the second.
        log: of honest changes.
        edited: ids of the records that somebody edited.
    """

    layout: bytes
    before: bytes
    after: bytes
    log: bytes
    edited: frozenset[str]


def roll_days(chance: random.Random, until: datetime) -> RollDays:
    """A month of a roll."""
    rows = [_voter(chance, number) for number in range(_VOTERS)]
    after = [list(row) for row in rows]
    log = ["time,voter,action,field,old,new,operator,source,form"]
    touched = chance.sample(range(_VOTERS), 2 * EDITED)
    for number in touched[:EDITED]:
        row, old = after[number], rows[number][4]
        row[4] = f"{chance.randrange(1, 999)} LAKE ST"
        when = until - timedelta(days=chance.randrange(1, 28), hours=chance.randrange(1, 9))
        log.append(f"{when:%Y-%m-%dT%H:%M:%S},{row[0]},change,address,{old},{row[4]},op-1,"
                   "192.0.2.20,F1")  # fmt: skip
    for number in touched[EDITED:]:
        after[number][1] += "X"
    return RollDays(
        layout=b'{"key": "id", "columns": ["' + '", "'.join(_COLUMNS).encode() + b'"]}',
        before=_table(rows),
        after=_table(after),
        log=("\n".join(log) + "\n").encode(),
        edited=frozenset(rows[number][0] for number in touched[EDITED:]),
    )


def _voter(chance: random.Random, number: int) -> list[str]:
    name = "".join(chance.choice("BDKLMNRST") + chance.choice("AEIO") for _ in range(3))
    return [f"ZZ{number:07d}", name, f"F{number}", str(chance.randrange(1930, 2008)),
            f"{chance.randrange(1, 999)} HILL RD", chance.choice(("DEM", "REP", "UNA")), "A",
            f"{chance.randrange(1, 20):02d}"]  # fmt: skip


def _table(rows: list[list[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in [list(_COLUMNS), *rows]).encode()
