"""The one way everyone checks: signatures, JSON, envelopes, tree hashes, keys.

For: giving every node the same verdict on the same bytes. Trusts: nothing that
came from outside; the primitives of libsodium (PyNaCl) and OpenSSL (cryptography).
Follows: RFC 8032 with libsodium's strict rules, FIPS 204, RFC 8259 and 8785,
DSSE v1, RFC 9162 section 2.1.1 and 2.1.3. No primitive is written here.
"""

from detente.signing.canonical import JsonValue, canonical
from detente.signing.dsse import (
    ENTRY_BYTES_MAX,
    Envelope,
    decode_base64,
    key_id,
    pae,
    sign_envelope,
)
from detente.signing.ed25519 import admit_ed25519, verify_signature
from detente.signing.errors import (
    EnvelopeError,
    JsonError,
    KeyAdmissionError,
    ProofError,
    SignatureError,
    TimeError,
)
from detente.signing.fingerprint import fingerprint_words
from detente.signing.merkle import (
    EMPTY_ROOT,
    inclusion_path,
    inclusion_paths,
    leaf_hash,
    merkle_root,
    node_hash,
    verify_inclusion,
)
from detente.signing.mldsa import admit_mldsa44, verify_mldsa44
from detente.signing.ports import Signer
from detente.signing.possession import admit_key, possession_text, prove_possession
from detente.signing.roles import Role
from detente.signing.sealing_keys import admit_sealing_key
from detente.signing.strict_json import (
    DEFAULT_LIMITS,
    INTEGER_MAX,
    JsonLimits,
    canonical_and_parsed,
    parse_canonical,
    parse_strict,
)
from detente.signing.times import format_time, parse_time

__all__ = [
    "DEFAULT_LIMITS",
    "EMPTY_ROOT",
    "ENTRY_BYTES_MAX",
    "INTEGER_MAX",
    "Envelope",
    "EnvelopeError",
    "JsonError",
    "JsonLimits",
    "JsonValue",
    "KeyAdmissionError",
    "ProofError",
    "Role",
    "SignatureError",
    "Signer",
    "TimeError",
    "admit_ed25519",
    "admit_key",
    "admit_mldsa44",
    "admit_sealing_key",
    "canonical",
    "canonical_and_parsed",
    "decode_base64",
    "fingerprint_words",
    "format_time",
    "inclusion_path",
    "inclusion_paths",
    "key_id",
    "leaf_hash",
    "merkle_root",
    "node_hash",
    "pae",
    "parse_canonical",
    "parse_strict",
    "parse_time",
    "possession_text",
    "prove_possession",
    "sign_envelope",
    "verify_inclusion",
    "verify_mldsa44",
    "verify_signature",
]
