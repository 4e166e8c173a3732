"""A key is stolen: its member suspends and replaces it, and what the thief signs is refused."""

from datetime import timedelta

from detente.charter import KeySlot
from detente.charter.keylife import Receipt, begin
from detente.charter.recovery import receive, settle
from detente.errors import UnitError
from detente.node.author import header_at
from detente.node.catching_up import add_avowal
from detente.node.clock import now
from detente.node.exercise.cast import Company, company
from detente.node.exercise.mischief import statement_signer
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.speech import warn
from detente.node.exercise.stage import Stage
from detente.node.home import Home
from detente.node.keykeeping import rotate, suspend
from detente.node.reading import own_entry
from detente.node.recovering import recover
from detente.proofs.chain import CharterChain, parse_chain
from detente.proofs.judged import judge_entry
from detente.proofs.speech import prove_key_beyond_cut_off
from detente.signing import Role, Signer
from detente.statements import Clear, Position, parse_entry, sign_statement, spoken
from detente.storage.keyfiles import UnlockFile

_WAIT = timedelta(hours=72)
_LATER = 40  # positions beyond anything the victim has said


def _run(stage: Stage) -> str:
    unit = company(stage)
    victim = unit.homes[stage.victim]
    stolen = statement_signer(victim)
    governance = victim.signer(KeySlot.GOVERNANCE)
    before = _entry_of(victim, warn(victim, "198.51.100.10", "before the theft").seq)
    unit.cosign(stage.victim)
    at_first = _chain(victim)
    forged = stage.keep("forged.entry", _forge(unit, stage, stolen)).read_bytes()
    suspension = _entry_of(victim, suspend(victim, [KeySlot.STATEMENT], now=now).seq)
    rotate(victim, [KeySlot.STATEMENT], now=now)
    after = _entry_of(victim, warn(victim, "198.51.100.11", "with the new key").seq)
    chain = _chain(victim)
    file = stage.keep("stolen-key.proof", prove_key_beyond_cut_off(suspension, forged).to_bytes())
    kept = stage.keep("unit.chain", chain.file.to_bytes())
    shown = stage.detente("proof", "verify", file, "--policy", kept, "--json")
    opened, waits, heard_after = _lose_everything(stage, unit, governance)
    return facts(
        thief_believed_before=_counts(forged, at_first),
        thief_believed_after=_counts(forged, chain),
        said_before_the_theft_stands=_counts(before, chain),
        new_key_counts=_counts(after, chain),
        shown_offline=shown.status == 0,
        names_no_culprit="not show who held the key" in shown.text("reason"),
        recovery_opens_epoch=opened,
        others_wait_72_hours=waits,
        thief_of_governance_heard_after=heard_after,
    )


def _lose_everything(stage: Stage, unit: Company, governance: Signer) -> tuple[int, bool, bool]:
    """Recover after the loss of every key in the ring; say whether the thief is still heard."""
    victim = unit.homes[stage.victim]
    layout = victim.layout
    old_epoch = victim.identity.epoch
    said = recover(
        victim,
        layout.recovery,
        UnlockFile(layout.unlock),
        next_recovery=layout.recovery.with_name("recovery-2.key"),
        now=now,
    )
    entry = _entry_of(victim, said.seq)
    stage.keep("recover.entry", entry)
    chain = _chain(victim)
    thief = sign_statement(
        header_at(
            unit.charter.digest,
            _position(unit, victim, epoch=old_epoch, seq=_LATER + 1),
            Clear.of("suspend", {"slots": ["statement"]}),
            now(),
        ),
        governance,
        Role.GOVERNANCE,
    ).to_entry()
    new = _entry_of(victim, warn(victim, "198.51.100.12", "in the new epoch").seq)
    assert _counts(new, chain)  # noqa: S101 - the recovered member speaks
    return said.epoch, _waits(unit, stage, entry), _joins(chain, thief)


def _waits(unit: Company, stage: Stage, entry: bytes) -> bool:
    """Let another member's key history take the recovery, and ask it before and after 72 hours."""
    member = unit.member(stage.victim)
    statement = parse_entry(entry)
    seen = now()
    history = receive(
        begin(unit.charter, member),
        spoken(statement, key=_recovery_key(statement.clear)),
        Receipt(seen=seen, cosigned_size=0),
    )
    early = settle(history, seen + _WAIT - timedelta(seconds=1))
    late = settle(history, seen + _WAIT)
    return (early.epoch, late.epoch) == (member.epoch, member.epoch + 1)


def _recovery_key(says: Clear) -> bytes:
    body = says.body
    return bytes.fromhex(str(body["recovery_key"])) if isinstance(body, dict) else b""


def _forge(unit: Company, stage: Stage, stolen: Signer) -> bytes:
    """Sign, with the stolen key, a denial of everything at a later place of the victim's log."""
    victim = unit.homes[stage.victim]
    position = _position(unit, victim, epoch=victim.identity.epoch, seq=_LATER)
    says = Clear.of("note", {"text": "we take it all back"})
    header = header_at(unit.charter.digest, position, says, now())
    return sign_statement(header, stolen).to_entry()


def _position(unit: Company, home: Home, *, epoch: int, seq: int) -> Position:
    return Position(unit=unit.charter.unit_id, issuer=home.identity.member, epoch=epoch, seq=seq)


def _entry_of(home: Home, seq: int) -> bytes:
    return own_entry(home, home.identity.origin, seq)


def _chain(home: Home) -> CharterChain:
    return parse_chain(home.layout.chain.read_bytes())


def _counts(entry: bytes, chain: CharterChain) -> bool:
    try:
        judge_entry(entry, chain)
    except UnitError:
        return False
    return True


def _joins(chain: CharterChain, entry: bytes) -> bool:
    try:
        add_avowal(chain.file, entry, b"")
    except UnitError:
        return False
    return True


SCENE = Scene(
    name="theft",
    story="A stolen key is suspended and replaced; then everything is lost and recovered.",
    expected=facts(
        thief_believed_before=True,
        thief_believed_after=False,
        said_before_the_theft_stands=True,
        new_key_counts=True,
        shown_offline=True,
        names_no_culprit=True,
        recovery_opens_epoch=2,
        others_wait_72_hours=True,
        thief_of_governance_heard_after=False,
    ),
    run=_run,
)
