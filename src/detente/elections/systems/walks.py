"""A look-up page walked by a script: numbers in a parameter that rise by one.

2020: a page that gave a voter's record for a number gave a hundred thousand.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from detente.elections.systems.model import Finding, Request, Sign, lines_of

_NUMBER = re.compile(r"(?:^|&)([^=&]{1,64})=(\d{1,18})(?=&|$)")
_RUN_MIN = 50
_RISING_MIN = 0.9
_STEP_MAX = 2
_PAUSE_S = 6 * 3_600.0


def walks(requests: Sequence[Request]) -> list[Finding]:
    """Sources that ask one page for one number after the other.

    Args:
        requests: of one log, in order of time.
    """
    asked: dict[tuple[str, str, str], list[tuple[int, Request]]] = defaultdict(list)
    for request in requests:
        for name, number in _NUMBER.findall(request.query):
            asked[request.source, request.page, name].append((int(number), request))
    found = []
    for (source, page, name), each in asked.items():
        for run in _runs(each):
            rising = sum(0 < b - a <= _STEP_MAX for (a, _), (b, _) in pairwise(run))
            if len(run) >= _RUN_MIN and rising >= _RISING_MIN * (len(run) - 1):
                found.append(_finding(source, page, name, run))
    return found


def _runs(asked: Sequence[tuple[int, Request]]) -> list[list[tuple[int, Request]]]:
    runs: list[list[tuple[int, Request]]] = []
    for each in asked:
        if runs and each[1].at - runs[-1][-1][1].at <= _PAUSE_S:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _finding(source: str, page: str, name: str, run: Sequence[tuple[int, Request]]) -> Finding:
    requests = [request for _, request in run]
    span = max(requests[-1].at - requests[0].at, 1.0)
    given = sum(200 <= r.status < 300 for r in requests)  # noqa: PLR2004 - HTTP
    return Finding(
        sign=Sign.ENUMERATION,
        start=requests[0].at,
        end=requests[-1].at,
        lines=lines_of(requests),
        said=(
            f"{len(run)} requests of one source to {page} go through {name} one by one, "
            f"{len(run) * 3_600 / span:.0f} an hour; {given} were answered."
        ),
        innocent="a tester, or a list process that uses the page.",
        settled_by="whose address it is; a limit on the page's rate meanwhile, and a second "
        "question (birth year) before it answers.",
        sources=(source,),
    )
