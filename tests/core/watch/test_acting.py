"""Nothing acts because one member says so, and every step has a reason. (trust.md, section 6)"""

from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import AssetKind
from detente.statements import identity_of
from detente.watch import Assets, Basis, Item, Level, Owners, Rule, Stance, decide
from tests.core.watch.makers import (
    ADDRESS,
    AUREL,
    BOREA,
    CEDAR,
    DUNE,
    FILE,
    MEMBERS,
    NOW,
    OWNERS,
    RULES,
    Lists,
    claim,
    dossier,
    judged,
    objection,
    registered,
)

# Both committed within the minute in which neither can have had the other's word.
TWO = (claim(AUREL, 0), claim(BOREA, 0.5))


def rules_in(decision):
    return {reason.rule for reason in decision.reasons}


def words_in(decision):
    return " | ".join(reason.words for reason in decision.reasons)


def test_one_verified_word_alerts_and_does_no_more():
    decision = decide(dossier(claim(AUREL)), RULES, NOW)
    assert decision.level is Level.ALERTING
    assert "1 independent origin of 2" in words_in(decision)


def test_two_owners_who_found_it_on_their_own_make_it_act():
    decision = decide(dossier(*TWO), RULES, NOW)
    assert decision.level is Level.ACTIONABLE
    assert decision.origins == (AUREL, BOREA)
    assert Rule.ENOUGH_ORIGINS in rules_in(decision)


def test_with_two_hostile_members_feared_three_origins_are_asked_for():
    rules = replace(RULES, f=2)
    assert decide(dossier(*TWO), rules, NOW).level is Level.ALERTING
    three = (*TWO, claim(DUNE, 0.7))
    assert decide(dossier(*three), rules, NOW).level is Level.ACTIONABLE


def test_a04_an_echo_counts_as_nothing():
    echoes = [claim(BOREA, 5), claim(DUNE, 9), claim(BOREA, 12, name="again")]
    decision = decide(dossier(claim(AUREL), *echoes), RULES, NOW)
    assert decision.origins == (AUREL,)
    assert Rule.ECHO in rules_in(decision)
    assert decision.prevalence == 2


def test_a62_who_cosigned_over_the_word_of_another_before_its_own_is_no_origin():
    first = claim(AUREL, 0, held={BOREA: 0.2})
    decision = decide(dossier(first, claim(BOREA, 0.5)), RULES, NOW)
    assert decision.origins == (AUREL,)
    assert "committed its own after that: an echo" in words_in(decision)


@pytest.mark.parametrize("liar_shown", [-0.01, 0, 0.01])
def test_a62_who_repeats_within_the_second_does_not_void_the_finding_it_repeats(liar_shown):
    """Cosignatures name whole seconds, so both seem to have had the other's word first."""
    first = claim(AUREL, 0, held={BOREA: -0.02})
    copy = claim(BOREA, liar_shown, held={AUREL: -0.02})
    assert len(decide(dossier(first, copy), RULES, NOW).origins) == 1


def test_a_detection_committed_before_the_word_came_counts_however_late_it_is_opened():
    early = claim(BOREA, -600, readers=(CEDAR,))
    later = claim(AUREL, 0)
    assert decide(dossier(early, later), RULES, NOW).origins == (AUREL, BOREA)


def test_what_was_not_addressed_to_a_member_cannot_make_its_finding_an_echo():
    hidden = claim(AUREL, 0, readers=(CEDAR, DUNE))
    assert decide(dossier(hidden, claim(BOREA, 40)), RULES, NOW).level is Level.ACTIONABLE


def test_a_match_is_prevalence_and_no_origin():
    match = claim(BOREA, 0.5, basis=Basis.MATCH)
    decision = decide(dossier(claim(AUREL), match), RULES, NOW)
    assert (decision.origins, decision.prevalence) == ((AUREL,), 1)


def test_an_address_without_a_completed_handshake_counts_as_no_origin():
    forged = claim(BOREA, 0.5, handshake=False)
    decision = decide(dossier(claim(AUREL), forged), RULES, NOW)
    assert decision.level is Level.ALERTING
    assert Rule.NO_HANDSHAKE in rules_in(decision)


