"""Labels are read where others write them, and never guessed. (docs/threats.md: A37)"""

import pytest

from detente.statements import Markings, Pap, Tlp, encode_object, read_markings, tlp_marking
from detente.statements.markings import TLP1_MARKING_IDS, TLP_MARKING_IDS
from tests.core.statements.makers import indicator, uuid


def marked(*references: str, **more: object):
    return read_markings(indicator(object_marking_refs=list(references), **more))


@pytest.mark.parametrize("tlp", Tlp)
def test_tlp_2_is_read_by_the_oasis_marking(tlp):
    definition = tlp_marking(tlp)
    assert encode_object(definition).type == "marking-definition"
    assert marked(str(definition["id"])) == Markings(tlp=tlp, pap=None, unknown=())


@pytest.mark.parametrize("tlp", Tlp)
def test_tlp_2_is_read_from_the_extension_under_any_id(tlp):
    definition = tlp_marking(tlp) | {"id": f"marking-definition--{uuid(1)}"}
    value = indicator(object_marking_refs=[definition["id"]])
    assert read_markings(value, [definition]).tlp is tlp
    assert read_markings(value).unknown == (definition["id"],)


def test_tlp_1_objects_are_read_as_their_tlp_2_equals():
    assert [marked(reference).tlp for reference in TLP1_MARKING_IDS] == [
        Tlp.CLEAR,
        Tlp.GREEN,
        Tlp.AMBER,
        Tlp.RED,
    ]
    own = {
        "type": "marking-definition",
        "id": f"marking-definition--{uuid(2)}",
        "definition_type": "tlp",
        "definition": {"tlp": "white"},
    }
    value = indicator(object_marking_refs=[own["id"]])
    assert read_markings(value, [own]).tlp is Tlp.CLEAR


def test_the_strictest_of_several_labels_counts():
    assert marked(TLP_MARKING_IDS[Tlp.GREEN], TLP_MARKING_IDS[Tlp.RED]).tlp is Tlp.RED


def test_granular_markings_count_too():
    granular = [{"selectors": ["name"], "marking_ref": TLP_MARKING_IDS[Tlp.AMBER_STRICT]}]
    assert read_markings(indicator(granular_markings=granular)).tlp is Tlp.AMBER_STRICT


def test_pap_is_read_from_labels_and_marking_names():
    assert read_markings(indicator(labels=["PAP:AMBER", "c2"])).pap is Pap.AMBER
    definition = {"id": f"marking-definition--{uuid(3)}", "name": "PAP:RED"}
    value = indicator(object_marking_refs=[definition["id"]], labels=["pap:green"])
    assert read_markings(value, [definition]) == Markings(tlp=None, pap=Pap.RED, unknown=())


def test_an_unknown_marking_is_reported_and_not_guessed():
    reference = f"marking-definition--{uuid(4)}"
    assert marked(reference) == Markings(tlp=None, pap=None, unknown=(reference,))
