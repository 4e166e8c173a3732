"""CEF and LEEF: records of security products, behind a syslog header or alone."""

import re

from detente.watch.reading.errors import UnreadableLine
from detente.watch.reading.flattening import NAME_LENGTH_MAX, plain_name
from detente.watch.reading.model import Event, LogSource, Options
from detente.watch.reading.times import bsd_time, seconds_of
from detente.watch.reading.web import put_agent, put_uri

_HEADER_FIELDS = 7
_LEEF_FIELDS = 5
_CEF_KEY = re.compile(r"(?:^| )([A-Za-z0-9_.\-\[\]]{1,128})=")
_CEF_ESCAPE = re.compile(r"\\([\\=nr|])")
_UNESCAPED_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")
_LONG_TIME = re.compile(r"([A-Z][a-z]{2} \d{1,2}) (\d{4}) ([\d:]{8})(?:\.\d{1,6})?.{0,10}")

FIREWALLS = re.compile(
    r"firewall|pan-os|fortigate|check ?point|\basa\b|vpn-1|netscreen|sonicwall|juniper|pfsense",
    re.I,
)
PROXIES = re.compile(
    r"proxy|squid|zscaler|nss|websense|blue ?coat|web gateway|forcepoint",
    re.I,
)
WEB = re.compile(
    r"\bwaf\b|\basm\b|incapsula|imperva|securesphere|modsecurity|application firewall|fortiweb",
    re.I,
)
ANTIVIRUS = re.compile(
    r"anti-?virus|endpoint protection|deep security|officescan|virusscan|sophos|defender",
    re.I,
)

TRAFFIC = {
    "src": "src_ip", "dst": "dst_ip", "spt": "src_port", "dpt": "dst_port", "srcPort": "src_port",
    "dstPort": "dst_port", "act": "action",
}  # fmt: skip
REQUESTS = {
    "src": "c-ip", "requestMethod": "cs-method", "method": "cs-method", "dhost": "cs-host",
    "requestCookies": "cs-cookie", "cn1": "sc-status", "responseCode": "sc-status",
    "suser": "cs-username", "usrName": "cs-username", "dst": "dst_ip",
}  # fmt: skip
VIRUSES = {"fname": "Filename", "filePath": "Filename", "virusName": "Signature",
           "name": "Signature"}  # fmt: skip


def cef_event(text: str, options: Options) -> Event:
    """Return the event of one CEF record.

    Raises:
        UnreadableLine: fewer than the seven header fields, or beyond a limit.
    """
    if not text.startswith("CEF:"):
        raise UnreadableLine("not CEF: a line begins with CEF:0|")
    header, at = [], len("CEF:")
    for _ in range(_HEADER_FIELDS):
        found = _UNESCAPED_BAR.search(text, at)
        if found is None:
            raise UnreadableLine("CEF with fewer than seven header fields")
        header.append(_unescape(text[at : found.end() - 1]))
        at = found.end()
    _, vendor, product, version, kind, name, severity = header
    event: Event = {
        "device_vendor": vendor, "device_product": product, "device_version": version,
        "event_class_id": kind, "name": name, "severity": severity,
    }  # fmt: skip
    _cef_extension(text[at:], event, options)
    return _finished(event, vendor, product)


def _cef_extension(text: str, event: Event, options: Options) -> None:
    """Values run to the next ` key=`; labelled custom fields also get their label as name."""
    keys = list(_CEF_KEY.finditer(text))
    if len(keys) + len(event) > options.limits.fields // 2:
        raise UnreadableLine(f"more than {options.limits.fields // 2} fields in one event")
    for at, key in enumerate(keys):
        end = keys[at + 1].start() if at + 1 < len(keys) else len(text)
        event.setdefault(key[1], _unescape(text[key.end() : end].rstrip(" ")))
    for name in [name for name in event if name.endswith("Label")]:
        label, value = event[name], event.get(name.removesuffix("Label"))
        if value is not None and label and len(label) <= NAME_LENGTH_MAX and label[0] != "_":
            event.setdefault(plain_name(label), value)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _CEF_ESCAPE.sub(lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), text)


def leef_event(text: str, options: Options) -> Event:
    """Return the event of one LEEF record, version 1.0 or 2.0.

    Raises:
        UnreadableLine: fewer than the header's fields, or beyond a limit.
    """
    parts = text.split("|", _LEEF_FIELDS)
    if len(parts) != _LEEF_FIELDS + 1 or not parts[0].startswith("LEEF:"):
        raise UnreadableLine("not LEEF: a line begins with LEEF:1.0|vendor|product|version|id|")
    version, vendor, product, release, kind, rest = parts
    delimiter = "\t"
    if version == "LEEF:2.0":
        first, bar, after = rest.partition("|")
        if bar and len(first) <= 4 and "=" not in first.removeprefix("="):  # noqa: PLR2004
            delimiter, rest = _delimiter(first), after
    event: Event = {"device_vendor": vendor, "device_product": product, "device_version": release,
                    "event_class_id": kind}  # fmt: skip
    items = rest.split(delimiter)
    if len(items) + len(event) > options.limits.fields:
        raise UnreadableLine(f"more than {options.limits.fields} fields in one event")
    for item in items:
        name, mark, value = item.partition("=")
        name = plain_name(name)
        if mark and name and name[0] != "_" and len(name) <= NAME_LENGTH_MAX:
            event.setdefault(name, value)
    return _finished(event, vendor, product)


def _delimiter(text: str) -> str:
    if len(text) > 1:
        try:
            return chr(int(text.lower().removeprefix("0").removeprefix("x"), 16))
        except (ValueError, OverflowError):
            return "\t"
    return text or "\t"


def _finished(event: Event, vendor: str, product: str) -> Event:
    event["_ls"] = _product(event, f"{vendor} {product}", product or vendor)
    event["_time"] = _time(event)
    return event


def _product(event: Event, words: str, product: str) -> LogSource:
    """Return the source by the product's name, and set the names of its category's rules."""
    name = product.lower()
    if WEB.search(words) or PROXIES.search(words):
        _rename(event, REQUESTS)
        address = event.get("request") or event.get("url")
        if address:
            put_uri(event, address)
        agent = event.get("requestClientApplication") or event.get("userAgent")
        if agent:
            put_agent(event, agent)
        return {"category": "webserver" if WEB.search(words) else "proxy", "product": name}
    if ANTIVIRUS.search(words):
        _rename(event, VIRUSES)
        return {"category": "antivirus", "product": name}
    _rename(event, TRAFFIC)
    if "fortigate" in name:
        return {"category": "firewall", "product": "fortigate", "service": "event"}
    if "globalprotect" in str(event.get("event_class_id", "")).lower():
        return {"category": "appliance", "product": "paloalto", "service": "globalprotect"}
    if FIREWALLS.search(words):
        return {"category": "firewall", "product": name}
    return {"product": name}


def _rename(event: Event, names: dict[str, str]) -> None:
    for theirs, ours in names.items():
        if theirs in event:
            event.setdefault(ours, event[theirs])


def _time(event: Event) -> float | None:
    for name in ("rt", "end", "start", "devTime", "deviceReceiptTime"):
        text = event.get(name)
        if not isinstance(text, str):
            continue
        seconds = seconds_of(text)
        if seconds is None and (found := _LONG_TIME.fullmatch(text)) is not None:
            before = seconds_of(f"{found[2]}-12-31T23:59:59")
            seconds = bsd_time(f"{found[1]} {found[3]}", before)
        if seconds is not None:
            return seconds
    return None