def test_a_file_needs_no_handshake():
    two = [claim(who, at, item=FILE, handshake=False) for who, at in ((AUREL, 0), (BOREA, 0.5))]
    assert decide(dossier(*two), RULES, NOW).level is Level.ACTIONABLE


def test_an_outside_source_counts_once_whoever_imports_it():
    imports = [
        claim(who, at, basis=Basis.IMPORT, source="cisa")
        for at, who in enumerate((AUREL, BOREA, DUNE))
    ]
    decision = decide(dossier(*imports), RULES, NOW)
    assert decision.origins == ("source cisa",)


@pytest.mark.parametrize("written", ["{}", "misp {}"])
def test_a04_a_member_read_back_from_outside_is_an_echo(written):
    source = written.format(identity_of(AUREL).removeprefix("identity--"))
    back = claim(BOREA, 0.5, basis=Basis.IMPORT, source=source)
    decision = decide(dossier(claim(AUREL), back), RULES, NOW)
    assert decision.origins == (AUREL,)
    assert "repeats what another member said" in words_in(decision)


def test_one_importer_with_two_invented_sources_is_still_one():
    invented = [
        claim(AUREL, 0, basis=Basis.IMPORT, source=name, name=name) for name in ("one", "two")
    ]
    own = claim(AUREL, 1, name="own")
    assert len(decide(dossier(*invented, own), RULES, NOW).origins) == 1


def test_an_import_and_a_detection_of_different_owners_are_two():
    outside = claim(AUREL, 0, basis=Basis.IMPORT, source="cisa")
    decision = decide(dossier(outside, claim(BOREA, 0.5)), RULES, NOW)
    assert decision.level is Level.ACTIONABLE


def test_members_of_one_legal_entity_count_once():
    shells = Owners(of_member={**OWNERS.of_member, BOREA: "Holding", AUREL: "Holding"}, me=CEDAR)
    decision = decide(dossier(*TWO), replace(RULES, owners=shells), NOW)
    assert decision.origins == ("Holding",)


def test_a_word_nobody_else_has_shown_yet_alerts_and_is_no_origin():
    unseen = claim(BOREA, 0.5, cosigned=False)
    decision = decide(dossier(claim(AUREL), unseen), RULES, NOW)
    assert decision.level is Level.ALERTING
    assert Rule.UNSEEN in rules_in(decision)


def test_who_does_not_say_on_what_it_rests_counts_as_no_origin():
    bare = claim(BOREA, 0.5, basis=Basis.UNSTATED)
    assert Rule.UNSTATED in rules_in(decide(dossier(claim(AUREL), bare), RULES, NOW))


@pytest.mark.parametrize(
    ("value", "level"), [("8.8.8.8", Level.NOTED), ("185.12.46.178", Level.ALERTING)]
)
def test_a01_what_is_common_and_benign_never_acts(value, level):
    item = Item("ipv4-addr:value", value)
    lists = Lists(dns=("8.8.8.8", False), vpn=("185.12.46.178", True))
    two = [claim(who, at, item=item) for who, at in ((AUREL, 0), (BOREA, 0.5))]
    decision = decide(dossier(*two), replace(RULES, benign=lists), NOW)
    assert decision.level is level


def test_a_person_may_let_act_what_many_share_and_never_what_is_benign():
    lists = Lists(dns=("8.8.8.8", False), vpn=("198.51.100.7", True))
    rules = replace(
        RULES, benign=lists, accepted=frozenset((ADDRESS, Item("ipv4-addr:value", "8.8.8.8")))
    )
    assert decide(dossier(*TWO), rules, NOW).level is Level.ACTIONABLE
    benign = Item("ipv4-addr:value", "8.8.8.8")
    two = [claim(who, at, item=benign) for who, at in ((AUREL, 0), (BOREA, 0.5))]
    assert decide(dossier(*two), rules, NOW).level is Level.NOTED


