"""What a hostile member does with its real keys, and what people at the honest nodes are told.

Nothing here goes through the gate or the checks of the shipped author: it signs whatever
it is given.
"""

import json
from secrets import token_bytes

from click.testing import CliRunner

from detente.charter import KeySlot
from detente.cli.main import root
from detente.exchange.protocol.paths import cosigned_path
from detente.node.author import header_at
from detente.node.clock import now
from detente.node.entropy import SystemEntropy
from detente.signing import Role
from detente.statements import (
    UNIT,
    Clear,
    Kind,
    Pap,
    Position,
    Sealed,
    Tlp,
    make_content,
    pad_content,
    seal_for,
    sign_statement,
    wrap_hashes,
)
from detente.statements.encryption import encrypt_content
from detente.statements.handling import Handling
from detente.statements.sealing import WRAP_BYTES
from detente.statements.stix import encode_object, identity_of
from detente.storage.sealing import HpkeSealer
from detente.tlog import KeyType, NoteSigner, SignedNote

SLOTS = {Role.STATEMENT: KeySlot.STATEMENT, Role.GOVERNANCE: KeySlot.GOVERNANCE}


def handled(kind=Kind.INDICATOR, *, count=1, tlp=Tlp.AMBER, about=()):
    """Return leaf 0."""
    return Handling(
        kind=kind, tlp=tlp, pap=Pap.AMBER, licence="CC0-1.0", count=count, about=tuple(about)
    )


def spoken(liar, seq, says, *, role=Role.STATEMENT, charter=None, epoch=1, time=None):
    """Return an entry that says anything at any place, signed with the real key."""
    position = Position(unit=liar.charter.unit_id, issuer=liar.member, epoch=epoch, seq=seq)
    header = header_at(charter or liar.charter.digest, position, says, time or now())
    return sign_statement(header, liar.home.signer(SLOTS[role]), role).to_entry()


def clear(liar, kind, body, *, role=Role.GOVERNANCE, **how):
    """Return a maker of an entry with a clear body."""
    return lambda seq: spoken(liar, seq, Clear.of(kind, body), role=role, **how)


def sealed(liar, objects, handling=None, *, to=UNIT, garbage_for=(), keep=None, keys=None, **how):
    """Return a maker of an entry that seals any objects under any label to anybody.

    Who is in `garbage_for` gets a wrap that opens to nothing; what travels beside the entry
    is kept where the faces find it, the content in `keep` and its key in `keys`, by place.
    """

    def make(seq):
        leaf = (handling or handled(count=len(objects))).to_bytes()
        content = make_content(objects, leaf, SystemEntropy())
        if keep is not None:
            keep[seq] = content
        padded, key = pad_content(content.to_bytes()), token_bytes(32)
        if keys is not None:
            keys[seq] = key
        ciphertext = encrypt_content(key, padded)
        readers = {
            each.id: each.keys.sealing
            for each in liar.charter.members
            if each.id != liar.member and (to == UNIT or each.id in to)
        }
        position = Position(
            unit=liar.charter.unit_id, issuer=liar.member, epoch=how.get("epoch", 1), seq=seq
        )
        commitment = content.commitment(position)
        wraps = seal_for(
            readers, key=key, position=position, commitment=commitment, sealer=HpkeSealer()
        )
        wraps |= {member: token_bytes(WRAP_BYTES) for member in garbage_for}
        liar.home.blobs.put_many(list(wraps.values()))
        says = Sealed(
            audience=to,
            commitment=commitment,
            ciphertext=liar.home.blobs.put(ciphertext),
            size=len(padded),
            wraps=wrap_hashes(wraps),
        )
        return spoken(liar, seq, says, **how)

    return make


def made(member, kind, **properties):
    """Return the bytes of a STIX object of this member, with any properties."""
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    raw = token_bytes(16).hex()
    every = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
    }
    return encode_object({**every, **properties}).raw


def indicator_of(member, pattern, **properties):
    """Return the bytes of an indicator with any pattern, STIX where nothing else is said."""
    every = {
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "indicator_types": ["malicious-activity"],
    }
    return made(member, "indicator", **{**every, **properties})


def named(member, domain, **properties):
    """Return an indicator for one domain name."""
    return indicator_of(member, f"[domain-name:value = '{domain}']", **properties)


def note(member, words, **properties):
    """Return the bytes of a note about nothing but its author."""
    every = {"content": words, "object_refs": [identity_of(member)]}
    return made(member, "note", **{**every, **properties})


def typed(node, *words):
    """Type a command beside a running node, without the price of a process for each."""
    return CliRunner().invoke(root, [*map(str, words), "--node", str(node.directory)])


def told(node, *words):
    """Type a command that answers with a document, and return that."""
    done = typed(node, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def why(node, value):
    """Return what a value does at a node and the rules that say so; None where nobody named it."""
    done = typed(node, "indicators", "why", value, "--json")
    if done.exit_code:
        return None
    document = json.loads(done.stdout)
    return document["level"], {each["rule"] for each in document["reasons"]}


def shown_size(node, origin):
    """Return how many entries of a log an honest node has shown with cosignatures."""
    path = node.directory / cosigned_path(origin)
    return int(path.read_bytes().split(b"\n")[1]) if path.exists() else 0


def cosigned_by(liar, node, ago):
    """Return a node's checkpoint with the cosignature of the liar's mirror, of some time ago."""
    tiles = node.directory / "logs" / node.origin / "checkpoint"
    signed = SignedNote.parse(tiles.read_bytes())
    name, moment = f"{liar.home.identity.log}/mirror", int((now() - ago).timestamp())
    signers = [
        NoteSigner.named(name, KeyType.ED25519_COSIGNATURE, liar.home.signer(KeySlot.MIRROR)),
        NoteSigner.named(name, KeyType.MLDSA44, liar.home.signer(KeySlot.MIRROR_MLDSA44)),
    ]
    lines = [each.cosign(signed.text, timestamp=moment) for each in signers]
    return signed.with_lines(lines).to_bytes()
