"""Web requests under the names of Sigma's webserver and proxy rules."""

import re

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.model import Event, LogSource, Options
from detente.watch.reading.times import access_time, bsd_time, seconds_of

APACHE: LogSource = {"category": "webserver", "product": "apache", "service": "apache"}
NGINX: LogSource = {"category": "webserver", "product": "nginx", "service": "nginx"}

# Possessive and disjoint parts: a hostile line is refused in one pass.
_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
_LINE = re.compile(
    r"(?:([\w.-]++:\d{1,5}) )?"  # vhost_combined: the server asked for
    r"([^ ]++) ([^ ]++) ((?:[^\[]| \[(?!\d))*?) \[([^\]]{1,64})\] "
    + _QUOTED
    + r" (\d{3}|-) (\d++|-)"
    rf"(?: {_QUOTED} {_QUOTED}(?: .*+)?)?",
    re.DOTALL,
)
_REQUEST = re.compile(r"([A-Za-z_-]{1,32}) (.*) (HTTP/[\d.]+)", re.DOTALL)
_APACHE_ERROR = re.compile(
    r"\[\w{3} (\w{3} +\d+ [\d:]{8})(?:\.\d+)? (\d{4})\] \[(?:(\w*):)?(\w+)\] "
    r"(?:\[pid (\d+)[^\]]*\] )?(?:\[client ([^\]]+?)(?::\d+)?\] )?(.*)",
    re.DOTALL,
)
_NGINX_ERROR = re.compile(r"(\d{4})/(\d\d)/(\d\d) ([\d:]{8}) \[(\w+)\] (\d+)#\d+: (.*)", re.DOTALL)


def put_uri(event: Event, uri: str) -> None:
    """Set the address asked for, whole and in its two parts; a whole URL gives its host too."""
    event["cs-uri"] = event["c-uri"] = uri
    path = uri
    scheme, mark, rest = uri.partition("://")
    if mark and scheme.isalpha():
        host, slash, path = rest.partition("/")
        path = slash + path
        event.setdefault("cs-host", host)
    event["cs-uri-stem"], _, event["cs-uri-query"] = path.partition("?")


def put_agent(event: Event, agent: str) -> None:
    """Set the user agent under both names that rules use."""
    event["cs-user-agent"] = event["c-useragent"] = agent


def access_event(text: str, source: LogSource, options: Options) -> Event:
    """Return the event of one line in the common or combined format (optionally vhost_combined).

    Raises:
        UnreadableLine: another form.
    """
    found = _LINE.fullmatch(text)
    if found is None:
        raise UnreadableLine("not the common or combined access log format")
    host, client, _, user, date, request, status, size, referer, agent = found.groups()
    event: Event = {"c-ip": client, "cs-username": user, "date": date}
    _put_request(event, request)
    event["sc-status"] = int(status) if status != "-" else status
    if size != "-":
        event["sc-bytes"] = int(size[:19])
    if referer is not None:
        event["cs-referer"] = referer
        put_agent(event, agent)
    if host is not None:
        event["cs-host"] = host
    event["_ls"] = source
    event["_time"] = access_time(date)
    return event


def _put_request(event: Event, request: str) -> None:
    found = _REQUEST.fullmatch(request)
    if found is None:
        # No HTTP request at all (a TLS greeting, a probe): the text stays findable.
        put_uri(event, request)
        return
    event["cs-method"] = found[1]
    put_uri(event, found[2])
    event["cs-version"] = found[3]


def error_event(text: str, options: Options) -> Event:
    """Return the event of one line of Apache's or nginx's error log.

    Raises:
        UnreadableLine: neither.
    """
    if (found := _APACHE_ERROR.fullmatch(text)) is not None:
        date, year, module, level, pid, client, message = found.groups()
        event: Event = {"timestamp": f"{date} {year}", "level": level, "message": message}
        event |= {
            name: value
            for name, value in (("module", module), ("pid", pid), ("c-ip", client))
            if value
        }
        before = seconds_of(f"{year}-12-31T23:59:59")
        return event | {"_ls": {**APACHE, "category": "error"}, "_time": bsd_time(date, before)}
    if (found := _NGINX_ERROR.fullmatch(text)) is not None:
        year, month, day, clock, level, pid, message = found.groups()
        stamp = f"{year}-{month}-{day}T{clock}"
        return {
            "timestamp": stamp,
            "level": level,
            "pid": pid,
            "message": message,
            "_ls": {**NGINX, "category": "error"},
            "_time": seconds_of(stamp),
        }
    raise UnreadableLine("not an error log of Apache or nginx")