@pytest.mark.parametrize("value", ["0.0.0.0/0", "198.51.0.0/16", "2001:db8::/32"])
def test_a01_a_prefix_that_names_too_many_is_kept_and_raises_nothing(value):
    path = "ipv6-addr:value" if ":" in value else "ipv4-addr:value"
    two = [claim(who, at, item=Item(path, value)) for who, at in ((AUREL, 0), (BOREA, 0.5))]
    decision = decide(dossier(*two), RULES, NOW)
    assert decision.level is Level.NOTED
    assert Rule.FLOOR in rules_in(decision)


@pytest.mark.parametrize(
    ("own", "item"),
    [
        ("network 198.51.100.0/24", ADDRESS),
        ("domain example.org", Item("domain-name:value", "vote.example.org")),
        ("domain example.org", Item("url:value", "https://vote.example.org/x")),
        ("domain example.org", Item("email-addr:value", "clerk@example.org")),
    ],
)
def test_a02_our_own_assets_alert_and_never_act(own, item):
    two = [claim(who, at, item=item) for who, at in ((AUREL, 0), (BOREA, 0.5))]
    rules = replace(RULES, own=Assets.parse(own))
    decision = decide(dossier(*two), rules, NOW)
    assert decision.level is Level.ALERTING
    assert Rule.OWN_ASSET in rules_in(decision)
    assert decide(dossier(*two), RULES, NOW).level is Level.ACTIONABLE


def test_a02_a_veto_binds_for_what_the_charter_registers():
    veto = objection(BOREA, TWO[0], stance=Stance.VETO)
    rules = replace(RULES, registered=registered(BOREA, "198.51.100.0/24"))
    decision = decide(dossier(*TWO, objections=[veto]), rules, NOW)
    assert decision.level is Level.NOTED
    assert "vetoed it for its registered network 198.51.100.0/24" in words_in(decision)


def test_a_veto_for_foreign_assets_is_a_dispute():
    veto = objection(DUNE, TWO[0], stance=Stance.VETO)
    rules = replace(RULES, registered=registered(BOREA, "198.51.100.0/24"))
    decision = decide(dossier(*TWO, objections=[veto]), rules, NOW)
    assert decision.level is Level.ALERTING
    assert decision.needed == 3
    assert Rule.VETO not in rules_in(decision)


def test_no_veto_stops_a_nodes_own_detections():
    own = claim(CEDAR, 0)
    veto = objection(BOREA, own, stance=Stance.VETO)
    rules = replace(RULES, registered=registered(BOREA, "198.51.100.0/24"))
    decision = decide(dossier(own, objections=[veto]), rules, NOW)
    assert decision.level is Level.ALERTING
    assert Rule.OWN_DETECTION in rules_in(decision)


def test_a_dispute_asks_for_one_more_origin():
    dispute = objection(CEDAR, TWO[0])
    assert decide(dossier(*TWO, objections=[dispute]), RULES, NOW).level is Level.ALERTING
    three = (*TWO, claim(DUNE, 0.7))
    assert decide(dossier(*three, objections=[dispute]), RULES, NOW).level is Level.ACTIONABLE


def test_a33_a_retraction_counts_from_its_issuer_only():
    stranger = objection(DUNE, TWO[0], stance=Stance.RETRACTION)
    decision = decide(dossier(*TWO, objections=[stranger]), RULES, NOW)
    assert decision.origins == (AUREL, BOREA)
    assert Rule.DISPUTED in rules_in(decision)
    own = objection(AUREL, TWO[0], stance=Stance.RETRACTION)
    assert decide(dossier(*TWO, objections=[own]), RULES, NOW).origins == (BOREA,)


def test_what_all_took_back_raises_nothing():
    taken_back = [objection(each.said.issuer, each, stance=Stance.RETRACTION) for each in TWO]
    decision = decide(dossier(*TWO, objections=taken_back), RULES, NOW)
    assert decision.level is Level.NOTED
    assert "who said so took it back" in words_in(decision)


