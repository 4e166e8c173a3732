"""What comes of habit and comes no longer: a source that falls silent, a field that is gone.

For every source, every log in it and every field that rules ask, the longest pause is
learnt: of sources and logs in seconds, of fields in events of their kind. What stays
away longer than a few times its longest pause is told, once until it comes again. Time
during which nobody watched is no pause. How much one pause may teach is bounded, so
that a long one does not buy a longer one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from detente.watch.coverage.facts import has_value
from detente.watch.kernel import CHANNEL, EVENT_ID, SOURCE, Event, plain_name, text_of

_NAMES_MAX = 4_096  # of one kind of event, in the spellings that came
_LABEL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Habits:
    """When something counts as a habit, and its absence as worth telling.

    Attributes:
        times: of the longest pause known, after which absence is told.
        pause_least_s: a shorter absence of a source or log is never told.
        learning_s: a source or log is not missed before it has come for so long.
        arrivals_least: nor before it has come so often.
        run_least: a field absent in fewer events is never told.
        events_least: nor one that came in fewer events.
        remembered_s: a pause is remembered for so long, and for up to as long again.
        followed_max: logs and kinds of events that are followed; others are counted.
    """

    times: float = 3.0
    pause_least_s: float = 900.0
    learning_s: float = 86_400.0
    arrivals_least: int = 20
    run_least: int = 1_000
    events_least: int = 100
    remembered_s: float = 7 * 86_400.0
    followed_max: int = 2_000


class Missing(StrEnum):
    """What stays away."""

    SOURCE = "source"
    LOG = "log"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Absence:
    """Something that came of habit and stays away.

    Attributes:
        what: a source, a log or a field.
        source: the operator's name of the source.
        log: channel and number of Windows events, or product, service and category; empty
            for a whole source.
        name: of the field, in plain form; empty otherwise.
        since: seconds since 1970 when it came last.
        absent: for how long by now: seconds, for a field events of its kind.
        longest: the longest pause known, in the same unit.
        allowed: what would not have been told, in the same unit.
    """

    what: Missing
    source: str
    log: str
    name: str
    since: float
    absent: float
    longest: float
    allowed: float


@dataclass(slots=True)
class Pauses:
    """How long something stayed away at most.

    Attributes:
        now: in the current stretch of time.
        before: in the one before.
    """

    now: float = 0.0
    before: float = 0.0

    @property
    def longest(self) -> float:
        """The longest that is remembered."""
        return max(self.now, self.before)

    def turn(self) -> None:
        """Begin another stretch of time."""
        self.before, self.now = self.now, 0.0


@dataclass(slots=True)
class _Coming:
    """A source or a log: when it came."""

    first: float
    last: float
    arrivals: int = 1
    pauses: Pauses = field(default_factory=Pauses)
    is_told: bool = False

    def come(self, now: float, allowed: float) -> None:
        self.pauses.now = max(self.pauses.now, min(now - self.last, allowed))
        self.last = max(self.last, now)
        self.arrivals += 1
        self.is_told = False


@dataclass(slots=True)
class _Field:
    """A field in one kind of event; `last` is the number of the last event that had it."""

    last: int
    at: float
    count: int = 1
    pauses: Pauses = field(default_factory=Pauses)
    is_told: bool = False


@dataclass(slots=True)
class _Kind:
    """One kind of event at one source."""

    count: int = 0
    at: float = 0.0
    fields: dict[str, _Field] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # as events write it -> plain, if asked


class _At(NamedTuple):
    source: str
    log: str


class Rhythms:
    """Learns what comes of habit; tells what stays away.

    Args:
        asked: names in plain form of the fields that rules ask; no others are followed.
        habits: when something is told.
    """

    def __init__(self, asked: Iterable[str], habits: Habits | None = None) -> None:
        self._asked = frozenset(asked)
        self._habits = habits or Habits()
        self._coming: dict[_At, _Coming] = {}
        self._kinds: dict[_At, _Kind] = {}
        self._turned: float | None = None
        self._until: float | None = None
        self.unfollowed = 0

    def resume(self, now: float) -> None:
        """Begin to watch again: what nobody watched meanwhile was no pause."""
        if self._until is not None and now > self._until:
            away = now - self._until
            for coming in self._coming.values():
                coming.first += away
                coming.last += away
        self._until = now

    def observe(self, source: str, events: Sequence[Event], *, now: float) -> None:
        """Note the events that a source gave.

        Args:
            source: the operator's name.
            events: in order.
            now: seconds since 1970, when they came; never goes back.
        """
        if not events:
            return
        self._until = now
        logs: dict[str, None] = {}
        for event in events:
            log, kind = labels(event)
            logs[log] = None
            self._note(_At(source, kind), event, now)
        for log in ("", *logs):
            self._come(_At(source, log), now)

    def due(self, now: float) -> list[Absence]:
        """Return what stays away by now and was not told yet."""
        self._until = now
        self._turn(now)
        found = [*self._silent(now), *self._gone()]
        return sorted(found, key=lambda each: (each.source, each.what, each.log, each.name))

    def unlearnt(self) -> dict[str, float]:
        """Return the sources that are no habit yet, and when each came last."""
        return {
            at.source: each.last
            for at, each in self._coming.items()
            if not at.log and not self._is_habit(each)
        }

    def state(self) -> dict[str, Any]:
        """Return what was learnt, as JSON can carry it."""
        return {
            "until": self._until,
            "turned": self._turned,
            "coming": [[*at, asdict(each)] for at, each in self._coming.items()],
            "kinds": [[*at, asdict(each)] for at, each in self._kinds.items()],
        }

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from what was learnt before.

        Raises:
            ValueError: it is no state of this form.
        """
        try:
            self._until, self._turned = state["until"], state["turned"]
            for source, log, said in state["coming"]:
                pauses = Pauses(**said.pop("pauses"))
                self._coming[_At(source, log)] = _Coming(**said, pauses=pauses)
            for source, log, said in state["kinds"]:
                fields = {
                    name: _Field(**{**one, "pauses": Pauses(**one["pauses"])})
                    for name, one in said.pop("fields").items()
                }
                self._kinds[_At(source, log)] = _Kind(**said, fields=fields)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a state of rhythms: {error}") from None

    def _come(self, at: _At, now: float) -> None:
        coming = self._coming.get(at)
        if coming is not None:
            coming.come(now, self._allowed_s(coming))
        elif not at.log or len(self._coming) < self._habits.followed_max:
            self._coming[at] = _Coming(now, now)
        else:
            self.unfollowed += 1

    def _note(self, at: _At, event: Event, now: float) -> None:
        kind = self._kinds.get(at)
        if kind is None:
            if len(self._kinds) >= self._habits.followed_max:
                self.unfollowed += 1
                return
            kind = self._kinds[at] = _Kind()
        kind.count += 1
        kind.at = now
        for name in event:
            plain = kind.names.get(name)
            if plain is None:
                plain = self._plain(kind, name)
            if plain and has_value(event[name]):
                self._note_field(kind, plain, now)

    def _plain(self, kind: _Kind, name: str) -> str:
        plain = plain_name(name) if name[:1] != "_" else ""
        plain = plain if plain in self._asked else ""
        if len(kind.names) < _NAMES_MAX:
            kind.names[name] = plain
        return plain

    def _note_field(self, kind: _Kind, plain: str, now: float) -> None:
        one = kind.fields.get(plain)
        if one is None:
            kind.fields[plain] = _Field(kind.count, now)
            return
        run = kind.count - one.last - 1
        if run < 0:
            return  # the same event, under another spelling
        if run > one.pauses.now:
            one.pauses.now = min(run, self._allowed_run(one))
        one.last, one.at, one.is_told = kind.count, now, False
        one.count += 1

    def _allowed_s(self, coming: _Coming) -> float:
        return max(self._habits.pause_least_s, self._habits.times * coming.pauses.longest)

    def _allowed_run(self, one: _Field) -> float:
        return max(self._habits.run_least, self._habits.times * one.pauses.longest)

    def _silent(self, now: float) -> Iterator[Absence]:
        silent = {at for at, each in self._coming.items() if self._is_silent(each, now)}
        for at in sorted(silent):
            coming = self._coming[at]
            is_part = bool(at.log) and _At(at.source, "") in silent  # the source says it all
            if not coming.is_told and not is_part:
                coming.is_told = True
                yield Absence(
                    Missing.LOG if at.log else Missing.SOURCE,
                    at.source,
                    at.log,
                    "",
                    coming.last,
                    now - coming.last,
                    coming.pauses.longest,
                    self._allowed_s(coming),
                )

    def _is_habit(self, coming: _Coming) -> bool:
        return (
            coming.last - coming.first >= self._habits.learning_s
            and coming.arrivals >= self._habits.arrivals_least
        )

    def _is_silent(self, coming: _Coming, now: float) -> bool:
        return self._is_habit(coming) and now - coming.last > self._allowed_s(coming)

    def _gone(self) -> Iterator[Absence]:
        for at, kind in self._kinds.items():
            for name, one in kind.fields.items():
                run, allowed = kind.count - one.last, self._allowed_run(one)
                if one.is_told or one.count < self._habits.events_least or run <= allowed:
                    continue
                one.is_told = True
                longest = one.pauses.longest
                yield Absence(Missing.FIELD, *at, name, one.at, run, longest, allowed)

    def _turn(self, now: float) -> None:
        """Let pauses that were long ago be forgotten, and what came once and never again."""
        if self._turned is None:
            self._turned = now
        if now - self._turned < self._habits.remembered_s:
            return
        before, self._turned = self._turned, now
        for coming in self._coming.values():
            coming.pauses.turn()
        for kind in self._kinds.values():
            for one in kind.fields.values():
                one.pauses.turn()
        self._forget(before)

    def _forget(self, before: float) -> None:
        least = self._habits.arrivals_least
        self._coming = {
            at: each
            for at, each in self._coming.items()
            if each.last >= before or each.arrivals >= least
        }
        self._kinds = {
            at: each
            for at, each in self._kinds.items()
            if each.at >= before or each.count >= self._habits.events_least
        }


def labels(event: Event) -> tuple[str, str]:
    """Return the log an event is of, and its kind there, in words."""
    said = event.get(SOURCE)
    if said is None:
        log = _word(event.get(CHANNEL))
        return log, f"{log} {_word(event.get(EVENT_ID))}".strip()
    entries = said if isinstance(said, list) else [said]
    first = entries[0] if entries and isinstance(entries[0], Mapping) else {}
    log = "/".join(_word(first.get(name)) or "-" for name in ("product", "service", "category"))
    return log, log


def _word(value: object) -> str:
    items: Collection[object] = value if isinstance(value, list | tuple) else (value,)
    first = next((item for item in items if item is not None), None)
    return "" if first is None else text_of(first)[:_LABEL_CHARACTERS]
