"""One rival seals garbage to one reader, who shows it to everybody for what it is."""

from dataclasses import dataclass
from secrets import token_bytes

from detente.node.clock import now
from detente.node.exercise.cast import Company, company
from detente.node.exercise.mischief import say_anything
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.speech import warning_content
from detente.node.exercise.stage import Stage
from detente.node.home import Home
from detente.node.publishing import speak_clear
from detente.node.reading import own_entry
from detente.proofs.garbage import prove_garbage
from detente.signing import Role
from detente.statements import (
    UNIT,
    Grant,
    HpkeOpener,
    Position,
    Sealed,
    SealingError,
    Statement,
    Undelivered,
    check_wrap,
    open_content,
    pad_content,
    parse_entry,
    seal_for,
    wrap_hashes,
)
from detente.statements.encryption import ciphertext_hash, encrypt_content
from detente.statements.sealing import WRAP_BYTES, wrap_info
from detente.storage.sealing import HpkeSealer, generate_sealing_secret


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement of the liar's with what travels beside it."""

    statement: Statement
    key: bytes
    ciphertext: bytes
    wraps: dict[str, bytes]


def _run(stage: Stage) -> str:
    unit = company(stage)
    reader = unit.homes["cantor"]
    said = _seal_garbage(unit, stage)
    members = tuple(sorted(unit.charter.member_ids))
    wrap = said.wraps[reader.identity.member]
    check_wrap(said.statement.header, members, reader.identity.member, wrap)
    delivered = _opens(reader, said, wrap)
    rival = unit.homes[stage.victim]
    rival_reads = _opens(rival, said, said.wraps[rival.identity.member])
    secret = generate_sealing_secret()
    complaint = _complain(reader, said, secret)
    garbage = _answer(unit, stage, said, complaint, token_bytes(32))
    honest = _answer(unit, stage, said, complaint, said.key)
    shown = _verify(stage, "garbage", said, complaint, garbage, secret)
    framed = _verify(stage, "framed", said, complaint, honest, secret)
    return facts(
        wrap_is_the_one_named=True,
        observer_can_read=delivered,
        rival_can_read=rival_reads,
        shown_to_everybody=shown.get("valid"),
        kind=shown.get("kind"),
        accused_is_the_sealer=shown.get("accused") == unit.homes[stage.hostile].identity.member,
        good_answer_shown_as_garbage=framed.get("valid"),
    )


def _seal_garbage(unit: Company, stage: Stage) -> _Said:
    """Say a warning whose key is sealed rightly to one reader and wrongly to the observer."""
    liar, observer = unit.homes[stage.hostile], unit.homes["cantor"]
    content = warning_content(liar, "203.0.113.66", "for some eyes only")
    padded, key = pad_content(content.to_bytes()), token_bytes(32)
    ciphertext = encrypt_content(key, padded)
    readers = {
        each.id: each.keys.sealing
        for each in unit.charter.members
        if each.id != liar.identity.member
    }
    wraps: dict[str, bytes] = {}

    def say(position: Position) -> Sealed:
        commitment = content.commitment(position)
        wraps.update(
            seal_for(
                readers, key=key, position=position, commitment=commitment, sealer=HpkeSealer()
            )
        )
        wraps[observer.identity.member] = token_bytes(WRAP_BYTES)
        return Sealed(
            audience=UNIT,
            commitment=commitment,
            ciphertext=ciphertext_hash([ciphertext]),
            size=len(padded),
            wraps=wrap_hashes(wraps),
        )

    _acknowledged, entry = say_anything(unit, stage.hostile, say)
    unit.cosign(stage.hostile)
    return _Said(parse_entry(entry), key, ciphertext, wraps)


def _opens(home: Home, said: _Said, wrap: bytes) -> bool:
    try:
        open_content(
            said.statement.header,
            reader=home.identity.member,
            wrap=wrap,
            ciphertext=said.ciphertext,
            opener=home.keys.opener_of(home.card.keys.sealing),
        )
    except SealingError:
        return False
    return True


def _complain(reader: Home, about: _Said, secret: bytes) -> bytes:
    """Say `undelivered` with a one-time key, and return the entry."""
    clear = Undelivered(about.statement.payload_hash, HpkeOpener(secret).public_key).to_clear()
    body = clear.body
    assert isinstance(body, dict)  # noqa: S101 - made by to_clear
    said = speak_clear(reader, clear.kind, body, now=now, role=Role.STATEMENT)
    return own_entry(reader, said.origin, said.seq)


def _answer(unit: Company, stage: Stage, said: _Said, complaint: bytes, key: bytes) -> bytes:
    """Log an answer to the complaint that seals this key, right or wrong."""
    complained = parse_entry(complaint)
    header, reader = said.statement.header, complained.header.issuer
    wrap = HpkeSealer().seal(
        public_key=Undelivered.parse(complained.clear).key,
        info=wrap_info(header.position, said.statement.sealed.commitment, reader),
        plaintext=key,
    )
    grant = Grant(
        statement=said.statement.payload_hash,
        reader=reader,
        complaint=complained.payload_hash,
        wrap=wrap,
    )
    _acknowledged, entry = say_anything(unit, stage.hostile, lambda _position: grant.to_clear())
    return entry


def _verify(
    stage: Stage, name: str, said: _Said, complaint: bytes, answer: bytes, secret: bytes
) -> dict[str, object]:
    proof = prove_garbage(
        statement=said.statement.to_entry(),
        complaint=complaint,
        delivery=answer,
        ciphertext=said.ciphertext,
        secret=secret,
    )
    file = stage.keep(f"{name}.proof", proof.to_bytes())
    chain = stage.keep("unit.chain", company(stage).chain_file("cantor").read_bytes())
    return stage.detente("proof", "verify", file, "--policy", chain, "--json").document or {}


SCENE = Scene(
    name="garbage",
    story="One reader gets garbage, complains with a one-time key, and shows it to everybody.",
    expected=facts(
        wrap_is_the_one_named=True,
        observer_can_read=False,
        rival_can_read=True,
        shown_to_everybody=True,
        kind="garbage",
        accused_is_the_sealer=True,
        good_answer_shown_as_garbage=False,
    ),
    run=_run,
)