def test_a34_saying_again_what_was_taken_back_is_no_origin():
    again = claim(AUREL, 20, name="again", readers=(CEDAR,))
    taken_back = objection(AUREL, TWO[0], stance=Stance.RETRACTION)
    decision = decide(dossier(*TWO, again, objections=[taken_back]), RULES, NOW)
    assert decision.origins == (BOREA,)
    assert "it counts no more" in words_in(decision)


def test_time_takes_first_the_acting_and_then_the_alerting():
    here = dossier(*TWO)
    levels = [decide(here, RULES, NOW + timedelta(days=days)).level for days in (0, 31, 91)]
    assert levels == [Level.ACTIONABLE, Level.ALERTING, Level.NOTED]


def test_a_decision_says_when_time_alone_may_change_it():
    here, now, seen = dossier(*TWO), NOW, []
    while (decision := decide(here, RULES, now)).due is not None:
        just_before = decision.due - timedelta(seconds=1)
        assert decide(here, RULES, just_before).level is decision.level
        seen.append(decision.level)
        now = decision.due
    assert seen[0] is Level.ACTIONABLE
    assert decide(here, RULES, now).level is Level.NOTED


def test_what_ran_out_by_its_own_word_raises_nothing():
    until = NOW + timedelta(minutes=1)
    short = dossier(claim(AUREL, until=until), claim(BOREA, 0.5, until=until))
    assert decide(short, RULES, NOW).level is Level.ACTIONABLE
    later = decide(short, RULES, until)
    assert later.level is Level.NOTED
    assert Rule.EXPIRED in rules_in(later)


def test_an_import_ages_from_when_its_source_made_it_valid():
    old = claim(AUREL, 0, basis=Basis.IMPORT, source="cisa")
    old = replace(old, since=NOW - timedelta(days=3600))
    assert decide(dossier(old), RULES, NOW).level is Level.NOTED


@pytest.mark.parametrize(
    "item",
    [
        Item("file:name", "svchost.exe"),
        Item("stix-pattern", "ab" * 32),
        Item("ipv4-addr:value", "not an address"),
        Item("domain-name:value", 'evil.example\n* CNAME "'),
        Item("url:value", "http://x.example/\nalert"),
    ],
)
def test_what_is_not_specific_alerts_and_never_acts(item):
    two = [claim(who, at, item=item) for who, at in ((AUREL, 0), (BOREA, 0.5))]
    decision = decide(dossier(*two), RULES, NOW)
    assert decision.level is Level.ALERTING
    assert Rule.UNSPECIFIC in rules_in(decision)


