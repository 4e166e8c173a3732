"""Real HPKE behind the ports: readers open, nobody else does. (docs/threats.md: A36, A38)"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.statements import (
    UNIT,
    Delivered,
    Entropy,
    Garbage,
    Grant,
    Header,
    HpkeOpener,
    Position,
    Sealed,
    SealingError,
    Undelivered,
    ciphertext_hash,
    encrypt_content,
    make_content,
    open_content,
    pad_content,
    seal_for,
    show_delivery,
    wrap_hashes,
    wrap_info,
)
from detente.statements.sealing import SEALING_KEY_BYTES, WRAP_BYTES
from detente.storage.sealing import HpkeSealer, generate_sealing_secret
from tests.core.statements.makers import (
    AUREL,
    BOREA,
    CALDA,
    THE_UNIT,
    CountingEntropy,
    handling,
    sealed_header,
)

HERE = Position(unit=THE_UNIT, issuer=AUREL, epoch=1, seq=7)
SEALER = HpkeSealer()
SECRETS = {reader: generate_sealing_secret() for reader in (BOREA, CALDA)}
OPENERS = {reader: HpkeOpener(secret) for reader, secret in SECRETS.items()}
ENTROPY: Entropy = CountingEntropy(5)
KEY = ENTROPY.draw(32)
CONTENT = make_content([b'{"a":1}'], handling(1).to_bytes(), ENTROPY)
PADDED = pad_content(CONTENT.to_bytes())
CIPHERTEXT = encrypt_content(KEY, PADDED)
WRAPS = seal_for(
    {reader: opener.public_key for reader, opener in OPENERS.items()},
    key=KEY,
    position=HERE,
    commitment=CONTENT.commitment(HERE),
    sealer=SEALER,
)
HEADER: Header = sealed_header(
    says=Sealed(
        audience=UNIT,
        commitment=CONTENT.commitment(HERE),
        ciphertext=ciphertext_hash([CIPHERTEXT]),
        size=len(PADDED),
        wraps=wrap_hashes(WRAPS),
    )
)


@pytest.mark.parametrize("reader", [BOREA, CALDA])
def test_every_reader_opens_the_content_with_its_own_key(reader):
    wrap, opener = WRAPS[reader], OPENERS[reader]
    assert len(wrap) == WRAP_BYTES
    assert len(opener.public_key) == SEALING_KEY_BYTES
    opened = open_content(HEADER, reader=reader, wrap=wrap, ciphertext=CIPHERTEXT, opener=opener)
    assert opened == CONTENT


def test_a_wrap_for_one_reader_opens_for_no_other():
    info = wrap_info(HERE, CONTENT.commitment(HERE), BOREA)
    with pytest.raises(SealingError):
        OPENERS[CALDA].open(info=info, sealed=WRAPS[BOREA])


def test_a_wrap_moved_to_another_place_does_not_open():
    elsewhere = Position(unit=THE_UNIT, issuer=AUREL, epoch=1, seq=8)
    with pytest.raises(SealingError):
        OPENERS[BOREA].open(
            info=wrap_info(elsewhere, CONTENT.commitment(HERE), BOREA), sealed=WRAPS[BOREA]
        )


@settings(max_examples=25)
@given(place=st.integers(0, WRAP_BYTES - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_of_a_wrap_does_not_open(place, bit):
    wrap = bytearray(WRAPS[BOREA])
    wrap[place] ^= 1 << bit
    info = wrap_info(HERE, CONTENT.commitment(HERE), BOREA)
    with pytest.raises(SealingError):
        OPENERS[BOREA].open(info=info, sealed=bytes(wrap))


@settings(max_examples=25)
@given(junk=st.binary(max_size=1300))
def test_junk_does_not_open_and_gives_no_traceback(junk):
    with pytest.raises(SealingError):
        OPENERS[BOREA].open(info=b"", sealed=junk)


@pytest.mark.parametrize("key", [b"", bytes(1215), b"\xff" * 1216], ids=["none", "short", "no key"])
def test_nothing_is_sealed_to_what_is_no_key(key):
    with pytest.raises(SealingError):
        SEALER.seal(public_key=key, info=b"", plaintext=KEY)


@pytest.mark.parametrize("length", [0, 32, 95, 97])
def test_a_secret_of_another_length_is_refused(length):
    with pytest.raises(SealingError, match="96 bytes"):
        HpkeOpener(bytes(length))


@pytest.mark.parametrize(("told", "verdict"), [(KEY, Delivered), (bytes(32), Garbage)])
def test_the_one_time_secret_shows_what_the_issuer_answered(told, verdict):
    one_time = HpkeOpener(generate_sealing_secret())
    info = wrap_info(HERE, CONTENT.commitment(HERE), BOREA)
    wrap = SEALER.seal(public_key=one_time.public_key, info=info, plaintext=told)
    shown = show_delivery(
        HEADER,
        Undelivered(statement="00" * 32, key=one_time.public_key),
        Grant(statement="00" * 32, reader=BOREA, complaint="11" * 32, wrap=wrap),
        ciphertext=CIPHERTEXT,
        opener=one_time,
    )
    assert isinstance(shown, verdict)
