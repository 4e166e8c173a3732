"""Only readers read, and who seals garbage is shown to have done so. (docs/threats.md: A36)"""

from dataclasses import replace
from hashlib import sha256

import pytest

from detente.signing import Role
from detente.statements import (
    UNIT,
    Clear,
    ContentError,
    Delivered,
    Erased,
    Garbage,
    Grant,
    Header,
    HpkeOpener,
    Position,
    Publication,
    Sealed,
    SealingError,
    StatementError,
    Undelivered,
    check_answer,
    check_complaint,
    check_wrap,
    ciphertext_hash,
    encrypt_content,
    open_content,
    pad_content,
    parse_entry,
    readers_of,
    seal_for,
    show_delivery,
    sign_statement,
    wrap_hashes,
    wrap_info,
)
from tests.core.statements.makers import (
    AUREL,
    BOREA,
    CALDA,
    MEMBERS,
    THE_UNIT,
    GlassOpener,
    GlassSealer,
    SeededSigner,
    sealed_header,
    small_content,
)

HERE = Position(unit=THE_UNIT, issuer=AUREL, epoch=1, seq=7)
KEY, OTHER_KEY = bytes(range(32)), bytes(32)
KEYS = {BOREA: b"b" * 1216, CALDA: b"c" * 1216}
CONTENT = small_content()
PADDED = pad_content(CONTENT.to_bytes())
CIPHERTEXT = encrypt_content(KEY, PADDED)
COMMITMENT = CONTENT.commitment(HERE)
WRAPS = seal_for(KEYS, key=KEY, position=HERE, commitment=COMMITMENT, sealer=GlassSealer())
SAYS = Sealed(
    audience=UNIT,
    commitment=COMMITMENT,
    ciphertext=ciphertext_hash([CIPHERTEXT]),
    size=len(PADDED),
    wraps=wrap_hashes(WRAPS),
)
HEADER = sealed_header(says=SAYS)
STATEMENT = sign_statement(HEADER, SeededSigner()).payload_hash
ONE_TIME = HpkeOpener(bytes(range(96))).public_key


def opened(header: Header = HEADER, ciphertext: bytes = CIPHERTEXT, reader: str = BOREA):
    return open_content(
        header,
        reader=reader,
        wrap=WRAPS[reader],
        ciphertext=ciphertext,
        opener=GlassOpener(KEYS[reader]),
    )


def test_every_reader_opens_the_same_content():
    assert opened(reader=BOREA) == opened(reader=CALDA) == CONTENT


def test_wraps_stand_by_ascending_member_id():
    assert list(WRAPS) == sorted(WRAPS)
    assert SAYS.wraps == tuple(sha256(WRAPS[reader]).hexdigest() for reader in (BOREA, CALDA))


def test_the_info_of_a_wrap_is_unlike_that_of_any_other_place_or_reader():
    infos = {
        wrap_info(position, commitment, reader)
        for position in (
            HERE,
            replace(HERE, unit="77" * 32),
            replace(HERE, issuer=BOREA),
            replace(HERE, epoch=2),
            replace(HERE, seq=8),
        )
        for commitment in (COMMITMENT, "00" * 32)
        for reader in (BOREA, CALDA)
    }
    assert len(infos) == 20
    assert {len(info) for info in infos} == {32 + 32 + 8 + 8 + 32 + 32}


def test_the_readers_of_a_unit_are_all_members_but_the_issuer():
    assert readers_of(HEADER, MEMBERS) == (BOREA, CALDA)


def test_a_narrow_audience_is_taken_as_it_stands():
    says = replace(SAYS, audience=(CALDA,), wraps=SAYS.wraps[1:])
    assert readers_of(replace(HEADER, says=says), MEMBERS) == (CALDA,)


def test_a_stranger_among_the_readers_is_refused():
    says = replace(SAYS, audience=("dd" * 32,), wraps=SAYS.wraps[1:])
    with pytest.raises(StatementError, match="no other member"):
        readers_of(replace(HEADER, says=says), MEMBERS)


def test_a_unit_with_one_member_more_needs_one_wrap_more():
    with pytest.raises(StatementError, match="wraps"):
        readers_of(HEADER, (*MEMBERS, "dd" * 32))


def test_a_wrap_is_the_one_the_header_names_for_that_reader():
    check_wrap(HEADER, MEMBERS, BOREA, WRAPS[BOREA])
    with pytest.raises(StatementError):
        check_wrap(HEADER, MEMBERS, BOREA, WRAPS[CALDA])
    with pytest.raises(StatementError):
        check_wrap(HEADER, MEMBERS, AUREL, WRAPS[BOREA])


def test_a_ciphertext_other_than_the_one_named_is_refused():
    with pytest.raises(ContentError, match="ciphertext"):
        opened(ciphertext=encrypt_content(KEY, PADDED + PADDED))


def test_something_else_told_to_one_reader_does_not_fit_the_commitment():
    other = pad_content(small_content(2).to_bytes())
    told = encrypt_content(KEY, other)
    says = replace(SAYS, ciphertext=ciphertext_hash([told]), size=len(other))
    with pytest.raises(ContentError, match="commitment"):
        opened(replace(HEADER, says=says), told)


def test_a_size_that_differs_from_the_header_is_refused():
    with pytest.raises(ContentError, match="padded content"):
        opened(replace(HEADER, says=replace(SAYS, size=2 * SAYS.size)))


def garbage_wrap() -> bytes:
    return GlassSealer().seal(
        public_key=ONE_TIME, info=wrap_info(HERE, COMMITMENT, BOREA), plaintext=OTHER_KEY
    )