def fakes(issuer, count, sort_item="198.51.{}.{}"):
    return [
        claim(
            issuer,
            0,
            item=Item("ipv4-addr:value", sort_item.format(n // 250, n % 250)),
            name=str(n),
        )
        for n in range(count)
    ]


def test_a03_an_issuer_of_many_false_words_loses_its_influence():
    wrong = [
        dossier(fake, objections=[objection(CEDAR, fake), objection(DUNE, fake)])
        for fake in fakes(AUREL, 1_000)
    ]
    assert decide(dossier(*TWO), RULES, NOW).level is Level.ACTIONABLE
    decision = decide(dossier(*TWO), judged(wrong[:5]), NOW)
    assert decision.origins == (BOREA,)
    assert decide(dossier(claim(AUREL)), judged(wrong), NOW).level is Level.NOTED


def test_a58_a_long_good_record_buys_no_promotion():
    good = [
        dossier(
            fake, claim(BOREA, 0.5, item=fake.item), claim(CEDAR, 0.6, item=fake.item)
        )
        for fake in fakes(AUREL, 1_000)
    ]  # fmt: skip
    rules = judged(good)
    assert rules.ledger[AUREL, "address"].confirmed == 1_000
    poison = claim(AUREL, 10, item=Item("ipv4-addr:value", "192.0.2.1"))
    assert decide(dossier(poison), rules, NOW).level is Level.ALERTING


def test_a58_a_good_record_in_one_class_covers_no_other():
    cheap = [
        dossier(*(claim(who, at, item=Item("file:hashes.MD5", f"{n:032x}"), name=str(n))
                  for who, at in ((AUREL, 0), (BOREA, 0.5))))
        for n in range(100)
    ]  # fmt: skip
    wrong = [
        dossier(fake, objections=[objection(CEDAR, fake), objection(DUNE, fake)])
        for fake in fakes(AUREL, 5)
    ]
    rules = judged([*cheap, *wrong])
    assert not rules.is_poor(AUREL, "file")
    assert rules.is_poor(AUREL, "address")


def test_a59_who_disputes_what_others_find_loses_the_weight_of_its_disputes():
    true = [
        dossier(fake, claim(BOREA, 0.5, item=fake.item, name=str(n)),
                objections=[objection(DUNE, fake)])
        for n, fake in enumerate(fakes(AUREL, 100))
    ]  # fmt: skip
    dispute = objection(DUNE, TWO[0])
    before = decide(dossier(*TWO, objections=[dispute]), RULES, NOW)
    after = decide(dossier(*TWO, objections=[dispute]), judged(true), NOW)
    assert (before.level, after.level) == (Level.ALERTING, Level.ACTIONABLE)


def test_a59_one_disputer_alone_refutes_nobody():
    doubted = [dossier(fake, objections=[objection(DUNE, fake)]) for fake in fakes(AUREL, 100)]
    assert not judged(doubted).is_poor(AUREL, "address")


def test_a60_a_fabricated_finding_is_shown_as_the_word_of_one():
    decision = decide(dossier(claim(AUREL)), RULES, NOW)
    assert "1 independent origin of 2" in words_in(decision)


def test_who_lists_everything_does_not_turn_the_findings_of_others_into_echoes():
    flood = claim(DUNE, -600, name="flood")
    late = [claim(AUREL, 0), claim(BOREA, 0.5)]
    assert decide(dossier(flood, *late), RULES, NOW).level is Level.ALERTING
    wrong = [
        dossier(fake, objections=[objection(CEDAR, fake), objection(AUREL, fake)])
        for fake in fakes(DUNE, 10)
    ]
    assert decide(dossier(flood, *late), judged(wrong), NOW).level is Level.ACTIONABLE


def test_a_statement_of_ten_thousand_values_and_more_is_nobodys_detection():
    bulk = claim(BOREA, 0.5, items=10_001)
    decision = decide(dossier(claim(AUREL), bulk), RULES, NOW)
    assert decision.origins == (AUREL,)
    assert Rule.BULK in rules_in(decision)


def test_every_reason_that_withholds_stands_before_those_that_do_not():
    decision = decide(dossier(claim(AUREL), claim(BOREA, 5)), RULES, NOW)
    ceilings = [reason.ceiling for reason in decision.reasons]
    assert ceilings == sorted(ceilings)
    assert all(reason.words for reason in decision.reasons)


def test_a_registered_domain_covers_its_subdomains_and_no_look_alike():
    own = registered(BOREA, "example.org", AssetKind.DOMAIN)[BOREA]
    assert own.why_own(Item("domain-name:value", "vote.example.org"))
    assert not own.why_own(Item("domain-name:value", "notexample.org"))


def test_the_members_are_four():
    assert len(set(MEMBERS)) == 4


def test_an_exercise_with_invented_values_spoils_nobody_s_record():
    invented = [Item("ipv4-addr:value", f"203.0.113.{last}") for last in range(1, 9)]
    real = [Item("ipv4-addr:value", f"100.64.0.{last}") for last in range(1, 9)]
    for items, spoils in ((invented, False), (real, True)):
        lists = Lists(**{f"list {each.value}": (each.value, False) for each in items})
        rules = replace(RULES, benign=lists)
        named = [dossier(claim(AUREL, item=each, name=each.value)) for each in items]
        assert all(decide(each, rules, NOW).level is Level.NOTED for each in named)
        assert judged(named, rules).is_poor(AUREL, "address") is spoils
