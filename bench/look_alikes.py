"""How many observed names are looked up against 1,000 protected ones, and which are missed.

`python -m bench.look_alikes [--repeats N] [--json FILE]`
Made names, 1 % or all of them one edit from a protected one; one core. Where the shared lists
are (DETENTE_SHARED names their folder): recall by dnstwist's classes and the election's, every
miss outside the confusables table by name, and false alarms on 25,310 real names. dnstwist
beside us, where it is installed: it goes the other way, and lists what one name could become.
"""

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from detente.elections.names import NameIndex

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("DETENTE_SHARED") or ROOT.parent / "shared")
LISTS = SHARED / "data/elections/names"
PEERS = ROOT / ".venv-peers/bin/python"
PROTECTED, OBSERVED = 1_000, 200_000
_WORDS = (
    "arden", "tamsin", "marlow", "vera", "county", "clerk", "vote", "results", "board", "elections",
    "register", "harbor", "lake", "north", "river", "stone",
)  # fmt: skip
_DNSTWIST = """
import sys, time, dnstwist
count, start = 0, time.perf_counter()
for name in sys.argv[1:]:
    fuzzer = dnstwist.Fuzzer(name)
    fuzzer.generate()
    count += len(fuzzer.domains)
print(count / (time.perf_counter() - start))
"""


def _label(chance: random.Random, number: int) -> str:
    return "".join(chance.choice(_WORDS) for _ in range(3)) + str(number)


def _near(chance: random.Random, name: str) -> str:
    body, _, ending = name.partition(".")
    at = chance.randrange(len(body))
    return f"{body[:at]}{chance.choice('abcdefghjkmnpqrstuvwxyz')}{body[at + 1 :]}.{ending}"


def _rate(index: NameIndex, names: list[str]) -> float:
    start = time.process_time()
    for name in names:
        index.look(name)
    return len(names) / (time.process_time() - start)


def measure(share: float, repeats: int) -> dict[str, object]:
    """Return how many names a second of processor time are looked up."""
    chance = random.Random(7)  # noqa: S311  a repeatable input, not a secret
    endings = ("gov", "org", "example")
    ours = [f"{_label(chance, n)}.{chance.choice(endings)}" for n in range(PROTECTED)]
    index = NameIndex(ours)
    seen = [
        _near(chance, chance.choice(ours))
        if chance.random() < share
        else f"{chance.choice(('www', 'mail', 'cdn'))}.{_label(chance, n)[::-1]}.com"
        for n in range(OBSERVED)
    ]
    rates = sorted(_rate(index, seen) for _ in range(repeats))
    return {
        "name": f"names looked up a second, {share:.0%} look-alikes",
        "repeats": repeats,
        "median": round(statistics.median(rates)),
        "slowest": round(rates[0]),
        "fastest": round(rates[-1]),
    }


def _lists() -> None:
    say = sys.stdout.write
    rows = gzip.decompress((LISTS / "lookalikes.tsv.gz").read_bytes()).decode().splitlines()[1:]
    split = [row.split("\t") for row in rows]
    index = NameIndex(sorted({row[0] for row in split}))
    total, missed = Counter[str](), Counter[str]()
    named: list[list[str]] = []
    for row in split:
        total[row[1]] += 1
        found = index.look(row[2])
        if found is None or found.protects != row[0]:
            missed[row[1]] += 1
            named.append(row)
    say(f"\n{'CLASS':22}{'NAMES':>7}{'RECALL':>9}\n")
    for kind, count in sorted(total.items()):
        say(f"{kind:22}{count:7}{1 - missed[kind] / count:9.1%}\n")
    for row in named[:40]:
        why = "letters that no table has" if row[1] == "homoglyph" else "told as another's"
        say(f"  missed: {row[2]} ({row[3]}) for {row[0]}: {why}, {row[4]} letters differ\n")
    benign = gzip.decompress((LISTS / "benign.tsv.gz").read_bytes()).decode().splitlines()[1:]
    taken = [row for row in benign if index.look(row.partition("\t")[0]) is not None]
    say(f"false alarms: {len(taken)} of {len(benign)} ({len(taken) / len(benign):.3%})\n")
    for row in taken:
        say(f"  taken: {row}\n")


def main() -> None:
    """Print rates and tables; with `--json`, write the rates to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [measure(share, options.repeats) for share in (0.01, 1.0)]
    for row in rows:
        sys.stdout.write(
            f"{row['name']}: {row['median']:,} ({row['slowest']:,} to {row['fastest']:,}, "
            f"{row['repeats']} runs of {OBSERVED:,}; processor time)\n"
        )
    words = [str(PEERS), "-c", _DNSTWIST, "ardencounty.gov", "vrsystems.com", "electionboard.org"]
    if PEERS.exists():
        done = subprocess.run(words, capture_output=True, check=False, text=True)  # noqa: S603 - our own words
        rate = f"{float(done.stdout):,.0f}" if done.returncode == 0 else "not installed"
        sys.stdout.write(f"dnstwist, names listed a second: {rate}\n")
    if LISTS.exists():
        _lists()
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
