"""Sign files of figures with an office's key, offline: one file to carry on a stick.

Needs Python 3.11 or later and the package `cryptography`, nothing else, no network.

    python sign_figures.py new-key --office "Arden County" --out arden.key
    python sign_figures.py sign --key arden.key county.csv
    python sign_figures.py sign --key arden.key --rehearsal test.csv
    python sign_figures.py verify --public arden.key.public county.csv

`new-key` asks for a passphrase and writes the key, sealed with it (scrypt and
AES-256-GCM), and beside it the public half to give away. `sign` writes
`county.csv.sig.json`: a DSSE envelope over the file's SHA-256. Figures and
rehearsals are signed under different types: neither signature verifies as the
other. A signature shows what a key did, not who held it.
"""

import argparse
import getpass
import hashlib
import json
import os
import secrets
import sys
import time
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FIGURES = "figures"
REHEARSAL = "rehearsal"
ENDING = ".sig.json"
PASSPHRASE_CHARS_MIN = 12
FILE_BYTES_MAX = 64 * 1024
_KIND = "detente office key v1"
_SCRYPT_N = 2**16
_SCRYPT_MEMORY = 128 * 1024 * 1024


class SignerError(ValueError):
    """A key or a signature that is none, in words for the person at the screen."""


def payload_type(kind: str) -> str:
    """The DSSE type of what is signed: one for figures, another for rehearsals."""
    return f"application/vnd.detente.{kind}.v1+json"


