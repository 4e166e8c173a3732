"""Content is bound to its place and told by nobody else. (docs/threats.md: A14 copied claims)"""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import canonical, leaf_hash, node_hash
from detente.statements import (
    Content,
    ContentError,
    Leaf,
    Position,
    Sealed,
    check_commitment,
    ciphertext_size,
    decrypt_chunks,
    decrypt_content,
    encrypt_chunks,
    encrypt_content,
    make_content,
    pad_content,
    padme,
)
from tests.core.statements.makers import (
    AUREL,
    BOREA,
    OTHER_UNIT,
    THE_UNIT,
    CountingEntropy,
    handling,
    indicator,
    sealed_header,
    small_content,
)

HERE = Position(unit=THE_UNIT, issuer=AUREL, epoch=1, seq=7)
KEY = bytes(range(32))
salts = st.binary(min_size=32, max_size=32)
contents = st.builds(
    Content,
    salt=salts,
    leaves=st.lists(
        st.builds(Leaf, salt=salts, data=st.binary(max_size=200)), min_size=1, max_size=9
    ).map(tuple),
)


def sealed_as(commitment: str) -> Sealed:
    return replace(sealed_header().says, commitment=commitment)


@given(content=contents, padded=st.booleans())
def test_content_reads_back_as_it_was_written_padded_or_not(content, padded):
    data = content.to_bytes()
    assert Content.parse(pad_content(data) if padded else data) == content


@given(content=contents, cut=st.integers(1, 60))
def test_content_that_was_cut_off_is_refused(content, cut):
    data = content.to_bytes()
    with pytest.raises(ContentError):
        Content.parse(data[: max(0, len(data) - cut)])


@given(content=contents, tail=st.binary(min_size=1, max_size=40).filter(any))
def test_padding_holds_nothing(content, tail):
    with pytest.raises(ContentError, match="zero padding"):
        Content.parse(content.to_bytes() + tail)


@given(junk=st.binary(max_size=300))
def test_junk_is_refused_without_a_traceback(junk):
    try:
        Content.parse(junk)
    except ContentError:
        return
    assert len(junk) >= 76


def test_a_count_beyond_a_million_is_refused_before_anything_is_read():
    with pytest.raises(ContentError, match="leaves"):
        Content.parse(bytes(32) + (2**20 + 2).to_bytes(8) + bytes(100))


def test_a_leaf_beyond_64_kib_is_refused_before_it_is_read():
    head = bytes(32) + (1).to_bytes(8)
    with pytest.raises(ContentError, match="65,536"):
        Content.parse(head + (65_537).to_bytes(4) + bytes(40))


def test_the_serialisation_is_the_one_of_trust_md():
    content = Content(salt=b"s" * 32, leaves=(Leaf(b"a" * 32, b"one"), Leaf(b"b" * 32, b"three")))
    assert content.to_bytes() == (
        b"s" * 32
        + (2).to_bytes(8)
        + (3).to_bytes(4) + b"a" * 32 + b"one"
        + (5).to_bytes(4) + b"b" * 32 + b"three"
    )  # fmt: skip


def test_the_commitment_is_the_one_of_trust_md():
    content = Content(salt=b"s" * 32, leaves=(Leaf(b"a" * 32, b"one"), Leaf(b"b" * 32, b"three")))
    root = node_hash(leaf_hash(b"a" * 32 + b"one"), leaf_hash(b"b" * 32 + b"three"))
    expected = sha256(
        b"detente commitment v1"
        + b"s" * 32
        + bytes.fromhex(THE_UNIT)
        + bytes.fromhex(AUREL)
        + (1).to_bytes(8)
        + (7).to_bytes(8)
        + (2).to_bytes(8)
        + root
    ).hexdigest()
    assert content.commitment(HERE) == expected


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, issuer=BOREA),
        replace(HERE, unit=OTHER_UNIT),
        replace(HERE, epoch=2),
        replace(HERE, seq=8),
    ],
    ids=["another member", "another unit", "another epoch", "another position"],
)
def test_a_commitment_copied_to_another_place_is_refused(elsewhere):
    content = small_content()
    copied = sealed_as(content.commitment(HERE))
    check_commitment(content, copied, HERE)
    with pytest.raises(ContentError, match="commitment"):
        check_commitment(content, copied, elsewhere)


