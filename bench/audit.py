"""What an audit of a million cards costs: a martingale, a p-value, a plan, a sample.

`python bench/audit.py [--cards N] [--repeats N] [--json FILE]`
Bounds: ALPHA over a million cards 25 ms, the p-value of 1,000 cards 0.1 ms, a plan (margin 2 %,
risk limit 5 %, 100 simulated audits) 200 ms, a sample of 1,000 drawn from the manifest, and drawn
and ticketed again as a rival does, 1.5 s. Median of the repeats. No peer runs beside us: SHANGRLA
and Arlo are on no registry that pip installs from, so .venv-peers cannot hold them.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from detente.elections.audit import (
    Electorate,
    MoreVotes,
    Null,
    alpha,
    draw,
    plan,
    ticket,
)
from detente.elections.audit.alternatives import Comparison, Fixed, ShrinkTruncate
from detente.elections.audit.bravo import Pair, sample_size
from detente.elections.audit.cards import Cards
from detente.elections.audit.overstatement import bound, clean
from detente.elections.audit.supersimple import Margin
from detente.elections.audit.supersimple import sample_size as supersimple_size

MARGIN = 0.02
RISK_LIMIT = 0.05
SEED = "53417960661093690826"
SAMPLE = 1_000


def timed(run: Callable[[], object], repeats: int) -> list[float]:
    """Return how long each of some runs took, after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return times


def electorate(cards: int) -> Electorate:
    """A contest with the margin, and what its records say."""
    winner = int(cards * (1 + MARGIN) / 2)
    which = np.zeros(cards, dtype=np.uint8)
    which[winner:] = 1
    ids = [f"{n // 200}-{n % 200}" for n in range(cards)]
    return Electorate(Cards("mayor", ("A", "B"), ids, (("A",), ("B",)), which), cards)


def sampled_and_verified(ids: list[str]) -> int:
    """Draw, and check as a rival does: each ticket again, and that no other card has a smaller."""
    drawn = draw(SEED, ids, SAMPLE)
    tickets = [ticket(SEED, card) for card in drawn]
    if tickets != sorted(tickets) or draw(SEED, ids, SAMPLE) != drawn:
        raise AssertionError("a rival draws other cards")
    return len(drawn)


def ours(cards: int, repeats: int) -> dict[str, list[float]]:
    """Return our own times by name."""
    chance = np.random.default_rng(7)
    values = chance.integers(0, 3, cards) / 2
    polling = Null(0.5, 1.0, cards)
    compared = Null(0.5, bound(MARGIN, 1.0), cards)
    thousand = np.full(SAMPLE, clean(MARGIN, 1.0))
    place = electorate(cards)
    ids = list(place.cards.ids)
    many = max(repeats, 200)
    return {
        "ALPHA fixed, all cards": timed(lambda: alpha(values, Fixed(0.55), polling), repeats),
        "ALPHA shrink-truncate, all cards": timed(
            lambda: alpha(values, ShrinkTruncate(0.55, 0.025), polling), repeats
        ),
        "p-value of 1,000 cards": timed(
            lambda: alpha(thousand, Comparison(), compared).p_value, many
        ),
        "plan": timed(lambda: plan(place, [MoreVotes("A", "B")], risk_limit=RISK_LIMIT), repeats),
        "sample of 1,000, drawn and verified": timed(lambda: sampled_and_verified(ids), repeats),
        "BRAVO size": timed(
            lambda: sample_size(
                Pair(510_000, 490_000, 1_000_000), risk_limit=RISK_LIMIT, probability=0.9
            ),
            many,
        ),
        "super-simple size": timed(
            lambda: supersimple_size(Margin(1_000_000, 20_000), risk_limit=RISK_LIMIT), many
        ),
    }


def shown(times: list[float]) -> str:
    """Write a median and its spread, in milliseconds."""
    middle, low, high = (1e3 * each for each in (statistics.median(times), min(times), max(times)))
    return f"{middle:10.3f} ms  ({low:.3f} to {high:.3f}, {len(times)} runs)"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = ours(options.cards, options.repeats)
    for name, times in found.items():
        sys.stdout.write(f"{name:38} {shown(times)}\n")
    if options.json:
        options.json.write_text(json.dumps({"cards": options.cards, "seconds": found}))


if __name__ == "__main__":
    main()
