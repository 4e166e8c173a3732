"""Several sources at one target: the quiet one is found behind the loud one.

Grouped by what is asked for, never by who asks: in 2016 one address sent 1,500
injections into every field of a form while another sent seven into one (Senate
report, volume 1, state 10).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from detente.elections.systems.model import Finding, Sign, lines_of
from detente.elections.systems.probes import Probe

GAP_S = 86_400.0
"""Probes of one target further apart than this belong to two campaigns."""
_SOURCES_MIN = 2
_EACH_MIN = 3
"""Probes one source must have sent: once or twice may be a slip or a test."""
_LOUDER_MIN = 5
"""How many times as often the loudest asks as the quietest."""


def campaigns(seen: Sequence[Probe]) -> list[Finding]:
    """Targets that several sources probe at the same time, at very different pace.

    Args:
        seen: probes of one log, in order of time.
    """
    by_target: dict[str, list[Probe]] = defaultdict(list)
    for probe in seen:
        by_target[probe.request.page].append(probe)
    return [
        found
        for page, each in sorted(by_target.items())
        for run in _runs(each)
        if (found := _judged(page, run)) is not None
    ]


def _runs(seen: Sequence[Probe]) -> Iterator[list[Probe]]:
    run: list[Probe] = []
    for probe in seen:
        if run and probe.request.at - run[-1].request.at > GAP_S:
            yield run
            run = []
        run.append(probe)
    if run:
        yield run


def _judged(page: str, run: Sequence[Probe]) -> Finding | None:
    counts = Counter(probe.request.source for probe in run)
    counts = Counter({source: count for source, count in counts.items() if count >= _EACH_MIN})
    if len(counts) < _SOURCES_MIN:
        return None
    ranked = counts.most_common()
    loud, quiet = ranked[0], ranked[-1]
    if loud[1] < _LOUDER_MIN * quiet[1]:
        return None
    kept = [probe for probe in run if probe.request.source in counts]
    return Finding(
        sign=Sign.CAMPAIGN,
        start=kept[0].request.at,
        end=kept[-1].request.at,
        lines=lines_of(probe.request for probe in kept),
        said=(
            f"{len(ranked)} sources probe {page}: the loudest {loud[1]} times in "
            f"{_fields(kept, loud[0])} fields, the quietest {quiet[1]} times in "
            f"{_fields(kept, quiet[0])}. Look at the quiet one first."
        ),
        innocent="a test that was ordered, run from more than one place.",
        settled_by="asking who tests; the database's own log for the quiet source's minutes.",
        sources=tuple(source for source, _ in ranked),
    )


def _fields(run: Sequence[Probe], source: str) -> int:
    return len(frozenset().union(*(p.fields for p in run if p.request.source == source)))
