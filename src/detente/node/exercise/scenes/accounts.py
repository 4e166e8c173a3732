"""The ledger after one walked out: what was given and got stays, and an overseer sees it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import orjson

from detente.node.accounting import Accounting
from detente.node.acting import Acting
from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.circle import has_left
from detente.node.clock import now
from detente.node.cosigning import member_cosigner
from detente.node.exercise.cast import draft_charter, nodes
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.speech import warn
from detente.node.exercise.stage import Stage
from detente.node.founding import accept_offer, apply_founding
from detente.node.holdings import HomeHoldings
from detente.node.home import Home
from detente.node.leaving import leave
from detente.node.outward import HomeOutward
from detente.node.overseeing import overseers_file
from detente.node.receiving import Receiver
from detente.node.responding import Responder
from detente.proofs.chain import parse_chain
from detente.proofs.cosigners import log_verifiers
from detente.response import Sort, precision, question_of
from detente.signing import format_time


def _run(stage: Stage) -> str:
    with _unit(stage) as homes:
        return _play(stage, homes)


def _play(stage: Stage, homes: dict[str, Home]) -> str:
    stayer, leaver = homes[stage.victim], homes[stage.hostile]
    said = [warn(leaver, f"203.0.113.{70 + at}", "probes") for at in range(2)]
    warn(leaver, "203.0.113.79", "for another", audience=(homes["cantor"].identity.member,))
    warn(stayer, "203.0.113.80", "scans")
    responder = Responder(stayer, now=now)
    asked = responder.open(
        Sort.QUESTION,
        {
            "title": "Is it yours?",
            "words": "Is 203.0.113.80 yours?",
            "due": format_time(now()),
            "with": [leaver.identity.member],
            "tlp": "amber",
        },
    )
    asyncio.run(_bring(_outward(stayer), stayer, leaver))
    # Its face goes on showing the past; after leaving it could not make one.
    face = _outward(leaver)
    leave(leaver, now=now)
    asyncio.run(_bring(face, leaver, stayer))
    responder.bring_up()
    period = now().strftime("%Y-%m")
    moment = now()
    row = Accounting(stayer, responder).ledger(period, moment)[leaver.identity.member]
    question = question_of(responder.read(asked.thread), {leaver.identity.member})
    file = stage.keep("overseer.json", overseers_file(stayer, responder, moment))
    seen = orjson.loads(file.read_bytes())
    record = {each["id"] for each in seen["record"]}
    chain = parse_chain(stayer.layout.chain.read_bytes())
    return facts(
        left=has_left(leaver) is not None,
        warnings_got=row["warnings got"],
        warnings_given=row["warnings given"],
        withheld_from_us=row["withheld from us"],
        unanswered=row["questions they left unanswered"] == len(question.unanswered),
        precision=precision(row),
        overseer_sees_the_record={each.payload_hash for each in said} <= record,
        overseer_sees_the_charter=seen["unit"] == chain.unit,
        overseer_sees_no_content=b"203.0.113." not in file.read_bytes(),
    )


@contextmanager
def _unit(stage: Stage) -> Iterator[dict[str, Home]]:
    """Found a unit of its own: the one of the other scenes goes on."""
    with nodes(stage.directory / "ledger") as homes:
        document = draft_charter(homes, (), "Ledger unit").to_bytes()
        answers = [accept_offer(home, document) for home in homes.values()]
        for home in homes.values():
            apply_founding(home, document, answers, now())
            Acting(home, now=now).bring_up()
        yield homes


async def _bring(outward: HomeOutward, source: Home, target: Home) -> None:
    bundle = BytesIO()
    export_bundle(source, outward, bundle, reader=target.identity.member)
    receiver = Receiver(HomeHoldings(target, now=now, stopped=lambda _why: None), now=now)
    face = open_bundle(BytesIO(bundle.getvalue()), file="bundle")
    await take_bundle(target, face, receiver, here=_outward(target).read, now=now)


def _outward(home: Home) -> HomeOutward:
    charter = home.charter
    members = () if charter is None else charter.members
    logs = {member.origin: log_verifiers(member) for member in members}
    return HomeOutward(home, member_cosigner(home, mirror=False, logs=logs, now=now))


SCENE = Scene(
    name="ledger",
    story="One walks out; what was given, got and withheld stays, and an overseer sees it.",
    expected=facts(
        left=True,
        warnings_got=2,
        warnings_given=1,
        withheld_from_us=1,
        unanswered=True,
        precision="none judged",
        overseer_sees_the_record=True,
        overseer_sees_the_charter=True,
        overseer_sees_no_content=True,
    ),
    run=_run,
)
