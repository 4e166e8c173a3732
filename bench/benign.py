"""How often rules fire where nobody means harm: detections per 10,000 events, by level.

`python bench/benign.py [--rules PATH] [--weblogs FILE] [--events N] [--json FILE]`
Events: an invented day of an office's Windows machines (below), and access,
authentication, mail and look-up logs without incidents, made by the shared generator where it
lies beside the repository. Rules: all of SigmaHQ where they lie there too. The figures are of
invented days, and say how a first run feels; of any office's true rate they say nothing.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from detente.node.rulesets import LEVELS, RuleChoice, load_rules
from detente.node.scanning import Scan, Summary, scan

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOISIEST = 10
SEED = 20_261_118
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
PER = 10_000


Fields = dict[str, Any]

_SYSMON = "Microsoft-Windows-Sysmon/Operational"
_PS = "Microsoft-Windows-PowerShell/Operational"
_S32 = "C:\\Windows\\System32\\"
_PEOPLE = tuple(f"user{number:02d}" for number in range(24))
_MACHINES = tuple(f"WS-{number:02d}" for number in range(20))
_POWERSHELL = _S32 + "WindowsPowerShell\\v1.0\\powershell.exe"
_OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
_EXPLORER = "C:\\Windows\\explorer.exe"
_EDGE = "C:\\Program Files (x86)\\Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe"
_IN_HOURS = 0.9  # of the day's work lies between eight and six
_BROWSER = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
# Image, command line, parent.
_PROCESSES = (
    (_BROWSER, '"chrome.exe" --type=renderer --lang=en-US', _BROWSER),
    (_OFFICE + "WINWORD.EXE", '"WINWORD.EXE" /n "C:\\Users\\{p}\\Documents\\minutes.docx"',
     _EXPLORER),
    (_OFFICE + "EXCEL.EXE", '"EXCEL.EXE" "\\\\fs01\\budget\\2026.xlsx"', _EXPLORER),
    (_OFFICE + "OUTLOOK.EXE", '"OUTLOOK.EXE"', _EXPLORER),
    (_S32 + "svchost.exe", _S32 + "svchost.exe -k netsvcs -p -s Schedule", _S32 + "services.exe"),
    (_S32 + "conhost.exe", _S32 + "conhost.exe 0xffffffff -ForceV1", _S32 + "cmd.exe"),
    (_S32 + "taskhostw.exe", "taskhostw.exe -RegisterDevice", _S32 + "svchost.exe"),
    (_S32 + "wuauclt.exe", "wuauclt.exe /RunHandlerComServer", _S32 + "svchost.exe"),
    (_S32 + "msiexec.exe", _S32 + "msiexec.exe /V", _S32 + "services.exe"),
    (_S32 + "gpupdate.exe", "gpupdate.exe /target:computer", _S32 + "svchost.exe"),
    (_S32 + "cmd.exe", 'cmd.exe /c "\\\\dc01\\netlogon\\logon.bat"', _S32 + "userinit.exe"),
    (_S32 + "net.exe", "net use H: \\\\fs01\\home\\{p}", _S32 + "cmd.exe"),
    (_S32 + "whoami.exe", "whoami /groups", _S32 + "cmd.exe"),
    (_S32 + "ipconfig.exe", "ipconfig /all", _S32 + "cmd.exe"),
    (_S32 + "schtasks.exe", 'schtasks /query /tn "Backup"', _S32 + "cmd.exe"),
    (_S32 + "robocopy.exe", "robocopy C:\\Data \\\\fs01\\backup /MIR /R:2", _S32 + "cmd.exe"),
    (_POWERSHELL, "powershell.exe -NoProfile -File C:\\Admin\\inventory.ps1", _S32 + "svchost.exe"),
)  # fmt: skip
_SCRIPTS = (
    "Get-Service | Where-Object Status -eq 'Stopped' | Export-Csv C:\\Admin\\services.csv",
    "Get-ADUser -Filter * -Properties LastLogonDate | Select-Object Name,LastLogonDate",
    "Import-Module ActiveDirectory; Get-ADComputer -Filter *",
    "Compress-Archive -Path C:\\Data -DestinationPath C:\\Backup\\data.zip",
    "Test-NetConnection fs01 -Port 445",
)
_HOSTS = ("www.office.com", "outlook.office365.com", "update.googleapis.com", "fs01.office.example")


def _system(channel: str, number: int, provider: str) -> Fields:
    return {"Channel": channel, "EventID": number, "Provider_Name": provider}


def _sysmon(number: int, image: str) -> Fields:
    return _system(_SYSMON, number, "Microsoft-Windows-Sysmon") | {"Image": image}


def _process(chance: random.Random, person: str) -> Fields:
    image, command, parent = chance.choice(_PROCESSES)
    return _sysmon(1, image) | {
        "CommandLine": command.replace("{p}", person),
        "OriginalFileName": image.rpartition("\\")[2],
        "User": f"OFFICE\\{person}",
        "IntegrityLevel": "Medium",
        "CurrentDirectory": f"C:\\Users\\{person}\\",
        "ParentImage": parent,
        "ParentCommandLine": parent,
        "Hashes": f"SHA256={chance.randbytes(32).hex().upper()}",
    }


def _logon(chance: random.Random, person: str) -> Fields:
    number = chance.choices((4624, 4634, 4625, 4672, 4768), (50, 40, 2, 4, 10))[0]
    return _system("Security", number, "Microsoft-Windows-Security-Auditing") | {
        "TargetUserName": person,
        "TargetDomainName": "OFFICE",
        "LogonType": chance.choice((2, 3, 3, 3, 5, 7, 11)),
        "LogonProcessName": "Kerberos",
        "AuthenticationPackageName": "Kerberos",
        "IpAddress": f"10.20.0.{chance.randrange(10, 60)}",
        "WorkstationName": "-",
        "SubStatus": "0xc000006a" if number == 4625 else "0x0",  # noqa: PLR2004 - a refused logon
    }


def _connection(chance: random.Random, person: str) -> Fields:
    return _sysmon(3, chance.choice((_BROWSER, _OFFICE + "OUTLOOK.EXE"))) | {
        "User": f"OFFICE\\{person}",
        "Initiated": "true",
        "DestinationIp": f"192.0.2.{chance.randrange(1, 250)}",
        "DestinationPort": 443,
        "DestinationHostname": chance.choice(_HOSTS),
    }


def _look_up(chance: random.Random, _person: str) -> Fields:
    return _sysmon(22, _BROWSER) | {"QueryName": chance.choice(_HOSTS), "QueryStatus": "0"}


def _file(chance: random.Random, person: str) -> Fields:
    name = chance.choice(("~$minutes.docx", "report.xlsx", "update.tmp", "f_0001.cache"))
    path = f"C:\\Users\\{person}\\AppData\\Local\\Temp\\{name}"
    return _sysmon(11, _OFFICE + "WINWORD.EXE") | {"TargetFilename": path}


def _registry(chance: random.Random, _person: str) -> Fields:
    key = chance.choice(
        (
            "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update",
            "HKU\\S-1-5-21-1\\Software\\Microsoft\\Office\\16.0\\Word\\Reading Locations",
        )
    )
    return _sysmon(13, _S32 + "svchost.exe") | {
        "EventType": "SetValue",
        "TargetObject": key,
        "Details": "DWORD (0x00000001)",
    }


def _library(chance: random.Random, _person: str) -> Fields:
    name = chance.choice(("ntdll.dll", "kernel32.dll", "mso.dll", "combase.dll"))
    return _sysmon(7, _OFFICE + "WINWORD.EXE") | {
        "ImageLoaded": _S32 + name,
        "Signed": "true",
        "Signature": "Microsoft Windows",
    }


def _script(chance: random.Random, _person: str) -> Fields:
    text = {"ScriptBlockText": chance.choice(_SCRIPTS), "Path": "C:\\Admin\\inventory.ps1"}
    return _system(_PS, 4104, "Microsoft-Windows-PowerShell") | text


def _service(chance: random.Random, _person: str) -> Fields:
    if chance.random() < 0.9:  # noqa: PLR2004 - most only start and stop
        state = {"param1": "Windows Update", "param2": chance.choice(("running", "stopped"))}
        return _system("System", 7036, "Service Control Manager") | state
    return _system("System", 7045, "Service Control Manager") | {
        "ServiceName": "Microsoft Edge Update Service",
        "ImagePath": f'"{_EDGE}" /svc',
        "ServiceType": "user mode service",
        "StartType": "auto start",
        "AccountName": "LocalSystem",
    }


def _update(chance: random.Random, _person: str) -> Fields:
    title = f"Security Intelligence Update (KB{chance.randrange(2_000_000, 6_000_000)})"
    provider = "Microsoft-Windows-WindowsUpdateClient"
    return _system("System", 19, provider) | {"updateTitle": title}


_KINDS: tuple[tuple[Callable[[random.Random, str], Fields], int], ...] = (
    (_process, 22), (_logon, 25), (_connection, 18), (_look_up, 12), (_file, 8),
    (_registry, 6), (_library, 5), (_script, 1), (_service, 2), (_update, 1),
)  # fmt: skip


def office_day(count: int, *, seed: int) -> Iterator[Fields]:
    """Yield the events of one day in order; the same seed gives the same day."""
    chance = random.Random(seed)  # noqa: S311 - invented data
    kinds, weights = zip(*_KINDS, strict=True)
    hours = [
        8 + 10 * chance.random() if chance.random() < _IN_HOURS else 24 * chance.random()
        for _ in range(count)
    ]
    begin = datetime(2026, 11, 18, tzinfo=UTC)
    for hour in sorted(hours):
        person = chance.choice(_PEOPLE)
        made = chance.choices(kinds, weights)[0](chance, person)
        moment = begin + timedelta(hours=hour)
        yield {
            "SystemTime": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
            "Computer": f"{chance.choice(_MACHINES)}.office.example",
            **made,
        }


def write_office(folder: Path, count: int) -> Path:
    """Write the office's day."""
    path = folder / "office.jsonl"
    with path.open("wb") as file:
        for event in office_day(count, seed=SEED):
            file.write(orjson.dumps(event) + b"\n")
    return path