def canonical(document: object) -> bytes:
    """JSON in the one form that is signed: sorted names, no blanks, UTF-8."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _to_sign(kind: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding."""
    name = payload_type(kind).encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def new_key(office: str, passphrase: str) -> tuple[bytes, bytes]:
    """Make a key: its sealed file, and the file with its public half.

    Raises:
        SignerError: no office is named, or the passphrase is short.
    """
    if not office.strip():
        raise SignerError("name the office whose key it is")
    if len(passphrase) < PASSPHRASE_CHARS_MIN:
        raise SignerError(f"a passphrase has at least {PASSPHRASE_CHARS_MIN} characters")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes_raw()
    public = {"kind": _KIND, "office": office, "public": key.public_key().public_bytes_raw().hex()}
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, secret, canonical(public))
    whole = public | {"salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    return _printed(whole), _printed(public)


def _printed(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=_SCRYPT_N, r=8, p=1, maxmem=_SCRYPT_MEMORY, dklen=32
    )


def _members(data: bytes, *names: str) -> dict[str, str]:
    """The members of a JSON object, all of them texts."""
    try:
        document = json.loads(data) if len(data) <= FILE_BYTES_MAX else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("kind") != _KIND:
        raise SignerError("not an office's key")
    found = {name: document.get(name) for name in names}
    if not all(isinstance(value, str) for value in found.values()):
        raise SignerError(f"an office's key has {', '.join(names)}")
    return {name: str(value) for name, value in found.items()}


def open_key(data: bytes, passphrase: str) -> tuple[str, Ed25519PrivateKey]:
    """Whose key it is, and the key.

    Raises:
        SignerError: no key file, or another passphrase.
    """
    said = _members(data, "office", "public", "salt", "nonce", "sealed")
    public = {"kind": _KIND, "office": said["office"], "public": said["public"]}
    try:
        stretched = _stretch(passphrase, bytes.fromhex(said["salt"]))
        nonce, sealed = bytes.fromhex(said["nonce"]), bytes.fromhex(said["sealed"])
        secret = AESGCM(stretched).decrypt(nonce, sealed, canonical(public))
        return said["office"], Ed25519PrivateKey.from_private_bytes(secret)
    except (InvalidTag, ValueError):
        raise SignerError("the passphrase does not open this key, or the file is damaged") from None


def read_public(data: bytes) -> tuple[str, bytes]:
    """Whose public key a file holds, and the key: 32 bytes.

    Raises:
        SignerError: it holds none.
    """
    said = _members(data, "office", "public")
    try:
        key = bytes.fromhex(said["public"])
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        raise SignerError("the public key is none") from None
    return said["office"], key


def sign(figures: Path, office: str, key: Ed25519PrivateKey, kind: str, now: str) -> bytes:
    """Sign a file: the envelope to put beside it.

    Args:
        figures: the file.
        office: whose figures they are.
        key: the office's key.
        kind: `figures` or `rehearsal`.
        now: the moment, RFC 3339 in UTC.
    """
    payload = canonical(
        {
            "file": figures.name,
            "office": office,
            "sha256": digest(figures),
            "signed_at": now,
            "type": kind,
        }
    )
    signature = key.sign(_to_sign(kind, payload))
    public = key.public_key().public_bytes_raw()
    return canonical(
        {
            "payload": b64encode(payload).decode(),
            "payloadType": payload_type(kind),
            "signatures": [
                {
                    "keyid": hashlib.sha256(public).hexdigest(),
                    "sig": b64encode(signature).decode(),
                }
            ],
        }
    )


def digest(path: Path) -> str:
    """SHA-256 of a file as it stands."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(envelope: bytes, public: bytes) -> dict[str, str]:
    """What an envelope says, if this key signed it: file, office, sha256, signed_at, type.

    Raises:
        SignerError: no envelope, another key, or a signature that does not verify.
    """
    kind, payload, signature = _parts(envelope)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _to_sign(kind, payload))
        said = json.loads(payload)
    except InvalidSignature:
        raise SignerError("the signature is not by this key, or something was changed") from None
    except (ValueError, RecursionError):
        raise SignerError("what was signed is no JSON") from None
    names = ("file", "office", "sha256", "signed_at", "type")
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in names):
        raise SignerError(f"what was signed does not say {', '.join(names)}")
    if said["type"] != kind:
        raise SignerError("what was signed says another type than its envelope")
    return {name: said[name] for name in names}


def _parts(envelope: bytes) -> tuple[str, bytes, bytes]:
    try:
        document = json.loads(envelope) if len(envelope) <= FILE_BYTES_MAX else None
        kinds = {payload_type(kind): kind for kind in (FIGURES, REHEARSAL)}
        (signed,) = document["signatures"]  # type: ignore[index]  # anything else is caught below
        return (
            kinds[document["payloadType"]],  # type: ignore[index]
            b64decode(document["payload"], validate=True),  # type: ignore[index]
            b64decode(signed["sig"], validate=True),
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        raise SignerError("not an envelope with one signature over figures") from None


def _passphrase(given: Path | None, again: bool) -> str:
    if given is not None:
        return given.read_text(encoding="utf-8").rstrip("\r\n")
    first = getpass.getpass("Passphrase: ")
    if again and getpass.getpass("Once more: ") != first:
        raise SignerError("the two passphrases differ")
    return first


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def _new_key(options: argparse.Namespace) -> str:
    sealed, public = new_key(options.office, _passphrase(options.passphrase_file, again=True))
    _write_new(options.out, sealed, 0o600)
    beside = options.out.with_name(options.out.name + ".public")
    _write_new(beside, public, 0o644)
    return f"key: {options.out} (keep it), {beside} (give it away)"


def _sign(options: argparse.Namespace) -> str:
    passphrase = _passphrase(options.passphrase_file, again=False)
    office, key = open_key(options.key.read_bytes(), passphrase)
    kind = REHEARSAL if options.rehearsal else FIGURES
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for file in options.files:
        beside = file.with_name(file.name + ENDING)
        beside.write_bytes(sign(file, office, key, kind, now))
    return f"{len(options.files)} files signed as {kind} of {office}"


def _verify(options: argparse.Namespace) -> str:
    office, public = read_public(options.public.read_bytes())
    for file in options.files:
        said = verify(file.with_name(file.name + ENDING).read_bytes(), public)
        if said["sha256"] != digest(file) or said["file"] != file.name:
            raise SignerError(f"{file}: changed since {office} signed it at {said['signed_at']}")
    return f"{len(options.files)} files are as {office} signed them"


def main(words: list[str] | None = None) -> int:
    """Run a command; 0: done, 1: refused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    made = commands.add_parser("new-key", help="make a key")
    made.add_argument("--office", required=True)
    made.add_argument("--out", type=Path, required=True)
    made.set_defaults(run=_new_key)
    signed = commands.add_parser("sign", help="sign files")
    signed.add_argument("--key", type=Path, required=True)
    signed.add_argument("--rehearsal", action="store_true", help="never to be taken for real")
    signed.set_defaults(run=_sign)
    verified = commands.add_parser("verify", help="check files")
    verified.add_argument("--public", type=Path, required=True)
    verified.set_defaults(run=_verify)
    for each in (made, signed):
        each.add_argument("--passphrase-file", type=Path)
    for each in (signed, verified):
        each.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(words)
    try:
        sys.stdout.write(options.run(options) + "\n")
    except (SignerError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
