"""More requests than the server can answer, and the few among them that want something else.

Knox County 2018: the results page fell to a flood as polls closed, and behind it
somebody aimed at one weak point of the server.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from detente.elections.systems.model import Finding, Request, Sign, lines_of
from detente.elections.systems.probes import Technique, technique_of

SLOT_S = 300.0
_SLOT_MIN = 20
_TIMES_USUAL = 8.0
_OVERLOADED = frozenset((429, 502, 503, 504))
_OVERLOADED_MIN = 0.2
_TOGETHER_SLOTS = 2
_QUIET_SHARE_MAX = 0.02
_KNOWN_MIN = 2
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Flood:
    """A time in which a server was asked for more than it could answer.

    Attributes:
        requests: of that time, in order.
        page: asked for most.
        usual: requests of a usual slot of five minutes.
        refused: how many were told that the server is overloaded.
    """

    requests: tuple[Request, ...]
    page: str
    usual: float
    refused: int


def floods(requests: Sequence[Request]) -> list[Flood]:
    """Times with many times the usual requests, in which the server could not answer.

    A crowd on the last day of registration is none while it is answered.

    Args:
        requests: of one log, in order of time.
    """
    slots: dict[int, list[Request]] = defaultdict(list)
    for request in requests:
        slots[int(request.at // SLOT_S)].append(request)
    if not slots:
        return []
    usual = median(len(each) for each in slots.values())
    high = [at for at, each in sorted(slots.items()) if _is_high(each, usual)]
    found = []
    for run in _together(high):
        inside = [r for at in range(run[0], run[-1] + 1) for r in slots.get(at, ())]
        refused = sum(request.status in _OVERLOADED for request in inside)
        if refused >= _OVERLOADED_MIN * len(inside):
            page = Counter(request.page for request in inside).most_common(1)[0][0]
            found.append(Flood(tuple(inside), page, usual, refused))
    return found


def _is_high(slot: Sequence[Request], usual: float) -> bool:
    return len(slot) >= _SLOT_MIN and len(slot) > _TIMES_USUAL * usual


def _together(slots: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for at in slots:
        if runs and at - runs[-1][-1] <= _TOGETHER_SLOTS:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def flood_findings(found: Sequence[Flood]) -> list[Finding]:
    """The floods themselves, in words."""
    findings = []
    for flood in found:
        inside = flood.requests
        sources = Counter(request.source for request in inside)
        share = sum(request.page == flood.page for request in inside) / len(inside)
        findings.append(
            Finding(
                sign=Sign.FLOOD,
                start=inside[0].at,
                end=inside[-1].at,
                lines=lines_of(inside),
                said=(
                    f"{len(inside)} requests from {len(sources)} sources, {share:.0%} of them for "
                    f"{flood.page}; {flood.refused} could not be answered. Usual are "
                    f"{flood.usual:.0f} in five minutes."
                ),
                innocent="many people who want to see one page at once, as polls close.",
                settled_by="where they come from; whether people press on or programs do; "
                "figures stay as signed while the page cannot be seen.",
                sources=tuple(source for source, _ in sources.most_common(20)),
            )
        )
    return findings


def quiet_in_floods(requests: Sequence[Request], found: Sequence[Flood]) -> list[Finding]:
    """Requests inside a flood for something nobody else asks for.

    Few, for a page that outside the flood was hardly ever asked for, and either a probe or
    answered: the flood only wants the server busy, these want something from it.

    Args:
        requests: of the whole log, in order of time.
        found: its floods.
    """
    flooded = {request.line for flood in found for request in flood.requests}
    known = Counter(request.page for request in requests if request.line not in flooded)
    findings = []
    for flood in found:
        inside = Counter(request.page for request in flood.requests)
        few = max(_QUIET_SHARE_MAX * len(flood.requests), _KNOWN_MIN + 1)
        odd = [
            request
            for request in flood.requests
            if inside[request.page] <= few and _wants_something(request, known)
        ]
        if odd:
            findings.append(_quiet(flood, odd))
    return findings


def _wants_something(request: Request, known: Counter[str]) -> bool:
    if request.query and technique_of(request.query) is not None:
        return True
    is_answered = request.status not in _OVERLOADED and request.status != _NOT_FOUND
    return known[request.page] < _KNOWN_MIN and is_answered


def _quiet(flood: Flood, odd: Sequence[Request]) -> Finding:
    sources = Counter(request.source for request in odd)
    techniques = {technique_of(request.query) for request in odd} - {None}
    how = " and ".join(sorted(str(t) for t in techniques if isinstance(t, Technique)))
    served = sum(200 <= request.status < 300 for request in odd)  # noqa: PLR2004 - HTTP
    return Finding(
        sign=Sign.QUIET_IN_FLOOD,
        start=odd[0].at,
        end=odd[-1].at,
        lines=lines_of(odd),
        said=(
            f"{len(odd)} requests inside a flood of {len(flood.requests)} ask for "
            f"{', '.join(sorted({r.page for r in odd})[:3])}"
            f"{': ' + how if how else ''}; {served} of them were answered in full."
        ),
        innocent="a monitor of the office that looks whether everything still answers.",
        settled_by="what these answers held; the server's own files and their dates.",
        sources=tuple(source for source, _ in sources.most_common(20)),
    )
