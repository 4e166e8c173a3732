"""An audit confirms one contest and sends another to a full count; a stranger checks all of it."""

import json
from datetime import timedelta
from pathlib import Path

from detente.errors import InputError
from detente.node.audits.commitment import commit
from detente.node.audits.conducting import begin_round, enter, enter_count, report
from detente.node.audits.definition import Audit, load_audit
from detente.node.audits.figures import state_of
from detente.node.audits.folder import AuditFolder, printed
from detente.node.audits.logged import COMMITTED, prove_document, say_document
from detente.node.audits.rounds import Round, Seed
from detente.node.clock import now
from detente.node.exercise.cast import Company, company
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage

_CARDS = 2_000
_MAYOR = (("Ann", 1_150), ("Bo", 750), ("", 100))
_SHERIFF = (("Cy", 1_040), ("Di", 960))
_WRONG = 240
"""Cards of the sheriff's contest that say Di, and are recorded as Cy."""
_PUBLISHED = (COMMITTED, "seed", "round-1", "ballots-1", "report-1", "count-1", "report-2")


def _run(stage: Stage) -> str:
    unit, author = company(stage), stage.victim
    folder = AuditFolder(stage.directory / "audit")
    records = _write_files(stage, folder.path)
    audit = load_audit(folder)
    settled = _commit(unit, author, audit)
    early = _refuses_an_early_seed(audit, stage)
    drawn = begin_round(audit, seed=_seed(stage), cards=None, now=now())
    enter(audit, _found(drawn, records), "found.json")
    report(audit)
    first = {name: str(each.outcome) for name, each in state_of(audit).found.items()}
    tally = {"Cy": 1_040 - _WRONG, "Di": 960 + _WRONG}
    enter_count(audit, printed({"contest": "sheriff", "tally": tally}), "count.json")
    report(audit)
    checked, line = _check(unit, stage, folder, author)
    other = _check(unit, stage, folder, stage.hostile)[0]
    changed = _change_a_figure(folder)
    caught = _check(unit, stage, folder, author)[0]
    for name in _PUBLISHED:
        stage.keep(f"{name}.json", folder.read(f"{name}.json"))
    stage.keep("changed-report.json", changed)
    return facts(
        commitment_settled=settled,
        seed_from_before_refused=early,
        mayor=first["mayor"].partition(" by ")[0],
        sheriff=first["sheriff"].partition(":")[0],
        then=line,
        stranger_recomputes_all=checked,
        under_another_policy=other,
        with_one_figure_changed=caught,
    )


def _write_files(stage: Stage, place: Path) -> dict[str, list[str]]:
    """Write the office's public files; return what the paper says, card by card."""
    place.mkdir(parents=True)
    paper: dict[str, list[str]] = {}
    for name, votes in (("mayor", _MAYOR), ("sheriff", _SHERIFF)):
        recorded = [mark for mark, count in votes for _ in range(count)]
        stage.chance.shuffle(recorded)
        rows = "".join(f"card-{number},{mark}\n" for number, mark in enumerate(recorded))
        (place / f"{name}.csv").write_text(f"card,choice\n{rows}")
        paper[name] = recorded
    wrong = [number for number, mark in enumerate(paper["sheriff"]) if mark == "Cy"][:_WRONG]
    paper["sheriff"] = ["Di" if n in set(wrong) else m for n, m in enumerate(paper["sheriff"])]
    contests = [
        {"name": name, "choice": "plurality", "winners": [winner], "records": f"{name}.csv",
         "cards_max": _CARDS // 4}
        for name, winner in (("mayor", "Ann"), ("sheriff", "Cy"))
    ]  # fmt: skip
    document = {"audit": "Exercise county", "rehearsal": True, "contests": contests}
    (place / "audit.json").write_text(json.dumps(document))
    return paper


def _commit(unit: Company, author: str, audit: Audit) -> bool:
    home = unit.homes[author]
    made = commit(audit, now())
    say_document(home, audit.folder, COMMITTED, made.text, rehearsal=True, now=now)
    unit.cosign(author)
    return prove_document(home, audit.folder, COMMITTED, now).settled


def _seed(stage: Stage, *, earlier: bool = False) -> Seed:
    digits = "".join(str(stage.chance.randrange(10)) for _ in range(20))
    shift = timedelta(hours=-1) if earlier else timedelta(seconds=5)
    return Seed(digits, now() + shift, ("Aurel", "Borea"))


def _refuses_an_early_seed(audit: Audit, stage: Stage) -> bool:
    try:
        begin_round(audit, seed=_seed(stage, earlier=True), cards=None, now=now())
    except InputError:
        return True
    return False


def _found(drawn: Round, paper: dict[str, list[str]]) -> bytes:
    ballots = []
    for card in drawn.cards:
        at = int(card.removeprefix("card-"))
        votes = {name: [marks[at]] if marks[at] else [] for name, marks in paper.items()}
        ballots.append({"id": card, "votes": votes})
    return printed({"ballots": ballots})


def _check(unit: Company, stage: Stage, folder: AuditFolder, owner: str) -> tuple[bool, str]:
    """Let a separate process check everything, with the folder and a policy alone."""
    policy = stage.keep(f"{owner}.policy", unit.policy(owner))
    words = ("elections", "audit", "verify", folder.path, "--policy", policy, "--json")
    told = stage.detente(*words)
    contests = (told.document or {}).get("contests")
    line = str(contests[1]["line"]) if isinstance(contests, list) and len(contests) > 1 else ""
    flagged = (told.document or {}).get("rehearsal") is True
    return told.status == 0 and flagged, line


def _change_a_figure(folder: AuditFolder) -> bytes:
    told = json.loads(folder.read("report-2.json"))
    told["contests"][0]["risk"] = 0.001
    changed = printed(told)
    folder.write("report-2.json", changed, again=True)
    return changed


SCENE = Scene(
    name="audit",
    story="An audit confirms the mayor; the sheriff's records are wrong, so all cards are counted.",
    expected=facts(
        commitment_settled=True,
        seed_from_before_refused=True,
        mayor="confirmed",
        sheriff="full hand count",
        then="counted in full: Di won, NOT as reported",
        stranger_recomputes_all=True,
        under_another_policy=False,
        with_one_figure_changed=False,
    ),
    run=_run,
)
