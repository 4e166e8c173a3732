"""How many values a second are taken, weighed and kept."""

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from detente.node.benign import PackagedLists
from detente.storage.acting import ActingShelf
from detente.storage.acting_rows import TakenClaim, TakenStatement
from detente.storage.database import create_database
from detente.storage.model import StatementRow
from detente.storage.objects import ObjectIndex
from detente.watch import Basis, Item, Level, Owners, Rules, Weigher

MEMBERS = [sha256(b"%d" % number).hexdigest() for number in range(4)]
START = datetime(2026, 3, 1, tzinfo=UTC)


def taken(number: int, issuer: str, count: int) -> TakenStatement:
    """Return a statement that names `count` addresses."""
    return TakenStatement(
        number=number,
        issuer=issuer,
        readers=frozenset(MEMBERS) - {issuer},
        taken=START,
        claims=tuple(
            TakenClaim(
                leaf=leaf,
                subject=f"indicator--{number:08x}-0000-4000-8000-{leaf:012x}",
                version="2026-03-01T00:00:00 ",
                item=Item("ipv4-addr:value", f"5.{leaf >> 16}.{leaf >> 8 & 255}.{leaf & 255}"),
                basis=Basis.DETECTION,
                source="",
                handshake=True,
                since=START,
                until=None,
                revoked=False,
            )
            for leaf in range(1, count + 1)
        ),
    )


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=10_000)
    values = parser.parse_args().values
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), values)
    print(json.dumps(figures, indent=1))  # noqa: T201 - the figures are what it is for


def measure(folder: Path, values: int) -> dict[str, float]:
    """Return the figures, each in values a second, but where the name says otherwise."""
    database = create_database(folder / "node.db")
    index, shelf = ObjectIndex(database), ActingShelf(database, me=MEMBERS[3])
    rows = [
        StatementRow(sha256(who.encode()).hexdigest(), who, f"{who[:32]}/1", 0, "indicator", START)
        for who in MEMBERS[:2]
    ]
    index.add([(row, []) for row in rows])
    begin = time.perf_counter()
    touched = shelf.take([taken(n, row.issuer, values) for n, row in enumerate(rows, 1)], upto=2)
    took = time.perf_counter() - begin
    for row in rows:
        shelf.seen(row.origin, MEMBERS[2], 1, START)
    lists = PackagedLists(folder / "benign.index")
    begin = time.perf_counter()
    lists.lists_of(Item("ipv4-addr:value", "8.8.8.8"))
    built = time.perf_counter() - begin
    owners = Owners({member: member for member in MEMBERS}, me=MEMBERS[3])
    rules, now = Rules(f=1, owners=owners, benign=lists), START + timedelta(hours=1)
    begin = time.perf_counter()
    numbers, weigher = sorted(touched), Weigher(rules, now)
    for start in range(0, len(numbers), 400):
        some = shelf.dossiers(numbers[start : start + 400])
        decided = [(number, *weigher.weigh(each)) for number, each in some]
        shelf.settle(decided, now)
    weighed = time.perf_counter() - begin
    acting = len(shelf.at_level(Level.ALERTING))
    database.close()
    return {
        "claims taken a second": round(2 * values / took),
        "values weighed a second": round(len(numbers) / weighed),
        "index of lists built in seconds": round(built, 1),
        "alerting among the first page": acting,
    }


if __name__ == "__main__":
    main()
