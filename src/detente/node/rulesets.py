"""Rules from files, folders and archives; compiled once, kept for the next start."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from secrets import token_hex

from detente import __version__
from detente.errors import EnvironmentFault, InputError
from detente.watch.sigma.model import RuleFile, RuleSet
from detente.watch.sigma.stored import from_bytes, key_of, to_bytes

FILES_MAX = 200_000
FILE_BYTES_MAX = 4 << 20  # what is larger than the compiler's own limit is refused there, by name
TOTAL_BYTES_MAX = 512 << 20
KEPT_SETS_MAX = 16
KEPT_BYTES_MAX = 1 << 30
PIPELINE_NAMES = ("sysmon", "windows", "windows-audit", "windows-logsources")
LEVELS = ("informational", "low", "medium", "high", "critical")
STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
USUAL_STATUSES = ("stable", "test", "experimental")
SHIPPED = "shipped"
_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """Which rules an operator wants, and how they are read.

    Attributes:
        paths: files, folders and zip archives; `shipped` for the rules of this program.
        pipelines: names known here, or files of pySigma pipelines.
        exclusions: files of Sigma filters with reason, owner and expiry.
        min_level: rules below it are left out; a rule that says no level is kept.
        statuses: rules of another status are left out; one that says none is kept.
    """

    paths: tuple[str, ...]
    pipelines: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    min_level: str = LEVELS[0]
    statuses: tuple[str, ...] = USUAL_STATUSES


@dataclass(frozen=True, slots=True)
class Loaded:
    """Compiled rules, and which of them are wanted.

    Attributes:
        rules: all of them.
        wanted: numbers of the rules to run, those included that only feed correlations.
        left_out: how many carried rules the choice leaves out.
        was_kept: whether they came compiled from an earlier start.
        told: those of `wanted` whose matches are detections.
    """

    rules: RuleSet
    wanted: frozenset[int]
    left_out: int
    was_kept: bool
    told: frozenset[int] = frozenset()


def load_rules(choice: RuleChoice, *, today: date, keep: Path | None = None) -> Loaded:
    """Load the rules that an operator wants.

    Args:
        choice: which.
        today: the day against which exclusions expire.
        keep: folder for compiled sets; the user's cache where None.

    Raises:
        InputError: a path is missing, holds no rule, or is beyond a cap; a pipeline or an
            exclusion cannot be used.
    """
    folder = cache_folder() if keep is None else keep
    files = list(rule_files(choice.paths))
    names = [name for name in choice.pipelines if name in PIPELINE_NAMES]
    own = [_named_file(name) for name in choice.pipelines if name not in PIPELINE_NAMES]
    exclusions = [_named_file(name) for name in choice.exclusions]
    said = "\n".join((__version__, _code(), *names, f"today {today}" if exclusions else ""))
    counts = f"\n{len(files)} {len(own)} {len(exclusions)}"
    kept = folder / f"{key_of((*files, *own, *exclusions), said + counts)}.rules"
    rules = _read(kept)
    if rules is not None:
        return _chosen(rules, choice, was_kept=True)

    from detente.watch.sigma.compiling import Wanted, compile_rules
    from detente.watch.sigma.pipelines import readings_named

    wanted = Wanted(readings_named(names), tuple(own), tuple(exclusions), today)
    rules = compile_rules(files, wanted)
    _write(kept, to_bytes(rules))
    return _chosen(rules, choice, was_kept=False)


def rule_files(paths: Sequence[str]) -> Iterator[RuleFile]:
    """Yield the files of rules that paths stand for, in an order that does not change.

    Raises:
        InputError: a path is missing or holds no rules, or there is more than the caps allow.
    """
    count = size = 0
    for name in paths:
        before = count
        for file in _files_of(_place(name)):
            count += 1
            size += len(file.data)
            if count > FILES_MAX or size > TOTAL_BYTES_MAX:
                raise InputError(
                    f"more than {FILES_MAX} files or {TOTAL_BYTES_MAX} bytes of rules",
                    file=name,
                    remedy="Name fewer",
                )
            yield file
        if count == before:
            raise InputError(
                "no file of rules (.yml, .yaml) in it", file=name, remedy="Check the path"
            )


def _place(name: str) -> Path:
    path = Path(name)
    return shipped_rules() if name == SHIPPED and not path.exists() else path


def shipped_rules() -> Path:
    """Return the folder of the rules that come with this program."""
    return Path(__file__).parents[1] / "watch" / "rules"


def _files_of(path: Path) -> Iterator[RuleFile]:
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.suffix.lower() in _SUFFIXES and inner.is_file():
                yield _named_file(str(inner))
    elif path.is_file() and zipfile.is_zipfile(path):
        yield from _archived(path)
    else:
        yield _named_file(str(path))


def _archived(path: Path) -> Iterator[RuleFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [
                each for each in archive.infolist() if each.filename.lower().endswith(_SUFFIXES)
            ]
            for entry in sorted(entries, key=lambda each: each.filename):
                with archive.open(entry) as stream:
                    # What an entry says of its size binds nobody.
                    yield RuleFile(f"{path}:{entry.filename}", stream.read(FILE_BYTES_MAX))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(
            f"not a usable archive: {error}", file=str(path), remedy="Fetch it again"
        ) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error


def _named_file(name: str) -> RuleFile:
    try:
        with Path(name).open("rb") as stream:
            return RuleFile(name, stream.read(FILE_BYTES_MAX))
    except FileNotFoundError:
        known = ", ".join(PIPELINE_NAMES)
        raise InputError(
            "no such file", file=name, remedy=f"Check the path; pipelines known by name: {known}"
        ) from None
    except (IsADirectoryError, ValueError):
        raise InputError("not a file", file=name, remedy="Check the path") from None
    except OSError as error:
        raise EnvironmentFault(f"{name} cannot be read: {error.strerror}") from error


def _chosen(rules: RuleSet, choice: RuleChoice, *, was_kept: bool) -> Loaded:
    least = LEVELS.index(choice.min_level)
    chosen = {
        number
        for number, rule in enumerate(rules.program.rules)
        if (rule.level not in LEVELS or LEVELS.index(rule.level) >= least)
        and (not rule.status or rule.status in choice.statuses)
    }
    told = frozenset(number for number in chosen if rules.program.rules[number].is_told)
    wanted = set(told)
    # Those that come later name those before.
    for correlation in reversed(rules.correlations):
        if correlation.rule in wanted:
            wanted.update(correlation.of)
    left_out = len(rules.program.rules) - len(wanted)
    return Loaded(rules, frozenset(wanted), left_out, was_kept, told)


def cache_folder() -> Path:
    """Return the folder of this user for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "detente" / "rules"


def _code() -> str:
    """Return what changes with the code that compiles: from another version nothing is taken."""
    import detente.watch.sigma.model as code

    folder = Path(str(code.__file__)).parent
    sources = sorted((*folder.rglob("*.py"), *(folder.parent / "kernel").glob("*.py")))
    return " ".join(
        f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}"
        for path in sources
        for stat in (path.stat(),)
    )


def _read(path: Path) -> RuleSet | None:
    """Return a kept set; None where there is none that this user alone could have written."""
    try:
        with path.open("rb") as stream:
            stat = os.fstat(stream.fileno())
            if stat.st_uid != os.getuid() or stat.st_mode & 0o022 or stat.st_size > KEPT_BYTES_MAX:
                return None
            return from_bytes(stream.read())
    except OSError:
        return None


def _write(path: Path, data: bytes) -> None:
    """Keep a compiled set; where that cannot be, the next start compiles again."""
    temporary = path.with_name(f".{path.name[:16]}.{token_hex(4)}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with os.fdopen(
                os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as f:
                f.write(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        kept = sorted(path.parent.glob("*.rules"), key=lambda each: each.stat().st_mtime)
        for old in kept[:-KEPT_SETS_MAX]:
            old.unlink(missing_ok=True)
