"""The pace of one source: slow for weeks and then fast, or even whatever it is answered.

Slow, then fast is Illinois 2016: probes from 23 June, records by the thousand on
12 July, noticed by a busy processor. Then five requests a second, day and night,
against a door that was shut.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import fmean, pvariance

from detente.elections.systems.model import Finding, Request, Sign, lines_of
from detente.elections.systems.probes import Probe

_FAST_WINDOW_S = 600.0
_FAST_MIN = 60
_SLOW_MIN = 4
_SLOW_SPAN_S = 86_400.0
_SLOW_MEAN_S = 1_800.0
_LEAD_S = 45 * 86_400.0

_DENIED = frozenset((401, 403, 406, 429))
_RUN_GAP_S = 60.0
_RUN_MIN = 100
_RUN_SPAN_S = 60.0
_SLOTS = 30
_FANO_MAX = 0.3
"""Variance by mean of the counts of equal slots: chance gives 1, a clock 0."""


def slow_then_fast(seen: Sequence[Probe]) -> list[Finding]:
    """Sources that probed one page for days, hours apart, and then by the hundred.

    Others that probed the same page as slowly in that time are named with them.

    Args:
        seen: probes of one log, in order of time.
    """
    by_page: dict[str, list[Request]] = defaultdict(list)
    for probe in seen:
        by_page[probe.request.page].append(probe.request)
    found = []
    for page, requests in sorted(by_page.items()):
        by_source: dict[str, list[Request]] = defaultdict(list)
        for request in requests:
            by_source[request.source].append(request)
        for source, each in by_source.items():
            turn = _turn(each)
            if turn is not None:
                found.append(_turned(page, source, requests, turn))
    return found


def _turn(requests: Sequence[Request]) -> int | None:
    """Where a source's requests turn from slow to fast."""
    times = [request.at for request in requests]
    for at in range(len(times) - _FAST_MIN + 1):
        if times[at + _FAST_MIN - 1] - times[at] <= _FAST_WINDOW_S:
            first = bisect_left(times, times[at] - _LEAD_S)
            return at if _is_slow(times[first:at]) else None
    return None


def _is_slow(times: Sequence[float]) -> bool:
    if len(times) < _SLOW_MIN:
        return False
    span = times[-1] - times[0]
    return span >= _SLOW_SPAN_S and span / (len(times) - 1) >= _SLOW_MEAN_S


def _turned(page: str, source: str, requests: Sequence[Request], turn: int) -> Finding:
    own = [request for request in requests if request.source == source]
    start = own[turn].at
    fast = _unbroken(own[turn:])
    slow = [r for r in requests if start - _LEAD_S <= r.at < start]
    slow = [r for r in slow if r.source == source or _is_slow(_times(slow, r.source))]
    others = [name for name, _ in Counter(r.source for r in slow).most_common() if name != source]
    grows = fmean(r.size for r in fast) / max(fmean(r.size for r in slow), 1.0)
    answers = f", with answers {grows:.0f} times as large" if grows > 2 else ""  # noqa: PLR2004
    return Finding(
        sign=Sign.SLOW_THEN_FAST,
        start=slow[0].at,
        end=fast[-1].at,
        lines=lines_of((*slow, *fast)),
        said=(
            f"{len(slow)} probes of {page} in {(start - slow[0].at) / 86_400:.0f} days, hours "
            f"apart, then {len(fast)} within {max(fast[-1].at - start, 60) / 60:.0f} minutes"
            f"{answers}."
        ),
        innocent="a test that began by hand and went on with a tool.",
        settled_by="asking who tests; how many rows the database gave out in these minutes.",
        sources=(source, *others),
    )


def _times(requests: Sequence[Request], source: str) -> list[float]:
    return [request.at for request in requests if request.source == source]


def _unbroken(requests: Sequence[Request]) -> list[Request]:
    run = [requests[0]]
    for request in requests[1:]:
        if request.at - run[-1].at > _FAST_WINDOW_S:
            break
        run.append(request)
    return run


def constant_rates(requests: Sequence[Request]) -> list[Finding]:
    """Sources that are refused and go on at an even pace, as no person does.

    Args:
        requests: of one log, in order of time.
    """
    denied: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        if request.status in _DENIED:
            denied[request.source].append(request)
    return [
        _even(source, run)
        for source, each in denied.items()
        for run in _runs(each)
        if _is_even(run)
    ]


def _runs(requests: Sequence[Request]) -> Iterator[list[Request]]:
    run: list[Request] = []
    for request in requests:
        if run and request.at - run[-1].at > _RUN_GAP_S:
            yield run
            run = []
        run.append(request)
    yield run


def _is_even(run: Sequence[Request]) -> bool:
    span = run[-1].at - run[0].at
    if len(run) < _RUN_MIN or span < _RUN_SPAN_S:
        return False
    # Logs write whole seconds: slots of whole seconds, or the clock's own grain looks uneven.
    width = max(span // _SLOTS, 1.0)
    whole = int(span // width)
    counts = [0] * whole
    for request in run:
        slot = int((request.at - run[0].at) // width)
        if slot < whole:
            counts[slot] += 1
    return pvariance(counts) / fmean(counts) < _FANO_MAX


def _even(source: str, run: Sequence[Request]) -> Finding:
    span = run[-1].at - run[0].at
    return Finding(
        sign=Sign.CONSTANT_RATE,
        start=run[0].at,
        end=run[-1].at,
        lines=lines_of(run),
        said=(
            f"{len(run)} refused requests by one source at {len(run) / span:.1f} a second, evenly, "
            f"for {span / 60:.0f} minutes."
        ),
        innocent="a program of the office or a partner whose key or address was changed.",
        settled_by="whose address it is; whether the same source was answered before.",
        sources=(source,),
    )
