"""A charter as bytes: strict reading, and the rules one version must keep by itself.

What a version owes to the one before it is in `succession`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from detente.charter.errors import CharterFormatError
from detente.charter.fields import Fields
from detente.charter.model import (
    ASSETS_MAX,
    CHARTER_BYTES_MAX,
    MEMBERS_MAX,
    NAME_CHARACTERS_MAX,
    WITNESSES_MAX,
    AssetKind,
    Charter,
    KeySlot,
    Member,
    MemberKeys,
    OutsideWitness,
    Quota,
    RegisteredAsset,
)
from detente.charter.names import check_name, check_names_differ, check_plain_text
from detente.charter.quorum import require_safe
from detente.signing import (
    JsonError,
    JsonLimits,
    JsonValue,
    KeyAdmissionError,
    admit_ed25519,
    admit_mldsa44,
    admit_sealing_key,
    parse_canonical,
)

_LIMITS = JsonLimits(size_bytes=CHARTER_BYTES_MAX, depth=8, values=32_768)
_CHARTER = frozenset(
    ("v", "version", "unit", "previous", "name", "exercise", "created", "expires", "f")
) | {"checkpoint_seconds", "members", "witnesses", "quota", "assets"}
_MEMBER = frozenset(("id", "nonce", "name", "operator", "log", "epoch", "keys"))
_KEYS = frozenset(slot.value for slot in KeySlot) | {"recovery_hash"}
_WITNESS = frozenset(("name", "ed25519", "mldsa44"))
_QUOTA = frozenset(("statements", "size_bytes"))
_ASSET = frozenset(("owner", "kind", "value"))
_WITNESS_NAME_MAX = 255
_ASSET_CHARACTERS_MAX = 2_048
_CHECKPOINT_SECONDS_MAX = 60  # trust.md, section 7
_MEMBERS_MIN = 2
_MLDSA44_BYTES = 1_312


def parse_charter(data: bytes) -> Charter:
    """Read a charter and check every rule that one version must keep by itself.

    Raises:
        CharterFormatError: not the canonical form, an unknown field, a bound exceeded,
            a key used twice, a weak key.
        NameRefused: a name that hides something or resembles another.
        UnsafeUnit: it could not be safe for its f.
    """
    try:
        charter = _charter(parse_canonical(data, _LIMITS))
    except JsonError as error:
        raise CharterFormatError(f"a charter is canonical JSON: {error}") from None
    check_charter(charter)
    return charter


def check_charter(charter: Charter) -> None:
    """Check the rules one version must keep by itself; raises as `parse_charter`."""
    if not _MEMBERS_MIN <= len(charter.members) <= MEMBERS_MAX:
        raise CharterFormatError(f"a unit has 2 to 64 members, this one {len(charter.members)}")
    if (charter.version == 1) != (charter.unit is None) or (charter.unit is None) != (
        charter.previous is None
    ):
        raise CharterFormatError(
            f"version {charter.version}: the first names no unit and no previous digest,"
            " every other names both"
        )
    if charter.expires <= charter.created:
        raise CharterFormatError("a charter expires after it was created")
    require_safe(charter)
    _check_order(charter)
    _check_names(charter)
    _check_keys(charter)


def _check_order(charter: Charter) -> None:
    _ascending("members", [(member.id,) for member in charter.members])
    _ascending("witnesses", [(witness.name,) for witness in charter.witnesses])
    _ascending("assets", [(a.owner, a.kind.value, a.value) for a in charter.assets])
    _unique("log", (member.log for member in charter.members))
    if strangers := {asset.owner for asset in charter.assets} - charter.member_ids:
        raise CharterFormatError(f"an asset is registered for {min(strangers)}, who is no member")


def _ascending(what: str, keys: Sequence[tuple[str, ...]]) -> None:
    if any(left >= right for left, right in pairwise(keys)):
        raise CharterFormatError(f"{what} stand in ascending order, none twice")


def _unique(what: str, values: Iterable[str]) -> None:
    value, count = Counter(values).most_common(1)[0]
    if count > 1:
        raise CharterFormatError(f"{what} {value[:80]} stands {count} times in one charter")


def _check_names(charter: Charter) -> None:
    check_name(charter.name)
    check_names_differ([member.name for member in charter.members], what="member")
    # Shells of one owner would be several votes of one voter (attack A44).
    stated = [member.operator for member in charter.members if member.operator]
    check_names_differ(stated, what="operator")
    for witness in charter.witnesses:
        _check_witness_name(witness.name)
    for asset in charter.assets:
        check_plain_text(asset.value, what="asset")


def _check_witness_name(name: str) -> None:
    # C2SP signed-note key names: no space, no "+"; here ASCII only, as nobody reads them aloud
    if not name or not all("!" <= character <= "~" for character in name) or "+" in name:
        raise CharterFormatError(
            f"a witness name is printable ASCII without space or '+', not {name[:60]!r}"
        )


def _check_keys(charter: Charter) -> None:
    keys = [
        (member.keys.key(slot), slot, member.name) for member in charter.members for slot in KeySlot
    ]
    for witness in charter.witnesses:
        keys.append((witness.ed25519, KeySlot.WITNESS, witness.name))
        if witness.mldsa44 is not None:
            keys.append((witness.mldsa44, KeySlot.WITNESS_MLDSA44, witness.name))
    # One key, one role, one holder: a shared key would vote or cosign for two.
    _unique("key", (key.hex() for key, _, _ in keys))
    _unique("recovery hash", (member.keys.recovery_hash for member in charter.members))
    for key, slot, holder in keys:
        try:
            admit_slot(slot, key)
        except CharterFormatError as error:
            raise CharterFormatError(f"{holder}: {error}") from None


def admit_slot(slot: KeySlot, key: bytes) -> None:
    """Refuse a weak or malformed key; possession is proved at founding and admission.

    Raises:
        CharterFormatError: wrong length, small order, not canonical, not a key.
    """
    if len(key) != slot.key_bytes:
        raise CharterFormatError(f"a {slot.value} key has {slot.key_bytes} bytes, not {len(key)}")
    try:
        if slot is KeySlot.SEALING:
            admit_sealing_key(key)
        elif slot.key_bytes == _MLDSA44_BYTES:
            admit_mldsa44(key)
        else:
            admit_ed25519(key)
    except KeyAdmissionError as error:
        raise CharterFormatError(f"{slot.value} key: {error}") from None


def _charter(value: JsonValue) -> Charter:
    read = Fields(value, what="charter", names=_CHARTER)
    read.integer("v", least=1, most=1)
    return Charter(
        version=read.integer("version", least=1),
        unit=read.optional_hex("unit", length=32),
        previous=read.optional_hex("previous", length=32),
        name=read.text("name", characters=NAME_CHARACTERS_MAX),
        exercise=read.flag("exercise"),
        created=read.time("created"),
        expires=read.time("expires"),
        f=read.integer("f", most=MEMBERS_MAX),
        checkpoint_seconds=read.integer(
            "checkpoint_seconds", least=1, most=_CHECKPOINT_SECONDS_MAX
        ),
        members=read.each("members", parse_member, most=MEMBERS_MAX),
        witnesses=read.each("witnesses", _witness, most=WITNESSES_MAX),
        quota=_quota(read.value("quota")),
        assets=read.each("assets", _asset, most=ASSETS_MAX),
    )


def parse_member(value: JsonValue) -> Member:
    """Read the JSON object `Member.to_json` writes; raises CharterFormatError."""
    read = Fields(value, what="member", names=_MEMBER)
    return Member(
        id=read.hexadecimal("id", length=32),
        nonce=read.raw("nonce", length=32),
        name=read.text("name", characters=NAME_CHARACTERS_MAX),
        operator=read.text("operator", characters=NAME_CHARACTERS_MAX),
        log=read.hexadecimal("log", length=16),
        epoch=read.integer("epoch", least=1),
        keys=parse_keys(read.value("keys")),
    )


def parse_keys(value: JsonValue) -> MemberKeys:
    """Read the JSON object `MemberKeys.to_json` writes; lengths only, strength is admission's.

    Raises:
        CharterFormatError: another form.
    """
    read = Fields(value, what="keys", names=_KEYS)
    raw = {slot.value: read.raw(slot.value, length=slot.key_bytes) for slot in KeySlot}
    return MemberKeys(recovery_hash=read.hexadecimal("recovery_hash", length=32), **raw)


def _witness(value: JsonValue) -> OutsideWitness:
    read = Fields(value, what="outside witness", names=_WITNESS)
    second = read.optional_hex("mldsa44", length=1_312)
    return OutsideWitness(
        name=read.text("name", characters=_WITNESS_NAME_MAX),
        ed25519=read.raw("ed25519", length=32),
        mldsa44=None if second is None else bytes.fromhex(second),
    )


def _quota(value: JsonValue) -> Quota:
    read = Fields(value, what="quota", names=_QUOTA)
    return Quota(
        statements=read.integer("statements", least=1),
        size_bytes=read.integer("size_bytes", least=65_535),
    )


def _asset(value: JsonValue) -> RegisteredAsset:
    read = Fields(value, what="asset", names=_ASSET)
    kind = read.text("kind", characters=32)
    if kind not in {known.value for known in AssetKind}:
        raise CharterFormatError(f"an asset kind is one of {[k.value for k in AssetKind]}")
    return RegisteredAsset(
        owner=read.hexadecimal("owner", length=32),
        kind=AssetKind(kind),
        value=read.text("value", characters=_ASSET_CHARACTERS_MAX),
    )
