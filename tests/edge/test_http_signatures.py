"""A request counts once, for one recipient, in one spelling. (trust.md, section 7; RFC 9421)"""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.exchange.errors import RequestRefused
from detente.exchange.http_signatures import (
    CLOCK_SKEW_S,
    LIFETIME_S_MAX,
    NO_BODY,
    Nonces,
    Request,
    RequestVerifier,
    TransportKey,
    content_digest,
    sign_request,
    signature_base,
)
from detente.signing import key_id, verify_signature
from detente.storage.keyholders import Ed25519Key

KEY = Ed25519Key(b"\x01" * 32)
OTHER = Ed25519Key(b"\x02" * 32)
ME, YOU, ALICE = "aa" * 32, "bb" * 32, "cc" * 32
NOW = 1_790_000_000
NONCE = "n" * 24
ASKED = Request("GET", "http://node.example:8440/blobs/00?at=x/1/0", NO_BODY)


def verifier(nonces=None):
    keys = {key_id(KEY.public_key): TransportKey(ALICE, KEY.public_key)}
    return RequestVerifier(recipient=ME, key=keys.get, nonces=nonces or Nonces())


def signed(request=ASKED, *, key=KEY, recipient=ME, now=NOW, nonce=NONCE, lifetime_s=60):
    headers = sign_request(
        request, key, recipient=recipient, now=now, nonce=nonce, lifetime_s=lifetime_s
    )
    return list(headers.items())


def altered(name, change):
    return [(each, change(value) if each == name else value) for each, value in signed()]


def test_the_ed25519_example_of_the_rfc_verifies():
    components = [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("@method", "POST"),
        ("@path", "/foo"),
        ("@authority", "example.com"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ]
    names = " ".join(f'"{name}"' for name, _ in components)
    base = signature_base(components, f'({names});created=1618884473;keyid="test-key-ed25519"')
    key = b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")[-32:]
    signature = (
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )
    verify_signature(key, base, b64decode(signature))


def test_a_signed_request_says_which_member_asks():
    assert verifier().verify(ASKED, signed(), now=NOW) == ALICE


def test_other_headers_do_not_matter():
    more = [("accept", "*/*"), *signed(), ("x-forwarded-for", "10.0.0.1")]
    assert verifier().verify(ASKED, more, now=NOW) == ALICE


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", ASKED.target_uri, NO_BODY),
        Request("GET", ASKED.target_uri.replace("8440", "8441"), NO_BODY),
        Request("GET", ASKED.target_uri.replace("http", "https"), NO_BODY),
        Request("GET", ASKED.target_uri + "0", NO_BODY),
        Request("GET", ASKED.target_uri, content_digest(b"another body".ljust(32))),
    ],
)
def test_what_was_signed_for_one_request_does_not_open_another(request_):
    with pytest.raises(RequestRefused):
        verifier().verify(request_, signed(), now=NOW)


def test_a_request_for_another_member_is_refused_also_where_it_is_forwarded_unchanged():
    with pytest.raises(RequestRefused, match="another member"):
        verifier().verify(ASKED, signed(recipient=YOU), now=NOW)


def test_a_key_that_is_not_in_force_opens_nothing():
    with pytest.raises(RequestRefused, match="in force"):
        verifier().verify(ASKED, signed(key=OTHER), now=NOW)


def test_a_request_counts_once():
    asked = verifier()
    asked.verify(ASKED, signed(), now=NOW)
    with pytest.raises(RequestRefused, match="nonce"):
        asked.verify(ASKED, signed(), now=NOW + 1)
    assert asked.verify(ASKED, signed(nonce="m" * 24), now=NOW + 1) == ALICE


def test_a_forged_request_takes_no_nonce_from_its_owner():
    asked = verifier()
    broken = [
        (n, v.replace("sig=:", "sig=:AA", 1)[:-4] + "==:") if n == "signature" else (n, v)
        for n, v in signed()
    ]
    with pytest.raises(RequestRefused):
        asked.verify(ASKED, broken, now=NOW)
    assert asked.verify(ASKED, signed(), now=NOW) == ALICE


@pytest.mark.parametrize("clock", [-CLOCK_SKEW_S, 0, 60 + CLOCK_SKEW_S])
def test_clocks_may_differ_by_five_minutes(clock):
    assert verifier().verify(ASKED, signed(), now=NOW + clock) == ALICE


@pytest.mark.parametrize("clock", [-CLOCK_SKEW_S - 1, 61 + CLOCK_SKEW_S])
def test_clocks_may_not_differ_by_more(clock):
    with pytest.raises(RequestRefused, match="clocks"):
        verifier().verify(ASKED, signed(), now=NOW + clock)


@pytest.mark.parametrize("lifetime_s", [LIFETIME_S_MAX + 1, 0, -1])
def test_a_request_lives_at_most_five_minutes(lifetime_s):
    with pytest.raises(RequestRefused, match="lives"):
        verifier().verify(ASKED, signed(lifetime_s=lifetime_s), now=NOW)


@pytest.mark.parametrize("name", [name for name, _ in signed()])
def test_each_part_is_needed_once(name):
    without = [(each, value) for each, value in signed() if each != name]
    with pytest.raises(RequestRefused, match="missing"):
        verifier().verify(ASKED, without, now=NOW)
    with pytest.raises(RequestRefused, match="twice"):
        verifier().verify(ASKED, [*signed(), (name, dict(signed())[name])], now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("sig=", "sig1="),
        lambda text: text.replace('"@method" ', ""),
        lambda text: text.replace('"@method" "@target-uri"', '"@target-uri" "@method"'),
        lambda text: text + ';alg="ed25519"',
        lambda text: text + ", sig2=()",
        lambda text: text.replace(";nonce", "; nonce"),
        lambda text: text.replace("detente-node-1", "web-bot-auth"),
        lambda text: text.replace("created=1", "created=01"),
        lambda text: text.upper(),
        lambda text: "",
    ],
)
def test_there_is_one_spelling_of_what_is_covered(change):
    with pytest.raises(RequestRefused):
        verifier().verify(ASKED, altered("signature-input", change), now=NOW)


def test_each_key_has_room_of_its_own_for_nonces():
    nonces = Nonces(per_key_max=3)
    for number in range(3):
        nonces.use("a", f"{number}", until=NOW + 10, now=NOW)
    with pytest.raises(RequestRefused, match="too many"):
        nonces.use("a", "3", until=NOW + 10, now=NOW)
    nonces.use("b", "3", until=NOW + 10, now=NOW)
    nonces.use("a", "3", until=NOW + 30, now=NOW + 11)


@given(st.lists(st.tuples(st.sampled_from([name for name, _ in signed()]), st.text())))
def test_whatever_stands_in_the_headers_the_answer_is_a_word(headers):
    with pytest.raises(UnitError):
        verifier().verify(ASKED, headers, now=NOW)
