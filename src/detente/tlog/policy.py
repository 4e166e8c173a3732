"""Whose signatures make a checkpoint valid (C2SP tlog-policy, untagged)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from detente.tlog.checkpoint import Checkpoint
from detente.tlog.errors import NoteError, PolicyError
from detente.tlog.note import Note, SignedNote, Verified, open_signed
from detente.tlog.verifier import KeyType, Verifier, VerifierKey, WeakKey, parse_vkey

POLICY_BYTES_MAX = 1 << 20
DEFINITIONS_MAX = 1_024  # lines that define something; 32 of each kind must fit
NO_QUORUM = "none"
_KEYWORDS = frozenset({NO_QUORUM, "all", "any"})
_LOG_TYPES = frozenset({KeyType.ED25519, KeyType.MLDSA44})
_WITNESS_TYPES = frozenset({KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44})
_CONTROLS = frozenset(map(chr, set(range(0x20)) - {0x09, 0x0A})) | {"\x7f"}


@dataclass(frozen=True, slots=True)
class Group:
    """A set of witnesses and groups of which `threshold` must have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that satisfies a policy.

    Attributes:
        checkpoint: the tree.
        log: the log's keys that signed it, at least one.
        witnesses: the policy's names of the witnesses that cosigned, in its order.
        note: the opened note, with every counted key and its time.
    """

    checkpoint: Checkpoint
    log: tuple[Verifier, ...]
    witnesses: tuple[str, ...]
    note: Note


@dataclass(frozen=True, slots=True)
class Policy:
    """Known logs, known witnesses, and the quorum of them.

    Attributes:
        logs: each log's key, with its URL or "".
        witnesses: by the policy's own name, each with its URL or "".
        groups: by name.
        quorum: a witness, a group, or "none".
        weak: well-formed keys that no strict verifier relies on; their logs
            and witnesses stay named, and never count.
    """

    logs: Mapping[Verifier, str]
    witnesses: Mapping[str, tuple[Verifier | None, str]]
    groups: Mapping[str, Group]
    quorum: str
    weak: tuple[VerifierKey, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy file.

        Raises:
            PolicyError: a line that is not of the format, a malformed verifier key,
                a name used before it is defined or twice, a key used twice, no
                quorum or two.
        """
        draft = _Draft()
        for number, words in enumerate(_lines(text), start=1):
            if words:
                try:
                    draft.add(words)
                except (NoteError, PolicyError) as error:
                    raise PolicyError(f"line {number}: {error}") from None
        if draft.quorum is None:
            raise PolicyError("a policy has one quorum line, this one none")
        return cls(draft.logs, draft.witnesses, draft.groups, draft.quorum, tuple(draft.weak))

    def check(self, note: bytes) -> Witnessed:
        """Check that one of the logs signed a checkpoint and the quorum cosigned it.

        Raises:
            PolicyError: another log, or too few witnesses.
            NoteError: malformed, or a signature by a known key fails.
        """
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)
        logs = [log for log in self.logs if log.name == checkpoint.origin]
        if not logs:
            raise PolicyError(
                f"the policy names no key of the log {checkpoint.origin!r}",
                remedy="Add the log's verifier key to the policy if you mean to trust it",
            )
        cosigners = [key for key, _ in self.witnesses.values() if key is not None]
        opened = open_signed(signed, (*logs, *cosigners))
        by_log = tuple(one.verifier for one in opened.verified if one.verifier in logs)
        if not by_log:
            raise PolicyError(f"the log {checkpoint.origin!r} did not sign this checkpoint")
        return Witnessed(checkpoint, by_log, self._quorum(opened.verified), opened)

    def satisfied_by(self, witnesses: frozenset[str]) -> bool:
        """Say whether these witnesses, by the policy's names, are a quorum."""
        if self.quorum == NO_QUORUM:
            return True
        reached = {name: name in witnesses for name in self.witnesses}
        for name, group in self.groups.items():  # members stand before their group
            reached[name] = sum(reached[member] for member in group.members) >= group.threshold
        return reached[self.quorum]

    def _quorum(self, verified: Sequence[Verified]) -> tuple[str, ...]:
        # Time 0 means "says nothing about time": such a cosignature is no observation.
        cosigned = {one.verifier for one in verified if one.timestamp}
        present = tuple(name for name, (key, _) in self.witnesses.items() if key in cosigned)
        if not self.satisfied_by(frozenset(present)):
            raise PolicyError(
                f"the quorum {self.quorum!r} is not reached; cosigned by: "
                f"{', '.join(present) or 'nobody the policy names'}",
                remedy="Ask for a receipt under a checkpoint that more witnesses cosigned",
            )
        return present


