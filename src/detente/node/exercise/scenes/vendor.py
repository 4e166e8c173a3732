"""Letters in a vendor's name reach 122 officials; both rivals find them by one attachment."""

import random
from pathlib import Path

import orjson

from detente.node.clock import now
from detente.node.exercise.election_days import (
    GUIDE,
    LOOK_ALIKE,
    OFFICIALS,
    VENDOR_DOMAIN,
    mail_days,
)
from detente.node.exercise.network import network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage


def _run(stage: Stage) -> str:
    unit = network(stage)
    first, other = stage.victim, stage.hostile
    chance = random.Random(stage.seed)  # noqa: S311 - the story's dice
    found = {}
    for name in (first, other):
        log = stage.keep(f"{name}-mail.log", mail_days(chance, now(), name))
        found[name] = _false_sender(stage, log, name)
    ours = stage.keep("ours.txt", f"{VENDOR_DOMAIN}\n".encode())
    seen = stage.keep("senders.txt", f"{LOOK_ALIKE}\n".encode())
    names = ("elections", "names", "scan", "--protect", ours, "--observed", seen, "--json")
    look_alike = stage.detente(*names)
    attachments = found[first].get("attachments")
    common = attachments[0] if isinstance(attachments, list) and attachments else ""
    words = ("indicators", "detected", str(common), "--tlp", "green")
    said = unit.ask(first, *words).text("id")
    heard = patiently(lambda: unit.has(other, said))
    why = unit.ask(other, "indicators", "why", str(common))
    stage.keep("why.json", orjson.dumps(why.document))
    return facts(
        officials_reached=sum(_count(each) for each in found.values()),
        look_alike_of_the_vendor=look_alike.text("class"),
        same_attachment_at_both=common == GUIDE and found[other].get("attachments") == [GUIDE],
        said_and_heard=heard,
        alerts_at_the_other=why.text("level") == "alerting",
        innocent_cause_given=all(each.get("innocent") for each in found.values()),
        called_an_attack=any("attack" in str(each).lower() for each in found.values()),
        letters_left_an_office=f"official{OFFICIALS - 1}@" in str(why.document),
    )


def _false_sender(stage: Stage, log: Path, name: str) -> dict[str, object]:
    told = stage.detente("elections", "systems", "scan", "--events", log, "--json").document or {}
    stage.keep(f"{name}-findings.json", orjson.dumps(told))
    rows = told.get("findings")
    signs = rows if isinstance(rows, list) else []
    return next((row for row in signs if row["sign"] == "trusted_name_elsewhere"), {})


def _count(finding: dict[str, object]) -> int:
    count = finding.get("count")
    return count if isinstance(count, int) else 0


SCENE = Scene(
    name="vendor",
    story="Somebody writes in a vendor's name to 122 officials; one attachment joins both rivals.",
    expected=facts(
        officials_reached=2 * OFFICIALS,
        look_alike_of_the_vendor="homoglyph",
        same_attachment_at_both=True,
        said_and_heard=True,
        alerts_at_the_other=True,
        innocent_cause_given=True,
        called_an_attack=False,
        letters_left_an_office=False,
    ),
    run=_run,
)
