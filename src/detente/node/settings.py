"""A node's settings: one frozen value, one TOML file, and a default that works for each.

The file may be missing. A key nobody knows is refused with its line: a setting
that silently does nothing is worse than none. Nothing secret stands here.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from detente.errors import InputError
from detente.storage.disk import Disk, read_capped, write_whole

FILE_BYTES_MAX = 65_536
_DATABASE_LINE = re.compile(r"(?m)^[ \t]*database[ \t]*=.*\n?")
_TABLE = re.compile(r"(?m)^[ \t]*\[")
_LINE = re.compile(r"at line ([0-9]+)")
Value = str | int | float | Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator can set; `ABOUT` says in words what each is for.

    Attributes:
        unlock_file: path, absolute or from the node's directory.
        database: URL of a PostgreSQL database without a password; empty for a file of SQLite.
        checkpoint_every_s: seconds.
        batch_entries_max: statements.
        waiting_entries_max: statements.
        disk_free_min_mb: megabytes (10^6 bytes).
        listen: HOST:PORT, or empty for a node that nobody calls.
        public_url: of a web server in front of this node, or empty.
        console: HOST:PORT of the pages, or empty for none.
        console_url: as browsers write it, where a web server stands in front of the pages.
        pull_every_s: seconds.
        answer_others: whether it answers by itself what others say of its own or benign values.
        ledger_monthly: whether it says the ledger of each month to the unit by itself.
        peers: member name or id -> URL of its node.
        witnesses: name of an outside witness -> its submission prefix.
        taxii_sources: name -> URL of a collection of another TAXII server.
        misp_sources: name -> URL or folder of a MISP feed.
        list_sources: name -> URL or file of a table or plain list.
        private_networks: CIDR, separated by spaces.
        watch_keep_days: days.
        watch_keep_gb: gigabytes (10^9 bytes).
        watch_evidence_days: days.
        watch_min_level: informational, low, medium, high or critical.
        watch_sources: name -> address of events.
        watch_rules: name -> file, folder or archive of Sigma rules, or `shipped`.
        watch_indicators: name -> file or folder of indicators.
    """

    unlock_file: str = "unlock.key"
    database: str = ""
    checkpoint_every_s: float = 50.0
    batch_entries_max: int = 256
    waiting_entries_max: int = 4_096
    disk_free_min_mb: int = 500
    listen: str = ""
    public_url: str = ""
    console: str = ""
    console_url: str = ""
    pull_every_s: float = 3_600.0
    answer_others: bool = True
    ledger_monthly: bool = True
    private_networks: str = ""
    watch_keep_days: int = 30
    watch_keep_gb: int = 50
    watch_evidence_days: int = 30
    watch_min_level: str = "medium"
    peers: Mapping[str, str] = field(default_factory=dict)
    witnesses: Mapping[str, str] = field(default_factory=dict)
    taxii_sources: Mapping[str, str] = field(default_factory=dict)
    misp_sources: Mapping[str, str] = field(default_factory=dict)
    list_sources: Mapping[str, str] = field(default_factory=dict)
    watch_sources: Mapping[str, str] = field(default_factory=dict)
    watch_rules: Mapping[str, str] = field(default_factory=dict)
    watch_indicators: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """What a setting is for and what it may be.

    Attributes:
        says: one sentence for the operator.
        least: smallest number allowed.
        most: largest number allowed.
    """

    says: str
    least: float = 0
    most: float = 0


ABOUT = {
    "unlock_file": About(
        "Opens the key ring where no passphrase does; put it on another medium"
        " (absolute, or from the node's directory)."
    ),
    "database": About(
        "postgresql://USER@HOST/NAME of a database of this node's own, the password in ~/.pgpass;"
        " empty for a file of SQLite in the node's directory. It never changes by itself:"
        " `detente restore --database` moves a node."
    ),
    "checkpoint_every_s": About(
        "A fresh checkpoint at least every so many seconds while running.", 1, 60
    ),
    "batch_entries_max": About("Most statements in one group commit.", 1, 256),
    "waiting_entries_max": About(
        "Most statements taken in and not yet durable; then submitters wait.", 1, 1_000_000
    ),
    "disk_free_min_mb": About(
        "With less free space than this, in megabytes, `detente doctor` warns.", 0, 10**9
    ),
    "listen": About(
        "HOST:PORT where others reach this node; empty for one that only pulls and pushes."
    ),
    "public_url": About(
        "How others write this node's address, where a web server stands in front of it."
    ),
    "console": About(
        "HOST:PORT of the pages for people, such as localhost:8470; empty for none. Passkeys work"
        " on localhost, or under a real name with a certificate (`console_url`)."
    ),
    "console_url": About("How browsers write the address of the pages behind a web server."),
    "pull_every_s": About(
        "Servers and feeds of others are read every so many seconds.", 60, 604_800
    ),
    "answer_others": About(
        "true: the node says by itself a veto for its own registered assets, and a dispute"
        " of what is common and benign. false: persons do."
    ),
    "ledger_monthly": About(
        "true: the node says the ledger of each month to the unit when it is over, and keeps the"
        " signed file under ledgers/. false: persons do, with `detente ledger publish`."
    ),
    "private_networks": About(
        "Feeds are fetched from public addresses alone, and from these networks (CIDR, separated"
        " by spaces)."
    ),
    "watch_keep_days": About("Events are kept so many days, for `detente hunt`.", 0, 36_500),
    "watch_keep_gb": About(
        "With more events than so many gigabytes (10^9 bytes) the oldest day goes.", 1, 10**6
    ),
    "watch_evidence_days": About(
        "The raw event stays beside its detection for so many days; then only its hash.", 0, 36_500
    ),
    "watch_min_level": About("Rules below this level are left out of the watch."),
    "peers": About("Where each member's node is: name or id of the member, and its URL."),
    "witnesses": About(
        "Where each outside witness of the charter takes checkpoints: name, and URL."
    ),
    "taxii_sources": About(
        "Collections of other TAXII servers that this node reads: a name of ours, and the URL."
    ),
    "misp_sources": About("MISP feeds that this node reads: a name of ours, and URL or folder."),
    "list_sources": About(
        "Lists (.txt, .csv) that this node reads: a name of ours, and URL or file."
    ),
    "watch_sources": About(
        "Where events come from: a name of ours, and a path, or udp://, tcp://, tls://, http://"
        " or nats:// with HOST:PORT (docs/cli.md). The node watches while it runs."
    ),
    "watch_rules": About(
        'Sigma rules of the watch: a name of ours, and file, folder or archive; "shipped" for'
        " those of this program."
    ),
    "watch_indicators": About(
        "Indicators of the watch beside those of the unit: a name of ours, and file or folder."
    ),
}


