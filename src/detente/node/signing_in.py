"""Signing in with a passkey, and sessions: W3C Web Authentication Level 3, checked by `webauthn`.

There is no password to guess or to phish: a passkey answers only to the name it was made
for. What is asked of a browser is good for one answer and two minutes; it carries its own
proof of that, so that nobody's questions push out another's.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_bytes
from threading import Lock
from typing import Any

from detente.errors import InputError
from detente.node.offices import Office, Purpose, Who
from detente.node.turnstile import Turnstile
from detente.storage.people import Passkey, Person, Session

SESSION_LIVES = timedelta(hours=10)  # a long night
SESSION_RESTS = timedelta(minutes=45)
CHALLENGE_LIVES = timedelta(minutes=2)
ANSWERED_MAX = 10_000
_NONCE_BYTES, _TIME_BYTES, _MAC_BYTES = 16, 8, 32
_SEEN_EVERY = timedelta(minutes=1)
_LABEL_MAX = 60
_BROWSER_MAX = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where the console is, as a browser sees it.

    Attributes:
        name: the host name a passkey is bound to.
        origin: scheme, host and port.
    """

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks.

    Attributes:
        person: who.
        session: with which browser.
        secret: of the session, as the cookie carries it.
    """

    person: Person
    session: Session
    secret: bytes

    @property
    def who(self) -> Who:
        """The person, as the trail names it."""
        return Who(self.person.id, self.person.name)


class Entrance:
    """Lets people in. Safe for threads.

    Args:
        office: the people.
        place: where the console is.
        now: the clock.
    """

    def __init__(self, office: Office, place: Place, *, now: Callable[[], datetime]) -> None:
        self._office = office
        self._place = place
        self._now = now
        self._turnstile = Turnstile(now)
        self._secret = token_bytes(32)
        self._answered: dict[bytes, datetime] = {}
        self._lock = Lock()

    def ask_enrolment(self, link: str, *, address: str = "") -> tuple[Person, str]:
        """Return whose link it is, and what to ask of the browser (JSON).

        Raises:
            InputError: the link is none, was used, or is too old.
            TooOften: wait first.
        """
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        person, _ = self._owner(link, address)
        held = self._office.shelf.passkeys(person.id)
        options = generate_registration_options(
            rp_id=self._place.name,
            rp_name="detente",
            user_name=person.name,
            user_id=bytes.fromhex(person.id),
            challenge=self._challenge(person.id),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=k.credential) for k in held],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        return person, options_to_json(options)

    def enrol(
        self, link: str, credential: dict[str, Any], *, label: str, address: str = ""
    ) -> Person:
        """Keep the passkey a browser made for the owner of a link, which is used up.

        Raises:
            InputError: the link or the answer counts for nothing.
            TooOften: wait first.
        """
        from webauthn import verify_registration_response
        from webauthn.helpers.exceptions import WebAuthnException

        person, _ = self._owner(link, address)
        with self._turnstile.trying(address, person.id):
            challenge = self._read_challenge(credential, person.id)
            try:
                verified = verify_registration_response(
                    credential=credential,
                    expected_challenge=challenge,
                    expected_rp_id=self._place.name,
                    expected_origin=self._place.origin,
                    require_user_verification=True,
                )
            except WebAuthnException as error:
                raise InputError(f"this passkey was not made for this node: {error}") from None
            self._use_up(challenge)
        self._owner(link, address, use=True)
        self._office.shelf.add_passkey(
            Passkey(
                credential=verified.credential_id,
                person=person.id,
                label=label.strip()[:_LABEL_MAX] or "passkey",
                public_key=verified.credential_public_key,
                uses=verified.sign_count,
                added=self._now(),
            )
        )
        self._office.record(Who(person.id, person.name), "enrol passkey", label[:_LABEL_MAX])
        return person

    def ask_assertion(self, about: str = "") -> str:
        """Return what to ask of a browser (JSON), so that it shows a passkey.

        Args:
            about: what the answer is good for: "" to sign in, else what is confirmed by it.
        """
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers.structs import UserVerificationRequirement

        options = generate_authentication_options(
            rp_id=self._place.name,
            challenge=self._challenge(about),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def assert_person(
        self, credential: dict[str, Any], about: str = "", *, address: str = ""
    ) -> Person:
        """Return whose passkey answered.

        Raises:
            InputError: nobody's, or the answer counts for nothing.
            TooOften: wait first.
        """
        key = self._known_passkey(credential)
        with self._turnstile.trying(address, "" if key is None else key.person):
            challenge = self._read_challenge(credential, about)
            if key is None:
                raise InputError("this passkey is not known here")
            uses = self._verify(credential, challenge, key)
            self._use_up(challenge)
            person = self._office.require(key.person)
        self._office.shelf.note_use(key.credential, uses=uses, now=self._now())
        return person

    def _known_passkey(self, credential: dict[str, Any]) -> Passkey | None:
        from webauthn.helpers import base64url_to_bytes

        try:
            named = base64url_to_bytes(str(credential.get("rawId", "")))
        except ValueError:
            return None
        return self._office.shelf.passkey(named)

    def _verify(self, credential: dict[str, Any], challenge: bytes, key: Passkey) -> int:
        """Return the authenticator's count; the answer is the key's to this challenge."""
        from webauthn import verify_authentication_response
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            verified = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._place.name,
                expected_origin=self._place.origin,
                credential_public_key=key.public_key,
                credential_current_sign_count=key.uses,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as error:
            raise InputError(f"this passkey does not open this node: {error}") from None
        return verified.new_sign_count

    def recover(self, code: str, *, address: str = "") -> tuple[Person, str]:
        """Use up a recovery code; return its owner and the secret of a link to enrol anew.

        Raises:
            InputError: the code is none or was used.
            TooOften: wait first.
        """
        person, purpose = self._owner(code, address)
        if purpose != Purpose.RECOVERY:
            raise InputError("this is no recovery code")
        self._owner(code, address, use=True)
        who = Who(person.id, person.name)
        self._office.record(who, "use recovery code", person.name)
        return person, self._office.make_link(person, by=who)

    def begin(self, person: Person, *, browser: str) -> bytes:
        """Begin a session; return its secret, for the cookie.

        Raises:
            StorageFault: the database refused.
        """
        secret, now = token_bytes(32), self._now()
        began = Session(
            id="",
            person=person.id,
            form_secret=token_bytes(32),
            browser=browser[:_BROWSER_MAX],
            made=now,
            seen=now,
        )
        self._office.shelf.begin(secret, began)
        self._office.record(Who(person.id, person.name), "sign in", browser[:_BROWSER_MAX])
        return secret

    def find(self, cookie: str) -> SignedIn | None:
        """Return who a cookie is, None where it counts for nothing any more.

        Raises:
            StorageFault: the database refused.
        """
        try:
            secret = bytes.fromhex(cookie)
        except ValueError:
            return None
        session, now = self._office.shelf.session(secret), self._now()
        if session is None or is_over(session, now):
            return None
        person = self._office.shelf.person(session.person)
        if person is None or person.removed is not None:
            return None
        if now >= session.seen + _SEEN_EVERY:
            self._office.shelf.note_seen(secret, now=now)
            session = replace(session, seen=now)
        return SignedIn(person, session, secret)

    def end(self, signed_in: SignedIn, session: str) -> None:
        """End one session of a person, or all of them where none is named.

        Raises:
            StorageFault: the database refused.
        """
        self._office.shelf.end(signed_in.person.id, session, now=self._now())
        self._office.record(signed_in.who, "end session", session or "all")

    def _owner(self, text: str, address: str, *, use: bool = False) -> tuple[Person, str]:
        try:
            secret = bytes.fromhex("".join(text.split()))
        except ValueError:
            secret = b""
        found = self._office.shelf.owner_of_link(secret, now=self._now(), use=use)
        with self._turnstile.trying(address, "" if found is None else found[0]):
            if found is None:
                raise InputError(
                    "this link or code counts for nothing: it was used, or is too old",
                    remedy="An administrator makes another; `detente console` makes one for the "
                    "first",
                )
            return self._office.require(found[0]), found[1]

    def _challenge(self, about: str) -> bytes:
        """Return something new to be signed; it tells by itself for what and until when."""
        ends = int((self._now() + CHALLENGE_LIVES).timestamp())
        said = token_bytes(_NONCE_BYTES) + ends.to_bytes(_TIME_BYTES, "big")
        return said + self._mac(said, about)

    def _read_challenge(self, credential: dict[str, Any], about: str) -> bytes:
        """Return the challenge an answer is to, if it was asked here, about this, and lately."""
        challenge = _challenge_of(credential)
        said, mac = challenge[:-_MAC_BYTES], challenge[-_MAC_BYTES:]
        ends = int.from_bytes(said[_NONCE_BYTES:], "big")
        asked = len(said) == _NONCE_BYTES + _TIME_BYTES
        if not (asked and hmac.compare_digest(mac, self._mac(said, about))):
            raise InputError("nothing was asked that this answers", remedy="Try once more")
        if self._now().timestamp() >= ends:
            raise InputError("the answer came too late", remedy="Try once more")
        return challenge

    def _use_up(self, challenge: bytes) -> None:
        """Refuse a second good answer to one question; a bad one is bad each time."""
        now = self._now()
        with self._lock:
            self._answered = {each: at for each, at in self._answered.items() if now < at}
            if challenge in self._answered or len(self._answered) >= ANSWERED_MAX:
                raise InputError("this was answered before", remedy="Try once more")
            self._answered[challenge] = now + CHALLENGE_LIVES

    def _mac(self, said: bytes, about: str) -> bytes:
        return hmac.digest(self._secret, said + about.encode(), "sha256")


def is_over(session: Session, now: datetime) -> bool:
    """Say whether a session counts for nothing any more: ended, rested or aged."""
    rested, aged = session.seen + SESSION_RESTS, session.made + SESSION_LIVES
    return session.ended is not None or now >= rested or now >= aged


def _challenge_of(credential: dict[str, Any]) -> bytes:
    from webauthn.helpers import base64url_to_bytes

    from detente.signing import JsonError, parse_strict

    response = credential.get("response")
    try:
        text = base64url_to_bytes(str((response or {})["clientDataJSON"]))
        document = parse_strict(text)
        assert isinstance(document, dict)  # noqa: S101 - caught below
        return base64url_to_bytes(str(document["challenge"]))
    except (AssertionError, JsonError, KeyError, TypeError, ValueError):
        raise InputError("this is no answer of a passkey") from None
