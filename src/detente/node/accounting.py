"""The ledger and the situation report of one node, drawn from the statements it holds."""

from collections.abc import Iterator
from datetime import UTC, datetime

from detente.errors import EnvironmentFault, InputError, UnitError
from detente.node.acting import Acting
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.reading import entry_of
from detente.node.responding import Responder, Written
from detente.response import Asked, Line, Sort, account, flat, question_of
from detente.response.situation import Picture, Released, picture_of
from detente.signing import JsonValue, format_time, parse_strict
from detente.statements import Handling, Sealed, decode_object, parse_entry, readers_of
from detente.storage.accounts import Confirmations
from detente.storage.model import StoredStatement
from detente.watch import is_false_positive

_PAGE = 1_000
_QUESTIONS_MAX = 1_000
_TITLED = frozenset(("indicator", "incident", "report", "case", "claim", "question", "accord"))


class Accounting:
    """What was given and got, as one node's record shows it.

    Args:
        home: open.
        responder: of the node, brought up.
    """

    def __init__(self, home: Home, responder: Responder) -> None:
        self._home = home
        self._responder = responder

    def ledger(self, period: str, now: datetime) -> dict[str, dict[str, int]]:
        """Return the ledger of one month: partner id -> column -> count.

        Raises:
            InputError: a period that is no month.
            StorageFault: the disk or the database refused.
        """
        first_of(period)
        Acting(self._home, now=lambda: now).bring_up()
        lines = list(self._lines())
        return account(lines, self._asked(period, now), me=self._responder.me, period=period)

    def publish(self, period: str, now: datetime) -> Written:
        """Say the ledger of one month to the unit, signed like everything said.

        Raises:
            InputError: a month that is not over, or is said already.
            As `Responder.open`.
        """
        if now < month_after(first_of(period)):
            raise InputError(f"{period} is not over", remedy="Say the month before")
        if self.said_of(period):
            raise InputError(
                f"the ledger of {period} was said already",
                remedy="What it said stands; say what is new with the next month",
            )
        body: dict[str, JsonValue] = {
            "title": f"Ledger {period}",
            "with": "unit",
            "tlp": "amber",
            "period": period,
            "figures": {**flat(self.ledger(period, now))},
            "words": "What we gave and got, as our own record shows it.",
        }
        return self._responder.open(Sort.LEDGER, body)

    def said_of(self, period: str) -> str:
        """Return the id of the statement in which this member said a month's ledger, or ""."""
        for row in self._responder.shelf.threads(Sort.LEDGER.value, limit=_PAGE):
            if row.author == self._responder.me and row.title == f"Ledger {period}":
                return self._responder.statement_of(row.id).get(row.id, "")
        return ""

    def picture(self, since: datetime, until: datetime, names: dict[str, str]) -> Picture:
        """Return the joint picture of a period from what members released."""
        charter = self._home.charter
        return picture_of(
            self._released(),
            names=names,
            members=() if charter is None else charter.member_ids,
            since=since,
            until=until,
        )

    def say_picture(self, picture: Picture, *, title: str, period: str, words: str) -> Written:
        """Say a picture to the unit; raises as `Responder.open`."""
        body: dict[str, JsonValue] = {
            "title": title,
            "with": "unit",
            "tlp": "amber",
            "period": period,
            "lines": [{"words": each, "about": [*about]} for each, about in picture.lines[:64]],
            "withheld": {**picture.withheld},
            "words": words,
        }
        return self._responder.open(Sort.SITUATION, body)

    def record(self) -> Iterator[dict[str, JsonValue]]:
        """Yield the header of every statement: who said something of which size, to whom, when.

        No content, no title and no value: what an overseer sees.
        """
        for stored in self._stored():
            statement = parse_entry(entry_of(self._home, stored))
            says = statement.header.says
            row: dict[str, JsonValue] = {
                "id": stored.row.payload_hash,
                "issuer": stored.row.issuer,
                "origin": stored.row.origin,
                "index": stored.row.seq,
                "time": format_time(stored.row.said_at),
                "kind": stored.row.kind,
            }
            if isinstance(says, Sealed):
                audience = says.audience
                row["audience"] = audience if isinstance(audience, str) else list(audience)
                row["commitment"] = says.commitment
                row["bytes"] = says.size
            yield row

    def _stored(self) -> Iterator[StoredStatement]:
        after = 0
        while page := self._home.index.statements(after=after, limit=_PAGE):
            yield from page
            after = page[-1].number

    def _lines(self) -> Iterator[Line]:
        confirmations = Confirmations(self._home.database)
        charter = self._home.charter
        members = () if charter is None else tuple(charter.member_ids)
        for stored in self._stored():
            row = stored.row
            about: tuple[str, ...] = ()
            harmless = False
            if row.kind == "sighting":
                about, harmless = self._sighting(stored)
                about = (*about, *confirmations.named_by(stored.number))
            yield Line(
                id=row.payload_hash,
                issuer=row.issuer,
                kind=row.kind,
                said=row.said_at,
                readers=self._readers(stored, members),
                about=tuple(sorted(set(about))),
                harmless=harmless,
            )

    def _readers(self, stored: StoredStatement, members: tuple[str, ...]) -> frozenset[str]:
        if stored.row.issuer != self._responder.me or stored.row.ciphertext is None:
            return frozenset()
        header = parse_entry(entry_of(self._home, stored)).header
        try:
            return frozenset(readers_of(header, members))
        except UnitError:
            says = header.says
            named = says.audience if isinstance(says, Sealed) else ()
            return frozenset() if isinstance(named, str) else frozenset(named)

    def _sighting(self, stored: StoredStatement) -> tuple[tuple[str, ...], bool]:
        leaves = self._leaves(stored)
        if not leaves:
            return (), False
        try:
            handling = Handling.parse(leaves[0])
            return handling.about, is_false_positive(decode_object(leaves[1]))
        except (UnitError, IndexError):
            return (), False

    def _leaves(self, stored: StoredStatement) -> list[bytes]:
        try:
            found = leaves_of(self._home, parse_entry(entry_of(self._home, stored)))
            return [] if found is None else [leaf.data for _, leaf in found.read()]
        except EnvironmentFault:
            raise
        except UnitError:
            return []

    def _released(self) -> Iterator[Released]:
        for stored in self._stored():
            row = stored.row
            if row.ciphertext is None:
                continue
            title = self._title(stored) if row.kind in _TITLED else ""
            yield Released(row.payload_hash, row.issuer, row.kind, row.said_at, title)

    def _title(self, stored: StoredStatement) -> str:
        leaves = self._leaves(stored) if stored.objects == 1 else []
        if len(leaves) < 2:  # noqa: PLR2004 - the handling and an object
            return ""
        value = parse_strict(leaves[1])
        found = value.get("name") or value.get("content") if isinstance(value, dict) else ""
        line = str(found or "").splitlines()[0:1]
        return "".join(sign for sign in "".join(line) if sign.isprintable())[:60]

    def _asked(self, period: str, now: datetime) -> Iterator[Asked]:
        charter = self._home.charter
        members = () if charter is None else charter.member_ids
        for row in self._responder.shelf.threads(Sort.QUESTION.value, limit=_QUESTIONS_MAX):
            question = question_of(self._responder.read(row.id), members)
            if question.due.strftime("%Y-%m") == period and question.is_overdue(now):
                yield Asked(question.asker, question.unanswered)


def first_of(period: str) -> datetime:
    """Return when a month as 2026-11 begins, in UTC; raises InputError."""
    try:
        return datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise InputError(f"{period[:20]!r} is no month", remedy="Write 2026-11") from None


def month_after(first: datetime) -> datetime:
    """Return when the month after one begins, of when that one begins."""
    year, month = divmod(first.year * 12 + first.month, 12)
    return first.replace(year=year, month=month + 1)
