"""A claim says on what it rests, and nobody's import passes for a detection. (A04, A60)"""

import pytest

from detente.errors import UnitError
from detente.statements import encode_object, identity_of, reissue
from detente.watch import Basis, claim_extension, claims_of, is_false_positive
from tests.core.watch.makers import AUREL, BOREA, said

PATTERN = "[ipv4-addr:value = '198.51.100.7']"


def indicator(member=AUREL, **more):
    return encode_object(
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": "indicator--11111111-1111-4111-8111-111111111111",
            "created_by_ref": identity_of(member),
            "created": "2026-03-01T00:00:00.000Z",
            "modified": "2026-03-01T00:00:00.000Z",
            "valid_from": "2026-03-01T00:00:00.000Z",
            "pattern": PATTERN,
            "pattern_type": "stix",
        }
        | more
    )


def only(stix_object):
    (claim,) = claims_of(1, stix_object, said(AUREL))
    return claim


def test_an_indicator_that_does_not_say_rests_on_nothing_known():
    assert only(indicator()).basis is Basis.UNSTATED


def test_a_detection_says_so_and_whether_a_handshake_was_seen():
    claim = only(indicator(extensions=claim_extension(Basis.DETECTION, handshake=True)))
    assert (claim.basis, claim.handshake) == (Basis.DETECTION, True)


def test_what_was_re_issued_is_imported_whatever_it_says_of_itself():
    foreign = indicator(BOREA, extensions=claim_extension(Basis.DETECTION, handshake=True))
    (own,) = reissue([foreign], AUREL)
    claim = only(own)
    assert (claim.basis, claim.source) == (Basis.IMPORT, identity_of(BOREA))


def test_a_source_has_one_name_however_it_is_written():
    one = only(indicator(extensions=claim_extension(Basis.IMPORT, source=" CISA ")))
    other = only(indicator(extensions=claim_extension(Basis.IMPORT, source="cisa")))
    assert one.source == other.source == "cisa"
    assert only(indicator(extensions=claim_extension(Basis.IMPORT))).source


@pytest.mark.parametrize("pattern", [PATTERN, None])
def test_a_sighting_counts_only_for_the_value_it_names_itself(pattern):
    extension = claim_extension(Basis.DETECTION, handshake=True, pattern=pattern or "")
    sighting = encode_object(
        {
            "type": "sighting",
            "spec_version": "2.1",
            "id": "sighting--11111111-1111-4111-8111-111111111111",
            "created_by_ref": identity_of(AUREL),
            "created": "2026-03-01T00:00:00.000Z",
            "modified": "2026-03-01T00:00:00.000Z",
            "sighting_of_ref": "indicator--11111111-1111-4111-8111-111111111111",
            "count": 0,
            "extensions": extension,
        }
    )
    assert len(claims_of(1, sighting, said(AUREL))) == (pattern is not None)
    assert is_false_positive(sighting)


@pytest.mark.parametrize(
    "extensions",
    [
        {},
        {"extension-definition--42142add-3a97-477b-b317-c1e291692eba": {"basis": 7}},
        {"extension-definition--42142add-3a97-477b-b317-c1e291692eba": {"basis": "detection "}},
        {"extension-definition--42142add-3a97-477b-b317-c1e291692eba": {"handshake": 1}},
    ],
)
def test_a_hostile_extension_claims_nothing(extensions):
    try:
        claim = only(indicator(extensions=extensions))
    except UnitError:
        return
    assert (claim.basis, claim.handshake) == (Basis.UNSTATED, False)


def test_a_revoked_indicator_and_a_rule():
    assert only(indicator(revoked=True)).revoked
    assert claims_of(1, indicator(pattern_type="sigma", pattern="title: x"), said(AUREL)) == ()