def write_weblogs(folder: Path, generator: Path, count: int) -> list[Path]:
    """Let the shared generator write logs in which no incident is."""
    out = folder / "web"
    words = [sys.executable, str(generator), "--out", str(out), "--benign", str(count), "--clean"]
    subprocess.run(words, check=True, capture_output=True, timeout=600)  # noqa: S603 - given by us
    return [path for path in sorted(out.rglob("*.log")) if path.stat().st_size]


def measured(name: str, rules: Path, inputs: list[Path]) -> dict[str, Any]:
    """Scan, and return the figures of one kind of logs."""
    loaded = load_rules(RuleChoice((str(rules),)), today=NOW.date())
    summary, noisy = Summary(), Counter[tuple[str, str]]()
    what = Scan(loaded, [str(path) for path in inputs], jobs=1)
    for each in scan(what, summary, now=NOW.timestamp()):
        noisy[each.title, each.level] += 1
    events = max(summary.events, 1)
    return {
        "logs": name,
        "rules": len(loaded.wanted),
        "events": summary.events,
        "set_aside": summary.bad,
        "per_10000": {
            level: round(PER * summary.detections[level] / events, 2) for level in reversed(LEVELS)
        },
        "noisiest": [
            {"rule": title, "level": level, "per_10000": round(PER * count / events, 2)}
            for (title, level), count in noisy.most_common(NOISIEST)
        ],
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", type=Path, default=SHARED / "data/watch/sigma-rules.zip")
    parser.add_argument("--weblogs", type=Path, default=SHARED / "tools/make_weblogs.py")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if not asked.rules.exists():
        sys.exit(f"no rules at {asked.rules}; name some with --rules")
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office = write_office(folder, asked.events)
        found.append(measured("a day of an office's Windows", asked.rules, [office]))
        if asked.weblogs.exists():
            logs = write_weblogs(folder, asked.weblogs, 20_000)
            found.append(measured("web, mail, look-ups, logons", asked.rules, logs))
        else:
            sys.stdout.write(f"web logs left out: no generator at {asked.weblogs}\n")
    for each in found:
        show(each)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


def show(figures: dict[str, Any]) -> None:
    """Print the figures of one kind of logs."""
    lines = [
        f"{figures['logs']}: {figures['events']} events, {figures['rules']} rules",
        f"  detections per 10,000 events: {figures['per_10000']}",
    ]
    for each in figures["noisiest"]:
        lines.append(f"  {each['per_10000']:>9} {each['level']:<13} {each['rule']}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
