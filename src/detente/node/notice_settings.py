"""`notify.toml` of a node: channels, people, steps. No secret stands in it, only file names."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detente.errors import InputError
from detente.response.forms import Level
from detente.response.notification import Channel, Person, Plan, Quiet, Sort, Step
from detente.statements import Tlp
from detente.storage.disk import read_capped

FILE = "notify.toml"
_BYTES_MAX = 65_536
_SECRET_BYTES_MAX = 4_096
_MANY = 256
_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
_CHANNEL_KEYS = frozenset(
    ("sort", "most", "host", "port", "tls", "ca_file", "from", "user", "url", "secret_file")
)
LOGIN_NEEDS_TLS = "a login goes only over TLS: starttls or tls"
_LOGIN_LACKS_FILE = "a login has a secret_file with its password"
_REMEDY = "`detente notify test --help` shows an example of the file"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a channel goes.

    Attributes:
        host: of the mail server.
        port: of it.
        tls: none, starttls or tls.
        authority: path of the certificates that vouch for the mail server, "" for the system's.
        sender: address that mail comes from.
        user: at the mail server, "" for none.
        url: of a webhook, or of an SMS gateway.
        secret_file: file with the password or token, "" for none.
    """

    host: str = ""
    port: int = 25
    tls: str = "starttls"
    authority: str = ""
    sender: str = ""
    user: str = ""
    url: str = ""
    secret_file: str = ""

    def secret(self, directory: Path) -> str:
        """Return the password or token.

        Raises:
            StorageFault: the file cannot be read.
            ValueError: it holds more than one line.
        """
        if not self.secret_file:
            return ""
        path = directory / self.secret_file
        secret = read_capped(path, bytes_max=_SECRET_BYTES_MAX).decode(errors="replace").strip()
        if not secret.isprintable():
            # A library that is given such a header repeats it whole in its error.
            raise ValueError(f"{self.secret_file} holds more than one line")
        return secret


@dataclass(frozen=True, slots=True)
class Settings:
    """How an office notifies, and where its channels go.

    Attributes:
        plan: the pure part.
        routes: name of a channel -> where it goes.
        releasers: who approves sentences for the press.
        paper: folder for the printable picture, None where it is not written by itself.
    """

    plan: Plan
    routes: Mapping[str, Route] = field(default_factory=dict)
    releasers: tuple[str, ...] = ()
    paper: Path | None = None


def load_notice_settings(directory: Path, *, node: str) -> Settings | None:
    """Return how an office notifies, None where there is no file.

    Raises:
        InputError: the file is not as it should be.
        StorageFault: it cannot be read.
    """
    path = directory / FILE
    if not path.exists():
        return None
    try:
        found = tomllib.loads(read_capped(path, bytes_max=_BYTES_MAX).decode())
        return _settings(found, node, directory)
    except InputError as error:
        raise InputError(error.message, file=str(path), remedy=error.remedy or _REMEDY) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(what, file=str(path), remedy=_REMEDY) from None


def _settings(found: dict[str, object], node: str, directory: Path) -> Settings:
    _only(found, {"channels", "people", "steps", "per_hour", "paper", "releasers"}, "the file")
    channels, routes = dict[str, Channel](), dict[str, Route]()
    for name, table in _tables(found.get("channels", {})).items():
        _only(table, _CHANNEL_KEYS, f"channel {name}")
        channels[name] = Channel(name, Sort(str(table["sort"])), Tlp(str(table["most"])))
        routes[name] = _route(channels[name].sort, table, directory)
    people = {
        name: _person(name, table, channels)
        for name, table in _tables(found.get("people", {})).items()
    }
    given = found.get("steps", [])
    steps = tuple(_step(each, people) for each in (given if isinstance(given, list) else []))
    if not steps or list(steps) != sorted(steps, key=lambda step: step.after_minutes):
        raise InputError("there is a step or more, each later than the one before")
    paper = found.get("paper")
    plan = Plan(node, channels, people, steps, _whole(found.get("per_hour", 20), "per_hour"))
    return Settings(plan, routes, _names(found), directory / str(paper) if paper else None)


def _names(found: Mapping[str, object]) -> tuple[str, ...]:
    given = found.get("releasers", [])
    if not isinstance(given, list) or not all(isinstance(each, str) and each for each in given):
        raise InputError("releasers is a list of names")
    return tuple(given)


def _route(sort: Sort, table: Mapping[str, object], directory: Path) -> Route:
    authority = table.get("ca_file")
    route = Route(
        host=str(table.get("host", "")),
        port=_whole(table.get("port", 25), "port"),
        tls=str(table.get("tls", "starttls")),
        authority=str(directory / str(authority)) if authority else "",
        sender=str(table.get("from", "")),
        user=str(table.get("user", "")),
        url=str(table.get("url", "")),
        secret_file=str(table.get("secret_file", "")),
    )
    if sort is Sort.MAIL:
        if not route.host or not route.sender or route.tls not in ("none", "starttls", "tls"):
            raise InputError("mail has a host, a from, and tls of none, starttls or tls")
        if route.user and (route.tls == "none" or not route.secret_file):
            raise InputError(LOGIN_NEEDS_TLS if route.tls == "none" else _LOGIN_LACKS_FILE)
        return route
    url = urlsplit(route.url)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOCAL):
        raise InputError(f"the url of a {sort} begins with https://")
    return route


def _person(name: str, table: Mapping[str, object], channels: Mapping[str, Channel]) -> Person:
    known = {"phone", "quiet", "zone", "quiet_below", *channels}
    _only(table, known, f"person {name}")
    reached = {each: str(table[each]) for each in channels if each in table}
    for address in reached.values():
        if not address.isprintable() or len(address) > _MANY:
            raise InputError(f"an address of {name} is not one line")
    return Person(name, str(table.get("phone", "")), reached, _quiet(table))


def _quiet(table: Mapping[str, object]) -> Quiet | None:
    hours = table.get("quiet")
    if hours is None:
        return None
    start, dash, end = str(hours).partition("-")
    if not dash:
        raise InputError("quiet hours are written 22:00-06:00")
    try:
        zone = ZoneInfo(str(table.get("zone", "UTC")))
    except ZoneInfoNotFoundError:
        raise InputError(f"there is no time zone {table.get('zone')!r}") from None
    least = Level(str(table.get("quiet_below", "critical")))
    return Quiet(time.fromisoformat(start), time.fromisoformat(end), zone, least)


def _step(table: object, people: Mapping[str, Person]) -> Step:
    if not isinstance(table, dict):
        raise InputError("a step is a table [[steps]]")
    _only(table, {"after_minutes", "people"}, "a step")
    names = tuple(map(str, table["people"]))
    unknown = [each for each in names if each not in people]
    if unknown or not names:
        raise InputError(f"a step names {unknown[0] if unknown else 'nobody'}, who is no person")
    return Step(_whole(table.get("after_minutes", 0), "after_minutes"), names)


def _tables(value: object) -> dict[str, Mapping[str, object]]:
    if not isinstance(value, dict) or len(value) > _MANY:
        raise InputError("channels and people are tables, at most 256 of each")
    return {str(name): dict(table) for name, table in value.items()}


def _whole(value: object, name: str) -> int:
    if type(value) is not int or not 0 <= value <= 10**6:
        raise InputError(f"{name} is a whole number")
    return value


def _only(table: Mapping[str, object], known: set[str] | frozenset[str], where: str) -> None:
    strange = sorted(set(table) - known)
    if strange:
        raise InputError(f"{where} has {strange[0]!r}, which nobody knows")
