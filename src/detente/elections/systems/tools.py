"""Tools in their order: one scans, one tries folders, one injects.

The FBI's flash of August 2016 named the three in this order, in two states, from
one address. A tool is known by what it calls itself and by what it does: whoever
renames it still tries a hundred folders that are not there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import IntEnum

from detente.elections.systems.model import Finding, Request, Sign, lines_of
from detente.elections.systems.probes import technique_of

WITHIN_S = 86_400.0
_NOT_FOUND = 404
_FOLDERS_MIN = 40
_FOLDERS_WINDOW_S = 600.0
_PROBES_MIN = 5
_STAGES_MIN = 2


class Stage(IntEnum):
    """What a tool does, in the order in which it is used."""

    SCAN = 1
    FOLDERS = 2
    INJECT = 3


_WORDS: Mapping[Stage, str] = {
    Stage.SCAN: "a scan for known weaknesses",
    Stage.FOLDERS: "a list of folders tried",
    Stage.INJECT: "injections",
}
_NAMES: Mapping[str, Stage] = {
    "acunetix": Stage.SCAN, "acux": Stage.SCAN, "nikto": Stage.SCAN, "nessus": Stage.SCAN,
    "openvas": Stage.SCAN, "nuclei": Stage.SCAN, "w3af": Stage.SCAN, "netsparker": Stage.SCAN,
    "dirbuster": Stage.FOLDERS, "gobuster": Stage.FOLDERS, "feroxbuster": Stage.FOLDERS,
    "wfuzz": Stage.FOLDERS, "fuzz faster": Stage.FOLDERS, "dirb": Stage.FOLDERS,
    "sqlmap": Stage.INJECT, "havij": Stage.INJECT, "sqlninja": Stage.INJECT,
}  # fmt: skip


def tool_orders(requests: Sequence[Request]) -> list[Finding]:
    """Sources that go through two or three of the stages, in order, within a day.

    Args:
        requests: of one log, in order of time.
    """
    by_source: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        by_source[request.source].append(request)
    found = []
    for source, each in by_source.items():
        stages = _stages(each)
        if len(stages) >= _STAGES_MIN and _is_in_order(stages):
            found.append(_finding(source, stages))
    return found


def _stages(requests: Sequence[Request]) -> dict[Stage, list[Request]]:
    stages: dict[Stage, list[Request]] = defaultdict(list)
    rest = []
    for request in requests:
        named = _named(request)
        if named is None:
            rest.append(request)
        else:
            stages[named].append(request)
    injected = [r for r in rest if r.query and technique_of(r.query) is not None]
    if len(injected) >= _PROBES_MIN:
        stages[Stage.INJECT] = sorted([*stages[Stage.INJECT], *injected], key=_moment)
    tried = _folders(rest)
    if tried:
        stages[Stage.FOLDERS] = sorted([*stages[Stage.FOLDERS], *tried], key=_moment)
    return {stage: each for stage, each in stages.items() if each}


def _moment(request: Request) -> float:
    return request.at


def _named(request: Request) -> Stage | None:
    agent = request.agent.lower()
    for name, stage in _NAMES.items():
        if name in agent:
            return stage
    text = f"{request.page}?{request.query}".lower()
    return Stage.SCAN if "acunetix" in text or "acux" in text or "nikto" in text else None


def _folders(requests: Sequence[Request]) -> list[Request]:
    """Requests for many different pages that are not there, within minutes."""
    missing = [request for request in requests if request.status == _NOT_FOUND]
    for at in range(len(missing) - _FOLDERS_MIN + 1):
        window = missing[at : at + _FOLDERS_MIN]
        if window[-1].at - window[0].at <= _FOLDERS_WINDOW_S:
            end = window[0].at + 6 * _FOLDERS_WINDOW_S
            tried = [request for request in missing[at:] if request.at <= end]
            return tried if len({r.page for r in tried}) >= _FOLDERS_MIN // 2 else []
    return []


def _is_in_order(stages: Mapping[Stage, Sequence[Request]]) -> bool:
    starts = [stages[stage][0].at for stage in sorted(stages)]
    return starts == sorted(starts) and starts[-1] - starts[0] <= WITHIN_S


def _finding(source: str, stages: Mapping[Stage, Sequence[Request]]) -> Finding:
    every = sorted((r for each in stages.values() for r in each), key=_moment)
    order = ", then ".join(f"{_WORDS[s]} ({len(stages[s])})" for s in sorted(stages))
    return Finding(
        sign=Sign.TOOL_ORDER,
        start=every[0].at,
        end=every[-1].at,
        lines=lines_of(every),
        said=f"one source goes on in the order of tools: {order}.",
        innocent="a test that was ordered, or a study that scans everybody.",
        settled_by="asking who tests; whether another office sees the same source.",
        sources=(source,),
    )
