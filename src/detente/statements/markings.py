"""TLP 2.0 and PAP: how far a thing may travel, and what may be done with it.

TLP 2.0 by its OASIS extension; TLP 1 objects of the STIX 2.1 specification are
read as their TLP 2.0 equals. PAP has no STIX standard: it is read where others
write it, in labels and marking names. An unknown marking is reported, not guessed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from detente.signing.canonical import JsonValue

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


class _Ordered(Enum):
    """An enumeration from open to closed."""

    # Compared for every object of every batch: all four are written out, and none is derived.
    def __init__(self, _word: object) -> None:
        self._rank = len(type(self).__members__)

    def __lt__(self, other: object) -> bool:
        return self._rank < other._rank if type(other) is type(self) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._rank <= other._rank if type(other) is type(self) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self._rank > other._rank if type(other) is type(self) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self._rank >= other._rank if type(other) is type(self) else NotImplemented

    def __str__(self) -> str:
        return str(self.value)


class Tlp(_Ordered):
    """Traffic Light Protocol 2.0 (FIRST, August 2022), from open to closed."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"


class Pap(_Ordered):
    """Permissible Actions Protocol, from open to closed."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Markings:
    """What an object itself says about its handling.

    Attributes:
        tlp: the strictest TLP found, None where there is none.
        pap: the strictest PAP found, None where there is none.
        unknown: marking references that could not be read; who releases must treat
            them as the strictest.
    """

    tlp: Tlp | None
    pap: Pap | None
    unknown: tuple[str, ...]


TLP_MARKING_IDS: Mapping[Tlp, str] = MappingProxyType(
    {
        Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
)
TLP1_MARKING_IDS: Mapping[str, Tlp] = MappingProxyType(
    {
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
        "marking-definition--f88d31f6-486f-44da-b317-333bde0b82b8": Tlp.AMBER,
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
    }
)
_TLP_BY_ID: Mapping[str, Tlp] = MappingProxyType(
    {reference: tlp for tlp, reference in TLP_MARKING_IDS.items()} | dict(TLP1_MARKING_IDS)
)
_TLP_WORDS: Mapping[str, Tlp] = MappingProxyType(
    {tlp.value: tlp for tlp in Tlp} | {"white": Tlp.CLEAR}
)
_PAP_WORDS: Mapping[str, Pap] = MappingProxyType(
    {pap.value: pap for pap in Pap} | {"white": Pap.CLEAR}
)


def tlp_marking(tlp: Tlp) -> dict[str, JsonValue]:
    """Return the OASIS marking-definition object for a TLP 2.0 label."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_MARKING_IDS[tlp],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp.value.upper()}",
        "extensions": {
            TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.value}
        },
    }


def read_markings(
    stix_object: Mapping[str, JsonValue], definitions: Iterable[Mapping[str, JsonValue]] = ()
) -> Markings:
    """Read the markings of one object, granular ones included.

    Args:
        stix_object: a decoded STIX object.
        definitions: marking-definition objects that came with it.
    """
    known = {str(each.get("id")): each for each in definitions}
    tlps: list[Tlp] = []
    paps = [pap for pap in map(_pap_word, _texts(stix_object.get("labels"))) if pap]
    unknown: list[str] = []
    for reference in _marking_refs(stix_object):
        definition = known.get(reference, {})
        tlp = _TLP_BY_ID.get(reference) or _tlp_of(definition)
        pap = _pap_word(str(definition.get("name", "")))
        if tlp is not None:
            tlps.append(tlp)
        if pap is not None:
            paps.append(pap)
        if tlp is None and pap is None:
            unknown.append(reference)
    return Markings(max(tlps, default=None), max(paps, default=None), tuple(unknown))


def _marking_refs(stix_object: Mapping[str, JsonValue]) -> list[str]:
    references = _texts(stix_object.get("object_marking_refs"))
    granular = stix_object.get("granular_markings")
    for marking in granular if isinstance(granular, list) else ():
        if isinstance(marking, dict) and isinstance(reference := marking.get("marking_ref"), str):
            references.append(reference)
    return references


def _tlp_of(definition: Mapping[str, JsonValue]) -> Tlp | None:
    extensions = definition.get("extensions")
    extension = extensions.get(TLP_EXTENSION) if isinstance(extensions, dict) else None
    if isinstance(extension, dict):
        return _TLP_WORDS.get(str(extension.get("tlp_2_0")))
    if definition.get("definition_type") == "tlp":
        inner = definition.get("definition")
        return _TLP_WORDS.get(str(inner.get("tlp"))) if isinstance(inner, dict) else None
    return None


def _pap_word(text: str) -> Pap | None:
    prefix, _, word = text.lower().partition(":")
    return _PAP_WORDS.get(word.strip('"= ')) if prefix == "pap" else None


def _texts(value: JsonValue) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
