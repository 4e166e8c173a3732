"""Elections: results along the chain, audits, rolls and names, each printable as a report."""

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, in_thread
from detente.node.election_pages import parts_of
from detente.node.result_tree import contests_of, tree_of

_READERS = {ROLES: INSIDE}
_FINDINGS_SHOWN = 200
_NAMES_SHOWN = 500
_BRANCHES_SHOWN = 2_000
_CONTESTS_SHOWN = 500


@get("/elections", opt=_READERS)
@in_thread
def list_folders(request: Asking, desk: AtDesk) -> Response[str]:
    """List what the office put into its folders."""
    return desk.show(request, "elections.html", {"folders": desk.elections.folders()})


@get("/elections/results/{folder:str}", opt=_READERS)
@in_thread
def show_results(
    request: Asking,
    desk: AtDesk,
    folder: FromPath[str],
    contest: FromQuery[int] = 0,
    county: FromQuery[str | None] = None,
) -> Response[str]:
    """Show what does not agree, and the figures of one contest from tape to public page."""
    checked = desk.elections.results(folder)
    judged = [each for each in checked.reports if each.is_test == checked.is_rehearsal]
    contests = contests_of(judged)
    if not 0 <= contest < len(contests):
        raise NotFoundException("There is no such contest in these figures")
    tree = tree_of(judged, contests[contest], county)
    values = {
        "folder": folder,
        "checked": checked,
        "findings": desk.elections.explained(checked, most=_FINDINGS_SHOWN),
        "left_out": max(0, len(checked.differences) - _FINDINGS_SHOWN),
        "contests": [str(each) for each in contests[:_CONTESTS_SHOWN]],
        "chosen": contest,
        "tree": tree,
        "precincts": tree.precincts[:_BRANCHES_SHOWN],
    }
    return desk.show(request, "results.html", values)


@get("/elections/audits/{folder:str}", opt=_READERS)
@in_thread
def show_audit(request: Asking, desk: AtDesk, folder: FromPath[str]) -> Response[str]:
    """Show the risk so far, the cards left and the discrepancies of an audit."""
    values = {"folder": folder, "audit": desk.elections.audit(folder)}
    return desk.show(request, "audit.html", values)


@get("/elections/audits/{folder:str}/rounds/{round_number:int}", opt=_READERS)
@in_thread
def show_sample(
    request: Asking, desk: AtDesk, folder: FromPath[str], round_number: FromPath[int]
) -> Response[str]:
    """Show the cards of one round, for printing."""
    values = {"folder": folder, "sample": desk.elections.sample(folder, round_number)}
    return desk.show(request, "sample.html", values)


@get("/elections/rolls/{folder:str}", opt=_READERS)
@in_thread
def show_rolls(request: Asking, desk: AtDesk, folder: FromPath[str]) -> Response[str]:
    """Show the signals of a roll and the power of its checks; no row of it."""
    values = {"folder": folder, "rolls": desk.elections.rolls(folder), "parts_of": parts_of}
    return desk.show(request, "rolls.html", values)


@get("/elections/names/{folder:str}", opt=_READERS)
@in_thread
def show_names(request: Asking, desk: AtDesk, folder: FromPath[str]) -> Response[str]:
    """Show observed names that look like the office's own, and in which way."""
    names = desk.elections.names(folder)
    values = {
        "folder": folder,
        "rows": names.rows[:_NAMES_SHOWN],
        "left_out": max(0, len(names.rows) - _NAMES_SHOWN),
    }
    return desk.show(request, "names.html", values)


ROUTES = (list_folders, show_audit, show_names, show_results, show_rolls, show_sample)