@given(content=contents, data=st.data())
def test_other_content_does_not_fit_a_commitment(content, data):
    raw = bytearray(content.to_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ContentError):
        check_commitment(Content.parse(bytes(raw)), sealed_as(content.commitment(HERE)), HERE)


def test_every_leaf_has_a_salt_of_its_own():
    objects = [canonical(indicator(number)) for number in (1, 2, 3)]
    content = make_content(objects, handling(3).to_bytes(), CountingEntropy())
    assert [leaf.data for leaf in content.leaves[1:]] == objects
    assert len({content.salt, *(leaf.salt for leaf in content.leaves)}) == 5


@pytest.mark.parametrize("objects", [[], [b"x" * 65_537]], ids=["none", "one too long"])
def test_content_that_nobody_could_read_is_not_made(objects):
    with pytest.raises(ContentError):
        make_content(objects, handling(1).to_bytes(), CountingEntropy())


@given(size=st.integers(0, 2**32))
def test_padded_sizes_cost_at_most_twelve_per_cent_and_are_stable(size):
    padded = padme(size)
    assert size <= padded <= size * 1.12 + 1
    assert padme(padded) == padded


def test_few_sizes_are_left_to_tell_contents_apart():
    assert len({padme(size) for size in range(1_000, 100_000)}) < 160


@given(data=st.binary(max_size=5_000), part=st.integers(1, 700))
def test_encryption_gives_back_what_went_in_however_it_arrives(data, part):
    ciphertext = encrypt_content(KEY, data)
    parts = [ciphertext[at : at + part] for at in range(0, len(ciphertext), part)]
    assert b"".join(decrypt_chunks(KEY, parts)) == data
    assert len(ciphertext) == ciphertext_size(len(data))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
def test_chunks_meet_at_64_kib_without_an_empty_last_one(size):
    data = CountingEntropy().draw(size)
    ciphertext = encrypt_content(KEY, data)
    assert ciphertext == b"".join(encrypt_chunks(KEY, [data[:70_000], data[70_000:]]))
    assert len(ciphertext) == ciphertext_size(size)
    assert decrypt_content(KEY, ciphertext) == data


def test_the_nonce_is_an_eleven_byte_counter_and_a_last_flag():
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    data = bytes(65_536) + b"end"
    cipher = ChaCha20Poly1305(KEY)
    first = cipher.encrypt(bytes(12), data[:65_536], None)
    last = cipher.encrypt((1).to_bytes(11) + b"\x01", b"end", None)
    assert encrypt_content(KEY, data) == first + last


CIPHERTEXT = encrypt_content(KEY, bytes(150_000))


@pytest.mark.parametrize(
    "changed",
    [
        CIPHERTEXT[:65_552],
        CIPHERTEXT[:-1],
        CIPHERTEXT + b"\0",
        CIPHERTEXT[65_552:131_104] + CIPHERTEXT[:65_552] + CIPHERTEXT[131_104:],
        CIPHERTEXT[65_552:],
        b"",
        CIPHERTEXT[:8],
    ],
    ids=["cut at a chunk", "cut", "extended", "chunks swapped", "first gone", "empty", "short"],
)
def test_a_changed_ciphertext_does_not_open(changed):
    with pytest.raises(ContentError):
        decrypt_content(KEY, changed)


@given(place=st.integers(0, 3_000), bit=st.integers(0, 7))
def test_a_flipped_bit_of_ciphertext_does_not_open(place, bit):
    ciphertext = bytearray(encrypt_content(KEY, bytes(3_000)))
    ciphertext[place] ^= 1 << bit
    with pytest.raises(ContentError):
        decrypt_content(KEY, bytes(ciphertext))


def test_a_key_of_another_length_is_refused():
    with pytest.raises(ContentError, match="32 bytes"):
        encrypt_content(b"short", b"")
