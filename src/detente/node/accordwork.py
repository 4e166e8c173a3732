"""Accords at a node: proposed with the charter's quorum in them, signed, answered, reported."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detente.charter.quorum import governance_of
from detente.errors import InputError
from detente.node.home import Home
from detente.node.responding import Responder, Written
from detente.response import Accord, Allegation, Bench, Sort, accord_of
from detente.signing import JsonValue, format_time


class Accordwork:
    """The accords of one node.

    Args:
        home: open.
        responder: of the node, brought up.
    """

    def __init__(self, home: Home, responder: Responder) -> None:
        self._home = home
        self._responder = responder

    @property
    def quorum(self) -> int:
        """The charter's quorum: how many of the unit have to sign, and to judge.

        Raises:
            InputError: this node belongs to no unit.
        """
        charter = self._home.charter
        if charter is None:
            raise InputError("this node belongs to no unit", remedy="See `detente charter --help`")
        return governance_of(charter).q

    def propose(self, terms: Mapping[str, JsonValue]) -> Written:
        """Propose an accord to the unit; who proposes it has not signed it.

        Raises:
            InputError: a start that is not before its end, or a party that is no member.
            As `Responder.open`.
        """
        _check_terms(terms, self._members())
        body = {**terms, "quorum": self.quorum, "with": "unit"}
        return self._responder.open(Sort.ACCORD, body)

    def sign(self, name: str, words: str) -> Written:
        """Sign the terms of an accord.

        Raises:
            InputError: they carry another quorum than the charter's.
            As `Responder.add`.
        """
        row = self._responder.find(Sort.ACCORD, name)
        opening = self._responder.read(row.id).opening
        if opening.whole("quorum") != self.quorum:
            raise InputError(
                f"the terms say that {opening.whole('quorum')} sign, the charter's quorum is "
                f"{self.quorum}",
                remedy="Propose it anew under this charter",
            )
        body: dict[str, JsonValue] = {"terms": row.id}
        return self._responder.add(row.id, "sign", body | ({"words": words} if words else {}))

    def read(self, name: str, now: datetime) -> Accord:
        """Return an accord as it stands now; raises as `Responder.find`."""
        row = self._responder.find(Sort.ACCORD, name)
        bench = Bench(members=frozenset(self._members()), quorum=0)
        thread = self._responder.read(row.id)
        bench = Bench(members=bench.members, quorum=thread.opening.whole("quorum"))
        return accord_of(thread, bench, now)

    def report(self, name: str, period: str, words: str, now: datetime) -> Written:
        """Say how an accord was kept, counted from its entries; raises as `Responder.add`."""
        accord = self.read(name, now)
        body: dict[str, JsonValue] = {
            "period": period,
            "figures": {**accord.figures()},
            "words": words,
        }
        return self._responder.add(accord.terms, "report", body)

    def _members(self) -> Sequence[str]:
        charter = self._home.charter
        return () if charter is None else tuple(charter.member_ids)


def describe_accord(accord: Accord, names: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return an accord as a JSON document."""

    def named(members: frozenset[str]) -> list[JsonValue]:
        return [names.get(each, each) for each in sorted(members)]

    opening = accord.opening
    return {
        "id": accord.terms,
        "title": opening.text("title"),
        "standing": accord.standing.value,
        "parties": named(accord.parties),
        "observers": named(frozenset(opening.texts("observers"))),
        "signed": named(accord.signed),
        "quorum": opening.whole("quorum"),
        "start": opening.text("start"),
        "end": opening.text("end"),
        "zone": opening.text("zone"),
        "clauses": [*opening.texts("clauses")],
        "classes": [*opening.texts("classes")],
        "techniques": [*opening.texts("techniques")],
        "breach": opening.text("breach"),
        "shown_by": opening.text("shown"),
        "judges": opening.text("judges"),
        "suspended_by": named(accord.suspended_by),
        "allegations": [_allegation(each, names) for each in accord.allegations],
        "links": [
            {
                "entry": each.digest,
                "by": names.get(each.entry.author, each.entry.author),
                "clause": each.entry.whole("clause"),
                "about": each.entry.text("about"),
                "words": each.entry.text("words"),
            }
            for each in accord.links
        ],
        "reports": [
            {
                "by": names.get(each.entry.author, each.entry.author),
                "period": each.entry.text("period"),
                "figures": each.entry.body["figures"],
            }
            for each in accord.reports
        ],
        "figures": {**accord.figures()},
    }


def _allegation(found: Allegation, names: Mapping[str, str]) -> dict[str, JsonValue]:
    entry = found.placed.entry
    return {
        "entry": found.placed.digest,
        "by": names.get(entry.author, entry.author),
        "accused": names.get(found.accused, found.accused),
        "clause": entry.whole("clause"),
        "words": entry.text("words"),
        "evidence": [*entry.texts("evidence")],
        "outcome": found.outcome.value,
        "replies": [
            {"words": each.entry.text("words"), "evidence": [*each.entry.texts("evidence")]}
            for each in found.replies
        ],
        "judged": {names.get(who, who): verdict for who, verdict in found.judged.items()},
    }


def in_zone(text: str, zone: str) -> str:
    """Return a local time of a named zone as entries carry it.

    Raises:
        InputError: no such zone, or no time.
    """
    try:
        moment = datetime.fromisoformat(text)
        place = ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        raise InputError(
            f"there is no time zone {zone[:40]!r}", remedy="As Europe/Tirane"
        ) from None
    except ValueError:
        raise InputError(f"{text[:40]!r} is no time", remedy="Write 2026-11-03T18:00") from None
    return format_time(moment if moment.tzinfo else moment.replace(tzinfo=place))


def _check_terms(terms: Mapping[str, JsonValue], members: Sequence[str]) -> None:
    if str(terms["start"]) >= str(terms["end"]):
        raise InputError("an accord ends after it starts")
    parties, observers = terms["parties"], terms["observers"]
    if not isinstance(parties, list) or len(parties) < 2:  # noqa: PLR2004 - who else agrees?
        raise InputError("an accord has two parties or more", remedy="Name them with --party")
    if isinstance(observers, list) and set(map(str, observers)) & set(map(str, parties)):
        raise InputError("an observer is no party", remedy="Name each member once")
    if terms["judges"] == "observers" and not observers:
        raise InputError("observers judge, and none is named", remedy="Name them with --observer")
    strangers = {str(each) for each in parties} - set(members)
    if strangers:
        raise InputError("a party is no member of the unit")