def good_wrap() -> bytes:
    return GlassSealer().seal(
        public_key=ONE_TIME, info=wrap_info(HERE, COMMITMENT, BOREA), plaintext=KEY
    )


def complaint(issuer: str = BOREA, statement: str = STATEMENT) -> Header:
    says = Undelivered(statement=statement, key=ONE_TIME).to_clear()
    return sealed_header(issuer=issuer, seq=3, says=says)


def test_a_complaint_names_a_key_that_can_be_sealed_to():
    for key in (bytes(1216), ONE_TIME[:1184] + bytes(32), b"\xff" * 1216):
        with pytest.raises(StatementError, match="one-time key of a complaint"):
            Undelivered.parse(Undelivered(statement=STATEMENT, key=key).to_clear())


@pytest.mark.parametrize(("kind", "body"), [("erased", Erased), ("publication", Publication)])
def test_an_erasure_or_a_publication_names_one_statement_and_reads_back(kind, body):
    assert body.parse(body(STATEMENT).to_clear()) == body(STATEMENT)
    wrong = {}, {"statement": "x"}, {"statement": STATEMENT, "to": "all"}
    for says in (*(Clear.of(kind, each) for each in wrong), Clear.of("note", wrong[0])):
        with pytest.raises(StatementError):
            body.parse(says)


def complaint_hash() -> str:
    return sign_statement(complaint(), SeededSigner(2), Role.STATEMENT).payload_hash


def answer(wrap: bytes, **more: object) -> Header:
    fields = {"statement": STATEMENT, "reader": BOREA, "complaint": complaint_hash(), "wrap": wrap}
    return sealed_header(seq=9, says=Grant(**(fields | more)).to_clear())


def delivery(wrap: bytes) -> Delivered | Garbage:
    undelivered = check_complaint(complaint(), HEADER, payload_hash=STATEMENT, members=MEMBERS)
    grant = check_answer(answer(wrap), complaint(), HEADER, complaint_hash=complaint_hash())
    return show_delivery(
        HEADER, undelivered, grant, ciphertext=CIPHERTEXT, opener=GlassOpener(ONE_TIME)
    )


def test_a_good_answer_shows_that_the_complaint_is_settled():
    assert delivery(good_wrap()) == Delivered(content=CONTENT)


@pytest.mark.parametrize("wrap", [garbage_wrap(), bytes(1168)], ids=["another key", "noise"])
def test_a_garbage_answer_is_shown_for_what_it_is(wrap):
    assert isinstance(delivery(wrap), Garbage)


def test_a_secret_that_is_not_the_one_time_secret_shows_nothing():
    undelivered = check_complaint(complaint(), HEADER, payload_hash=STATEMENT, members=MEMBERS)
    grant = Grant.parse(answer(good_wrap()).says)
    with pytest.raises(SealingError, match="one-time"):
        show_delivery(
            HEADER, undelivered, grant, ciphertext=CIPHERTEXT, opener=GlassOpener(KEYS[BOREA])
        )


def test_a_ciphertext_swapped_by_the_complainer_shows_nothing():
    undelivered = Undelivered(statement=STATEMENT, key=ONE_TIME)
    grant = Grant.parse(answer(good_wrap()).says)
    with pytest.raises(ContentError, match="names"):
        show_delivery(HEADER, undelivered, grant, ciphertext=b"other", opener=GlassOpener(ONE_TIME))


def test_only_readers_may_complain():
    says = replace(SAYS, audience=(CALDA,), wraps=SAYS.wraps[1:])
    narrow = replace(HEADER, says=says)
    with pytest.raises(StatementError, match="not among the readers"):
        check_complaint(complaint(), narrow, payload_hash=STATEMENT, members=MEMBERS)


def test_a_complaint_is_about_the_statement_it_names_in_its_unit():
    for wrong in (complaint(statement="00" * 32), replace(complaint(), unit="99" * 32)):
        with pytest.raises(StatementError, match="another statement"):
            check_complaint(wrong, HEADER, payload_hash=STATEMENT, members=MEMBERS)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(answer(good_wrap()), issuer=CALDA),
        answer(good_wrap(), statement="00" * 32),
        answer(good_wrap(), complaint="00" * 32),
        answer(good_wrap(), complaint=""),
        answer(good_wrap(), reader=CALDA),
    ],
    ids=["not the issuer", "another statement", "another complaint", "no complaint", "reader"],
)
def test_an_answer_is_the_issuers_own_to_that_complaint(wrong):
    with pytest.raises(StatementError):
        check_answer(wrong, complaint(), HEADER, complaint_hash=complaint_hash())


def test_complaints_and_grants_travel_as_statements_and_read_back():
    for header in (complaint(), answer(good_wrap())):
        says = parse_entry(sign_statement(header, SeededSigner()).to_entry()).clear
        reader = Undelivered if says.kind == "undelivered" else Grant
        assert reader.parse(says).to_clear() == says


@pytest.mark.parametrize(
    "says",
    [
        Clear.of("undelivered", {"statement": STATEMENT}),
        Clear.of("undelivered", {"statement": STATEMENT, "key": "AA=="}),
        Clear.of("undelivered", {"statement": STATEMENT, "key": 7}),
        Clear.of("undelivered", {"statement": "x", "key": "\u00e9"}),
        Clear.of("note", {"statement": STATEMENT, "key": "AA=="}),
    ],
    ids=["lacks the key", "short key", "no text", "no base64", "another kind"],
)
def test_a_malformed_complaint_is_refused(says):
    with pytest.raises(StatementError):
        Undelivered.parse(says)
