"""A case across the border, from the first warning to the closing report, cut in the middle."""

from functools import partial

from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage
from detente.node.exercise.typed import rows, typed


def _run(stage: Stage) -> str:
    unit = network(stage)
    here, there = stage.victim, stage.hostile
    table = stage.keep("probe.csv", b"type,value,name\nipv4-addr,198.51.100.31,probes\n")
    warning = str(typed(unit, here, "statement publish", file={"path": str(table)})["id"])
    warned = patiently(partial(unit.has, there, warning))
    case = str(
        typed(
            unit,
            here,
            "case open",
            title="Probes of the roll",
            members=[there.title()],
            about=[warning],
        )["thread"]
    )
    reached = patiently(partial(_holds, unit, there, case, 2))
    task = typed(unit, here, "case task", case=case, title="Keep the logs", owner=there.title())
    patiently(partial(_holds, unit, there, case, 3))
    offline = _apart(stage, unit, case, here=here, there=there)
    merged = patiently(lambda: len(_shared(unit, here, case)) >= 6)  # noqa: PLR2004 - 3, 2 and 1
    same = patiently(lambda: _shared(unit, here, case) == _shared(unit, there, case))
    done = {"task": str(task["entry"]), "state": "done"}
    typed(unit, there, "case task", case=case, **done)
    for name in (here, there):
        typed(unit, name, "case close", case=case, outcome="Probes ended; the logs are kept")
    closed = patiently(lambda: all(_is_over(unit, name, case) for name in (here, there)))
    report = stage.keep("closing.html", b"")
    typed(unit, here, "case report", case=case, out={"path": str(report)})
    page = report.read_text()
    shown = typed(unit, there, "case show", case=case)
    return facts(
        warning_and_case_reach_the_other_side=warned and reached,
        both_went_on_while_cut_off=offline,
        same_entries_in_the_same_order=merged and same,
        the_owner_did_its_task=[each["state"] for each in rows(shown, "tasks")] == ["done"],
        innocent_explanation_first=rows(shown, "hypotheses")[0]["innocent"] is True,
        both_closed=closed,
        private_note_only_at_its_node="our own doubts" in str(shown)
        and "our own doubts" not in page,
        closing_report_names_what_was_seen_apart="from the other side" in page,
        the_observer_reads_none_of_it=_holds(unit, "cantor", case, 1) is False,
    )


def _apart(stage: Stage, unit: NetworkUnit, case: str, *, here: str, there: str) -> bool:
    """Cut one node off, let both write, and let it come back."""
    unit.stop(there)
    try:
        alone = unit.ask(there, "case", "add", case, "seen from the other side")
        own = unit.ask(there, "case", "add", case, "our own doubts", "--private")
        typed(unit, here, "case add", case=case, words="two more addresses")
        typed(
            unit, here, "case decide", case=case, decision="block at noon", because="nine sources"
        )
        missing = "other side" not in str(typed(unit, here, "case show", case=case))
    finally:
        unit.start(there)
    return alone.status == 0 and own.status == 0 and missing


def _holds(unit: NetworkUnit, name: str, case: str, entries: int) -> bool:
    found = rows(typed(unit, name, "case list", state=None, limit=100), "cases")
    return any(each["id"] == case and int(str(each["entries"])) >= entries for each in found)


def _shared(unit: NetworkUnit, name: str, case: str) -> list[str]:
    timeline = rows(typed(unit, name, "case show", case=case), "timeline")
    return [str(each["entry"]) for each in timeline if not each["private"]]


def _is_over(unit: NetworkUnit, name: str, case: str) -> bool:
    found = typed(unit, name, "case show", case=case)
    return found["open_at"] == [] and found["state"] == "closed"


SCENE = Scene(
    name="joint-case",
    story="Two rivals work one case, are cut off from each other in the middle, and close it.",
    expected=facts(
        warning_and_case_reach_the_other_side=True,
        both_went_on_while_cut_off=True,
        same_entries_in_the_same_order=True,
        the_owner_did_its_task=True,
        innocent_explanation_first=True,
        both_closed=True,
        private_note_only_at_its_node=True,
        closing_report_names_what_was_seen_apart=True,
        the_observer_reads_none_of_it=True,
    ),
    run=_run,
)
