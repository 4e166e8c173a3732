"""Who asks: RFC 9421 signatures in the one form that nodes use (trust.md, section 7).

One signature, labelled `sig`, by the transport key (Ed25519), over exactly these components
in this order: `@method`, `@target-uri`, `content-digest` (RFC 9530, sha-256; also of an empty
body) and `detente-recipient` (the member id of whom it is for), with the parameters created,
expires, nonce, keyid and tag in this order. Whatever is written otherwise is refused: there is
no second spelling to disagree about.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from detente.exchange.errors import RequestRefused
from detente.signing import EnvelopeError, SignatureError, Signer, decode_base64, key_id
from detente.signing import verify_signature as verify_ed25519

LIFETIME_S_MAX = 300
CLOCK_SKEW_S = 300
NONCES_PER_KEY_MAX = 20_000  # remembered for at most 15 minutes: 22 requests a second
TAG = "detente-node-1"
RECIPIENT_HEADER = "detente-recipient"

_COMPONENTS = ("@method", "@target-uri", "content-digest", RECIPIENT_HEADER)
_COVERED = "({})".format(" ".join(f'"{name}"' for name in _COMPONENTS))
_INPUT = re.compile(
    rf"sig=(?P<parameters>{re.escape(_COVERED)};created=(?P<created>[1-9][0-9]{{0,14}});"
    r"expires=(?P<expires>[1-9][0-9]{0,14});"
    r'nonce="(?P<nonce>[A-Za-z0-9_-]{22,64})";keyid="(?P<keyid>[0-9a-f]{64})";'
    rf'tag="{TAG}")',
    re.ASCII,
)
_SIGNATURE = re.compile(r"sig=:([A-Za-z0-9+/]{86}==):", re.ASCII)
_HEADERS = ("content-digest", RECIPIENT_HEADER, "signature-input", "signature")


@dataclass(frozen=True, slots=True)
class Request:
    """What is signed of a request.

    Attributes:
        method: in capitals.
        target_uri: as the sender wrote it: scheme, authority, path and query.
        digest: of the whole body, as `content_digest` writes it.
    """

    method: str
    target_uri: str
    digest: str


@dataclass(frozen=True, slots=True)
class TransportKey:
    """A member's transport key in force.

    Attributes:
        member: hex id.
        public_key: raw, 32 bytes.
    """

    member: str
    public_key: bytes


def signature_base(components: Iterable[tuple[str, str]], parameters: str) -> bytes:
    """Return the bytes that are signed (RFC 9421, section 2.5).

    Args:
        components: names and values, in order.
        parameters: the value of `@signature-params`.
    """
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


def content_digest(body_hash: bytes) -> str:
    """Return the header's value for a body with this SHA-256 (RFC 9530)."""
    return f"sha-256=:{b64encode(body_hash).decode()}:"


NO_BODY = content_digest(sha256(b"").digest())


def sign_request(
    request: Request, signer: Signer, *, recipient: str, now: int, nonce: str, lifetime_s: int = 60
) -> dict[str, str]:
    """Return the headers that say who asks.

    Args:
        request: what is asked.
        signer: the transport key.
        recipient: hex member id of whom it is for.
        now: POSIX seconds.
        nonce: 22 to 64 characters of base64url, never used before.
        lifetime_s: at most 300.
    """
    parameters = (
        f"{_COVERED};created={now};expires={now + lifetime_s};"
        f'nonce="{nonce}";keyid="{key_id(signer.public_key)}";tag="{TAG}"'
    )
    base = _base(request, recipient, parameters)
    return {
        "content-digest": request.digest,
        RECIPIENT_HEADER: recipient,
        "signature-input": f"sig={parameters}",
        "signature": f"sig=:{b64encode(signer.sign(base)).decode()}:",
    }


class Nonces:
    """What was used lately, so that no request counts twice. Lost with the process.

    A restart therefore lets a request of the last minutes be repeated once: what it fetches
    is sealed to the same reader.
    """

    def __init__(self, *, per_key_max: int = NONCES_PER_KEY_MAX) -> None:
        self._per_key_max = per_key_max
        self._used: dict[str, dict[str, int]] = {}

    def use(self, key: str, nonce: str, *, until: int, now: int) -> None:
        """Note a nonce; each key has room of its own.

        Raises:
            RequestRefused: used before, or too many are remembered.
        """
        used = self._used.setdefault(key, {})
        if nonce in used:
            raise RequestRefused("this request was made before: its nonce is used")
        if len(used) >= self._per_key_max:
            for old in [each for each, end in used.items() if end < now]:
                del used[old]
        if len(used) >= self._per_key_max:
            raise RequestRefused("too many signed requests by one key in the last minutes")
        used[nonce] = until


class RequestVerifier:
    """Says which member a request comes from.

    Args:
        recipient: hex id of the member whose node this is.
        key: a key id's transport key in force, None for any other.
        nonces: what was used lately.
    """

    def __init__(
        self, *, recipient: str, key: Callable[[str], TransportKey | None], nonces: Nonces
    ) -> None:
        self._recipient = recipient
        self._key = key
        self._nonces = nonces

    def verify(self, request: Request, headers: Iterable[tuple[str, str]], *, now: int) -> str:
        """Return the hex id of the member that signed a request.

        Args:
            request: as it came.
            headers: names in lower case.
            now: POSIX seconds.

        Raises:
            RequestRefused: unsigned, another form, too old, for somebody else, by a key that
                is not in force, used before, or the signature fails.
        """
        given = _single(headers)
        found = _INPUT.fullmatch(given["signature-input"])
        signature = _SIGNATURE.fullmatch(given["signature"])
        if found is None or signature is None:
            raise RequestRefused("signature-input or signature has another form")
        created, expires = int(found["created"]), int(found["expires"])
        _check_time(created, expires, now)
        if given[RECIPIENT_HEADER] != self._recipient:
            raise RequestRefused("this request is for another member")
        if given["content-digest"] != request.digest:
            raise RequestRefused("the body is not the one that was signed")
        key = self._key(found["keyid"])
        if key is None:
            raise RequestRefused("no transport key in force has this id")
        base = _base(request, self._recipient, found["parameters"])
        try:
            verify_ed25519(key.public_key, base, decode_base64(signature[1].encode()))
        except (SignatureError, EnvelopeError):
            raise RequestRefused("the signature does not verify") from None
        # Last: only who holds the key takes room in its memory.
        self._nonces.use(found["keyid"], found["nonce"], until=expires + CLOCK_SKEW_S, now=now)
        return key.member


def _single(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    given: dict[str, str] = {}
    for name, value in headers:
        if name in _HEADERS:
            if name in given:
                raise RequestRefused(f"{name} comes twice")
            given[name] = value
    for name in _HEADERS:
        if name not in given:
            raise RequestRefused(f"this needs a signed request; {name} is missing")
    return given


def _check_time(created: int, expires: int, now: int) -> None:
    if not 0 < expires - created <= LIFETIME_S_MAX:
        raise RequestRefused(f"a signed request lives 1 to {LIFETIME_S_MAX} s")
    if created > now + CLOCK_SKEW_S:
        raise RequestRefused(f"signed {created - now} s in the future: compare the clocks")
    if expires < now - CLOCK_SKEW_S:
        raise RequestRefused(f"expired {now - expires} s ago: compare the clocks")


def _base(request: Request, recipient: str, parameters: str) -> bytes:
    values = (request.method, request.target_uri, request.digest, recipient)
    return signature_base(zip(_COMPONENTS, values, strict=True), parameters)
