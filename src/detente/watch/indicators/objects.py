"""An event as STIX objects, for patterns that ask for more than one value.

What a log says of a process, a connection, a file, a registry key, a request or a message
becomes the objects a pattern would be written for; fields by name, whatever log they stand in.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from detente.watch.indicators.fields import FIELDS, Observable
from detente.watch.indicators.keys import USER_AGENT, registry_key, serial_number
from detente.watch.indicators.observables import asked_by
from detente.watch.patterns.observations import Node

Event = Mapping[str, Any]
Objects = dict[str, Node]

_SOURCE = ("sourceip", "id.orig_h", "src_ip", "c-ip", "sourceaddress", "src_endpoint.ip", "src")
_TARGET = ("destinationip", "id.resp_h", "dest_ip", "s-ip", "destaddress", "dst_endpoint.ip", "dst")
_SOURCE_PORT = ("sourceport", "id.orig_p", "src_port", "c-port", "spt")
_TARGET_PORT = ("destinationport", "id.resp_p", "dest_port", "s-port", "destport", "dpt")
_PROTOCOL = ("protocol", "proto", "app_proto", "service")
_COMMAND = ("commandline", "processcommandline", "process.command_line")
_FOLDER = ("currentdirectory", "process.working_directory")
_NUMBER = ("processid", "newprocessid", "process.pid")
_IMAGE = ("image", "newprocessname", "process.executable")
_FILE = ("targetfilename", "imageloaded", "filename", "fileinfo.filename", "file.path")
_PARENT = ("parentimage", "parentprocessname")
_PARENT_COMMAND = ("parentcommandline",)
_KEY = ("targetobject", "registrykey", "registry.path")
_DATA = ("details",)
_USER = ("user", "targetusername", "subjectusername", "user_name", "actor.alternateid")
_SUBJECT = ("subject", "email.subject")
# Values that stand alone: column of what is asked -> type and property of the object.
_ALONE = {
    "domain-name:value": "domain-name",
    "url:value": "url",
    "email-addr:value": "email-addr",
    "ipv4-addr:value": "ipv4-addr",
    "ipv6-addr:value": "ipv6-addr",
}


def objects_of(event: Event) -> Objects:
    """Return the objects of an event by their numbers; none where it says nothing of the kind."""
    named = {name.lower(): value for name, value in event.items() if name[:1] != "_"}
    objects: Objects = {}
    hashes: dict[str, str] = {}
    for name, value in named.items():
        for kind in FIELDS.get(name, ()):
            _observe(kind, value, objects, hashes)
    file = _file(named, _FILE, objects, hashes) or _file(named, _IMAGE, objects, hashes)
    if hashes and not file:
        _add(objects, {"type": "file", "hashes": hashes})
    _process(named, objects)
    _traffic(named, objects)
    _others(named, objects)
    return objects


def _add(objects: Objects, node: Node) -> str:
    number = str(len(objects))
    objects[number] = node
    return number


def _first(named: Event, names: tuple[str, ...]) -> object:
    return next((named[name] for name in names if named.get(name) not in (None, "", "-")), None)


def _observe(kind: Observable, value: object, objects: Objects, hashes: dict[str, str]) -> None:
    for _, item in asked_by((kind,), value, {4: (), 6: ()}):
        head, _, last = item.path.rpartition(".")
        if item.path in _ALONE:
            node = {"type": _ALONE[item.path], "value": item.value}
            if node not in objects.values():
                _add(objects, node)
        elif head == "file:hashes":
            hashes[last] = item.value
        elif head == "x509-certificate:hashes":
            _add(objects, {"type": "x509-certificate", "hashes": {last: item.value}})
        elif item.path == "mutex:name":
            _add(objects, {"type": "mutex", "name": item.value})


def _file(
    named: Event, names: tuple[str, ...], objects: Objects, hashes: dict[str, str]
) -> str | None:
    path = _first(named, names)
    if not isinstance(path, str):
        return None
    folder, _, name = path.replace("/", "\\").rpartition("\\")
    node: dict[str, object] = {"type": "file", "name": name}
    if folder:
        length = len(folder)
        node["parent_directory_ref"] = _add(objects, {"type": "directory", "path": path[:length]})
    if hashes:
        node["hashes"] = dict(hashes)
    return _add(objects, node)


def _process(named: Event, objects: Objects) -> None:
    node = _present(
        command_line=_first(named, _COMMAND),
        cwd=_first(named, _FOLDER),
        pid=_number(_first(named, _NUMBER)),
        image_ref=_file(named, _IMAGE, objects, {}),
    )
    parent = _present(
        command_line=_first(named, _PARENT_COMMAND), image_ref=_file(named, _PARENT, objects, {})
    )
    user = _first(named, _USER)
    if user is not None:
        login = str(user).rpartition("\\")[2]
        account = {"type": "user-account", "user_id": str(user), "account_login": login}
        node["creator_user_ref"] = _add(objects, account)
    if parent:
        node["parent_ref"] = _add(objects, {"type": "process", **parent})
    if node.keys() - {"creator_user_ref"}:
        _add(objects, {"type": "process", **node})


def _traffic(named: Event, objects: Objects) -> None:
    by_value = {each.get("value"): number for number, each in objects.items()}
    source, target = _first(named, _SOURCE), _first(named, _TARGET)
    agent = next(
        (
            item.value
            for name, value in named.items()
            if Observable.USER_AGENT in FIELDS.get(name, ())
            for _, item in asked_by((Observable.USER_AGENT,), value, {})
            if item.path == USER_AGENT
        ),
        None,
    )
    protocol = _first(named, _PROTOCOL)
    node = _present(
        src_ref=by_value.get(source) if isinstance(source, str) else None,
        dst_ref=by_value.get(target) if isinstance(target, str) else None,
        src_port=_number(_first(named, _SOURCE_PORT)),
        dst_port=_number(_first(named, _TARGET_PORT)),
        protocols=None if protocol is None else [str(protocol).lower()],
    )
    if agent is not None:
        header = {"request_header": {"User-Agent": agent}}
        node["extensions"] = {"http-request-ext": header}
    if node.keys() - {"protocols"}:
        _add(objects, {"type": "network-traffic", **node})


def _others(named: Event, objects: Objects) -> None:
    key, data, subject = _first(named, _KEY), _first(named, _DATA), _first(named, _SUBJECT)
    if isinstance(key, str):
        whole = registry_key(key)
        _add(objects, {"type": "windows-registry-key", "key": whole})
        above, _, name = whole.rpartition("\\")
        value = _present(name=name, data=data)
        _add(objects, {"type": "windows-registry-key", "key": above, "values": [value]})
    if isinstance(subject, str):
        _add(objects, {"type": "email-message", "subject": subject})
    for serial in _serials(named):
        _add(objects, {"type": "x509-certificate", "serial_number": serial})


def _serials(named: Event) -> Iterator[str]:
    for name, value in named.items():
        if Observable.SERIAL in FIELDS.get(name, ()) and isinstance(value, str):
            yield serial_number(value)


def _present(**properties: object) -> dict[str, object]:
    return {name: value for name, value in properties.items() if value is not None}


def _number(value: object) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case str() if value.isascii() and value.isdigit() and len(value) <= 10:  # noqa: PLR2004
            return int(value)
        case _:
            return None