def load_settings(path: Path) -> Settings:
    """Read the settings file; where there is none, every default holds.

    Raises:
        InputError: no TOML, an unknown key, a value of another type or out of
            range; with the line and what to write instead.
        StorageFault: the file cannot be read.
    """
    if not path.exists():
        return Settings()
    return parse_settings(read_capped(path, bytes_max=FILE_BYTES_MAX), file=str(path))


def parse_settings(data: bytes, *, file: str = "") -> Settings:
    """Read settings from the bytes of a TOML file.

    Raises:
        InputError: as `load_settings`.
    """
    try:
        text = data.decode()
        given = tomllib.loads(text)
    except UnicodeDecodeError:
        raise InputError("settings are UTF-8 text", file=file) from None
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        place = _LINE.search(str(error))
        # The parser says "at end of document" of what ends with the last line.
        line = int(place[1]) if place else text.rstrip("\n").count("\n") + 1
        raise InputError(
            f"not TOML: {error}", file=file, line=line, remedy="Write: name = value"
        ) from None
    for name, value in given.items():
        _check(name, value, file=file, line=_line_of(text, name))
    return Settings(**given)


def name_database(path: Path, url: str) -> None:
    """Write which database the node has into its settings; an empty URL takes the line out.

    Raises:
        InputError: the settings are not as they should be.
        StorageFault: the disk refused; the old settings stand.
    """
    if not url and not path.exists():
        return
    text = read_capped(path, bytes_max=FILE_BYTES_MAX).decode() if path.exists() else ""
    # Before every table: below one the line would be that table's.
    table = _TABLE.search(text)
    place = table.start() if table else len(text)
    named = f"database = {_quote(url)}\n" if url else ""
    text = named + _DATABASE_LINE.sub("", text[:place]) + text[place:]
    parse_settings(text.encode(), file=str(path))
    write_whole(path, text.encode(), disk=Disk())


def print_settings(settings: Settings) -> str:
    """Write a settings file in which every setting is explained."""
    lines: list[str] = []
    for name, about in ABOUT.items():
        value: Value = getattr(settings, name)
        if isinstance(value, Mapping):
            rows = [f"{_quote(key)} = {_quote(text)}" for key, text in value.items()]
            lines += [f"# {about.says}", f"[{name}]", *rows, ""]
            continue
        shown = _quote(value) if isinstance(value, str) else _show(value)
        lines += [f"# {about.says}", f"{name} = {shown}", ""]
    return "\n".join(lines)


def _check(name: str, value: object, *, file: str, line: int | None) -> None:
    defaults = {each.name: getattr(Settings(), each.name) for each in fields(Settings)}
    if name not in defaults:
        close = difflib.get_close_matches(name, defaults, n=1)
        known = f"Did you mean {close[0]}?" if close else f"Known are {', '.join(defaults)}"
        raise InputError(f"there is no setting {name!r}", file=file, line=line, remedy=known)
    default, about = defaults[name], ABOUT[name]
    if isinstance(default, Mapping):
        rows = value.items() if isinstance(value, dict) else [("", None)]
        fits = all(key and isinstance(text, str) and text for key, text in rows)
        expected = "a table of names and addresses in quotes"
    elif isinstance(default, bool):
        fits, expected = isinstance(value, bool), "true or false"
    elif isinstance(default, str):
        fits = isinstance(value, str) and (bool(value) or not default) and "\0" not in value
        expected = "text in quotes, not empty"
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
        number = whole or (isinstance(value, float) and isinstance(default, float))
        fits = number and about.least <= float(str(value)) <= about.most
        kind = "a number" if isinstance(default, float) else "a whole number"
        expected = f"{kind} from {about.least:g} to {about.most:g}"
    if not fits:
        raise InputError(
            f"{name} is {expected}, not {str(value)[:40]!r}",
            file=file,
            line=line,
            remedy=f"Leave it out for the default, {_show(default)}",
        )


def _show(value: object) -> str:
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _line_of(text: str, name: str) -> int | None:
    key = re.compile(rf"""\s*\[?\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    lines = enumerate(text.split("\n"), start=1)
    return next((number for number, line in lines if key.match(line)), None)


def _quote(text: str) -> str:
    # TOML's basic strings escape as JSON does, and DEL besides.
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
