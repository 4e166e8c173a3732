"""What a statement means for acting: claims, objections and rules, read from its content."""

from collections.abc import Iterable, Sequence

from detente.charter import Charter
from detente.errors import UnitError
from detente.statements import Handling, Kind, Leaf, Statement, decode_object, readers_of
from detente.statements.stix import StixObject
from detente.storage.acting_rows import TakenClaim, TakenObjection, TakenRule, TakenStatement
from detente.storage.model import StoredStatement
from detente.watch import (
    Assets,
    Item,
    Said,
    Stance,
    claims_of,
    examine_rule,
    is_false_positive,
    named_in,
)

_STANCES = {
    Kind.RETRACTION: Stance.RETRACTION,
    Kind.DISPUTE: Stance.DISPUTE,
    Kind.VETO: Stance.VETO,
}
RULE_LANGUAGES = frozenset(("sigma", "yara", "snort", "suricata", "pcre", "spl"))


def read_statement(
    stored: StoredStatement,
    statement: Statement,
    leaves: Iterable[tuple[int, Leaf]],
    charters: Sequence[Charter],
) -> TakenStatement:
    """Return what acting takes from one verified statement.

    A leaf that is no valid object claims nothing; the others do.

    Args:
        stored: its row in the index.
        statement: its entry, read.
        leaves: of its content, the handling first.
        charters: every version known: who was addressed stands in the one it names.

    Raises:
        ContentError: the content has no handling.
    """
    issuer, header = statement.header.issuer, statement.header
    charter = next((each for each in charters if each.digest == header.charter), None)
    members = () if charter is None else tuple(charter.member_ids)
    said = Said(
        statement=statement.payload_hash,
        issuer=issuer,
        readers=frozenset(readers_of(header, members)) - {issuer},
        taken=header.time,
    )
    assets = Assets.registered(() if charter is None else charter.assets, issuer)
    handling: Handling | None = None
    reports_harmless = False
    claims: list[TakenClaim] = []
    rules: list[TakenRule] = []
    named: list[Item] = []
    for index, leaf in leaves:
        if index == 0:
            handling = Handling.parse(leaf.data)
            continue
        try:
            stix_object = decode_object(leaf.data)
            claims += map(TakenClaim.of, claims_of(index, stix_object, said))
            named += named_in(stix_object)
        except UnitError:
            continue  # shown where it was received; here it says nothing
        reports_harmless = reports_harmless or is_false_positive(stix_object)
        rules += _rules(index, stix_object, assets)
    return TakenStatement(
        number=stored.number,
        issuer=issuer,
        readers=said.readers,
        taken=said.taken,
        claims=tuple(claims),
        objections=_objections(handling, named, reports_harmless=reports_harmless),
        rules=tuple(rules),
    )


def _objections(
    handling: Handling | None, named: Iterable[Item], *, reports_harmless: bool
) -> tuple[TakenObjection, ...]:
    if handling is None:
        return ()
    stance = _STANCES.get(handling.kind)
    if stance is None and handling.kind is Kind.SIGHTING and reports_harmless:
        stance = Stance.FALSE_POSITIVE
    if stance is None:
        return ()
    items = tuple(sorted(set(named)))
    return tuple(TakenObjection(about, stance.value, items) for about in handling.about)


def _rules(leaf: int, stix_object: StixObject, assets: Assets) -> list[TakenRule]:
    language = stix_object.text("pattern_type") or ""
    if stix_object.type != "indicator" or language not in RULE_LANGUAGES:
        return []
    standing, findings = examine_rule(language, stix_object.text("pattern") or "", assets)
    told = tuple({"check": each.check, "words": each.words} for each in findings)
    return [TakenRule(leaf, stix_object.id, language, standing.value, told)]
