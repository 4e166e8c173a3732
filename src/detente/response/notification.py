"""Who is told what, by which channel, when: a pure plan.

A channel carries no more than its label allows: where a notice is closer held, the channel
says that there is one and where to read it, and nothing of it. Quiet hours hold back what
is below a level; a storm is cut and told as a count; what nobody confirms goes to the next
step.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from enum import StrEnum

from detente.response.forms import Level
from detente.statements.markings import Tlp

SMS_CHARS_MAX = 160
TEXT_CHARS_MAX = 4_000


class Sort(StrEnum):
    """How a channel reaches people."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to people.

    Attributes:
        name: in the settings.
        sort: mail, webhook or sms.
        most: the strictest label that it may carry.
    """

    name: str
    sort: Sort
    most: Tlp


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which a person is told only what is at least of a level.

    Attributes:
        start: local.
        end: local; before `start` where it is past midnight.
        zone: of both.
        least: what breaks them.
    """

    start: time
    end: time
    zone: tzinfo
    least: Level = Level.CRITICAL

    def holds_back(self, level: Level, now: datetime) -> bool:
        """Say whether a notice of a level waits at this moment."""
        here = now.astimezone(self.zone).time()
        if self.start <= self.end:
            is_quiet = self.start <= here < self.end
        else:
            is_quiet = here >= self.start or here < self.end
        return is_quiet and level.rank < self.least.rank


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told.

    Attributes:
        name: as in the call tree.
        phone: for people who call; "" where there is none.
        reached: name of a channel -> address on it.
        quiet: None where there are no quiet hours.
    """

    name: str
    phone: str
    reached: Mapping[str, str]
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the escalation.

    Attributes:
        after_minutes: since the notice was made.
        people: names.
    """

    after_minutes: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How an office notifies.

    Attributes:
        node: how the office calls this node in what it sends.
        channels: by name.
        people: by name.
        steps: ascending by time.
        per_hour: most notices to one address within an hour.
    """

    node: str
    channels: Mapping[str, Channel] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    per_hour: int = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people are to be told.

    Attributes:
        number: typed to confirm it.
        level: how bad it is.
        tlp: of its words.
        title: one line.
        text: the words.
        made: when.
    """

    number: int
    level: Level
    tlp: Tlp
    title: str
    text: str
    made: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes to one address.

    Attributes:
        channel: name.
        sort: of the channel.
        address: on it.
        person: who is told.
        subject: one line.
        text: what the channel may carry.
    """

    channel: str
    sort: Sort
    address: str
    person: str
    subject: str
    text: str


def letters_of(
    plan: Plan, notice: Notice, step: int, *, sent: Mapping[str, int], now: datetime
) -> tuple[Letter, ...]:
    """Return what goes out at one step of a notice.

    Args:
        plan: of the office.
        notice: what is told.
        step: its index.
        sent: address -> letters within the last hour.
        now: for quiet hours.
    """
    found: list[Letter] = []
    people = plan.steps[step].people if step < len(plan.steps) else ()
    for name in people:
        person = plan.people[name]
        if person.quiet is not None and person.quiet.holds_back(notice.level, now):
            continue
        for channel_name, address in sorted(person.reached.items()):
            count = sent.get(address, 0)
            if count >= plan.per_hour:
                continue
            is_last = count == plan.per_hour - 1
            channel = plan.channels[channel_name]
            found.append(_letter(plan, notice, channel, person, address, is_last=is_last))
    return tuple(found)


def held_back(plan: Plan, notice: Notice, step: int, now: datetime) -> bool:
    """Say whether everybody of a step has quiet hours: then the notice waits for their end."""
    people = plan.steps[step].people if step < len(plan.steps) else ()
    quiet = [plan.people[name].quiet for name in people]
    return bool(quiet) and all(
        each is not None and each.holds_back(notice.level, now) for each in quiet
    )


def call_tree(plan: Plan) -> str:
    """Return who calls whom, in words to print: it works when nothing else does."""
    lines = [f"Call tree of {plan.node}", ""]
    for number, step in enumerate(plan.steps, start=1):
        lines.append(f"{number}. after {step.after_minutes} minutes without an answer:")
        for name in step.people:
            person = plan.people[name]
            lines.append(f"   [ ] {person.name}  {person.phone or 'no number'}  time: ______")
    return "\n".join([*lines, "", "Write down who answered, and when.", ""])


def one_line(text: str) -> str:
    """Return a text as the one line of a header, cut to 200 characters."""
    # What a partner wrote must not write a header of its own.
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)[:200]


def _letter(
    plan: Plan, notice: Notice, channel: Channel, person: Person, address: str, *, is_last: bool
) -> Letter:
    may_carry = notice.tlp <= channel.most
    head = f"[{notice.level}] notice {notice.number} of {plan.node}"
    subject = f"{head}: {notice.title}" if may_carry else head
    words = notice.text if may_carry else "Its content is not for this channel: read it there."
    label = f"TLP:{str(notice.tlp).upper()}" if may_carry else ""
    confirm = f"Confirm: detente notify confirm {notice.number}"
    storm = "More notices are held back for an hour: read them there." if is_last else ""
    parts = [label, words[:TEXT_CHARS_MAX], storm, confirm]
    text = "\n".join(each for each in parts if each)
    if channel.sort is Sort.SMS:
        text = f"{subject} #{notice.number}"[:SMS_CHARS_MAX]
    return Letter(
        channel=channel.name,
        sort=channel.sort,
        address=address,
        person=person.name,
        subject=one_line(subject),
        text=text,
    )