@dataclass(slots=True)
class _Draft:
    """A policy while its lines are read."""

    logs: dict[Verifier, str] = field(default_factory=dict)
    witnesses: dict[str, tuple[Verifier | None, str]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    weak: list[VerifierKey] = field(default_factory=list)
    quorum: str | None = None
    keys: set[tuple[str, bytes]] = field(default_factory=set)
    grouped: set[str] = field(default_factory=set)

    def add(self, words: Sequence[str]) -> None:
        """Take one line.

        Raises:
            PolicyError: it does not fit.
            NoteError: its verifier key is malformed.
        """
        keyword, *rest = words
        reader = _READERS.get(keyword)
        if reader is None:
            raise PolicyError(f"a line begins with log, witness, group or quorum, not {keyword!r}")
        if len(self.keys) + len(self.groups) >= DEFINITIONS_MAX:
            raise PolicyError(f"more than {DEFINITIONS_MAX} definitions")
        reader(self, rest)

    def add_log(self, words: Sequence[str]) -> None:
        vkey, url = _with_url(words)
        verifier = self._key("log", vkey, _LOG_TYPES)
        if verifier is not None:
            self.logs[verifier] = url

    def add_witness(self, words: Sequence[str]) -> None:
        name, *rest = words or [""]
        vkey, url = _with_url(rest)
        self._new_name(name)
        self.witnesses[name] = (self._key("witness", vkey, _WITNESS_TYPES), url)

    def add_group(self, words: Sequence[str]) -> None:
        if len(words) <= len(("name", "threshold")):
            raise PolicyError("a group is written: group <name> all|any|<k> <member>...")
        name, count, *members = words
        self._new_name(name)
        for member in members:
            if not self._is_defined(member) or member in self.grouped:
                raise PolicyError(f"{member!r} is not defined before, or is a member already")
            self.grouped.add(member)
        self.groups[name] = Group(_threshold(count, len(members)), tuple(members))

    def add_quorum(self, words: Sequence[str]) -> None:
        if len(words) != 1 or self.quorum is not None:
            raise PolicyError("a policy has one line: quorum <name>")
        if words[0] != NO_QUORUM and not self._is_defined(words[0]):
            raise PolicyError(f"the quorum {words[0]!r} is not defined before")
        self.quorum = words[0]

    def _key(self, kind: str, vkey: str, types: frozenset[KeyType]) -> Verifier | None:
        key = parse_vkey(vkey)
        if key.key_type not in types:
            raise PolicyError(f"{key.name!r} has no key type of a {kind}: {key.key_type.name}")
        if (kind, key.public_key) in self.keys:
            raise PolicyError(f"the key of {kind} {key.name!r} stands in the policy twice")
        self.keys.add((kind, key.public_key))
        try:
            return Verifier(*key)
        except WeakKey:
            self.weak.append(key)
            return None

    def _new_name(self, name: str) -> None:
        if not name or name in _KEYWORDS or self._is_defined(name):
            raise PolicyError(f"{name!r} is reserved, or defined already")

    def _is_defined(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups


_READERS: Mapping[str, Callable[[_Draft, Sequence[str]], None]] = {
    "log": _Draft.add_log,
    "witness": _Draft.add_witness,
    "group": _Draft.add_group,
    "quorum": _Draft.add_quorum,
}


def _lines(text: str) -> list[list[str]]:
    """Cut a policy into words, comment and empty lines into none."""
    if len(text) > POLICY_BYTES_MAX:
        raise PolicyError(f"a policy has at most 1 MiB, this one {len(text)} characters")
    if not _CONTROLS.isdisjoint(text):
        raise PolicyError("a policy holds no control character but tab and line feed")
    lines = (line.replace("\t", " ").strip(" ") for line in text.split("\n"))
    return [[word for word in line.split(" ") if word and line[0] != "#"] for line in lines]


def _with_url(words: Sequence[str]) -> tuple[str, str]:
    match words:
        case [vkey]:
            return vkey, ""
        case [vkey, url]:
            return vkey, url
        case _:
            raise PolicyError("expected a verifier key and at most one URL after it")


def _threshold(text: str, members: int) -> int:
    match text:
        case "all":
            return members
        case "any":
            return 1
        case _ if text.isascii() and text.isdecimal() and text[0] != "0" and len(text) <= members:
            if int(text) <= members:
                return int(text)
    raise PolicyError(f"a group of {members} needs all, any or 1 to {members}, not {text[:40]!r}")
