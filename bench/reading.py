"""How fast logs become events, a format at a time, beside `orjson.loads` over the same lines.

`python bench/reading.py [--lines N] [--repeats N] [--events FILE] [--json FILE]`
Invented lines, the samples of this file repeated with changing values; `--events` adds
a real file of JSON lines (plain or zstd). One core; reading alone, nothing is matched.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from detente.node.event_files import EventInput, read_events
from detente.watch.reading import Format, Options, read

CHUNK = 1 << 20
FLAT = (
    '{{"Provider_Name":"Microsoft-Windows-Sysmon","EventID":1,"Channel":'
    '"Microsoft-Windows-Sysmon/Operational","SystemTime":"2026-03-01T08:00:00Z","Computer":"d{0}",'
    '"ProcessId":{0},"Image":"C:\\\\Windows\\\\System32\\\\cmd.exe","CommandLine":"cmd /c {0}",'
    '"User":"EXAMPLE\\\\ana","ParentImage":"C:\\\\Windows\\\\explorer.exe","Hashes":"SHA1={0:040x}"}}'
)
NESTED = (
    '{{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},'
    '"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"d{0}"}},'
    '"EventData":{{"ProcessId":{0},"Image":"C:\\\\x.exe","CommandLine":"cmd /c {0}"}}}}}}'
)
CLOUDTRAIL = (
    '{{"eventVersion":"1.08","eventTime":"2026-03-01T08:00:00Z","eventSource":"s3.amazonaws.com",'
    '"eventName":"GetObject","userIdentity":{{"type":"IAMUser","userName":"u{0}"}},'
    '"requestParameters":{{"bucketName":"b{0}"}},"resources":[{{"ARN":"a"}},{{"ARN":"b"}}]}}'
)
LINES: dict[str, tuple[Format, str]] = {
    "flat Windows": (Format.JSONL, FLAT),
    "nested Windows": (Format.JSONL, NESTED),
    "CloudTrail": (Format.JSONL, CLOUDTRAIL),
    "access": (
        Format.ACCESS,
        '198.51.100.7 - - [01/Mar/2026:08:00:00 +0000] "GET /a?x={0} HTTP/1.1" 200 5 "-" "curl/8"',
    ),
    "sshd": (
        Format.SYSLOG,
        "Mar  1 08:00:00 gate sshd[{0}]: Failed password for root from 203.0.113.9 port 40112 ssh2",
    ),
    "RFC 5424": (Format.SYSLOG, "<165>1 2026-03-01T08:00:00Z gate app {0} - - hello"),
    "auditd": (
        Format.AUDITD,
        'type=SYSCALL msg=audit(1772352000.123:{0}): arch=c000003e exe="/bin/cat" pid=1',
    ),
    "CEF": (Format.CEF, "CEF:0|V|Firewall|1|1|deny|5|src=192.0.2.1 dst=192.0.2.2 spt={0} act=x"),
    "DNS": (
        Format.DNS,
        "01-Mar-2026 08:00:00.123 client 192.0.2.5#5353: query: n{0}.example IN A + (192.0.2.1)",
    ),
    "CSV": (Format.CSV, "Security,{0},Microsoft-Windows-Security-Auditing,a,b,c"),
}
CSV_HEADER = "Channel,EventID,ProviderName,One,Two,Three\n"


def _rates(lines: int, repeats: int, run: Callable[[], int]) -> dict[str, object]:
    rates = []
    for _ in range(repeats):
        start = time.perf_counter()
        if run() != lines:
            raise SystemExit("a line was not read")
        rates.append(lines / (time.perf_counter() - start))
    rates.sort()
    return {
        "events": lines,
        "events_per_second": round(statistics.median(rates)),
        "lowest": round(rates[0]),
        "highest": round(rates[-1]),
    }


def _loads(data: bytes) -> int:
    return len([orjson.loads(line) for line in data.split(b"\n") if line])


def _count(data: bytes, form: Format) -> int:
    chunks = (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))
    return sum(len(batch.events) for batch in read(chunks, form, Options()))


def measure(name: str, lines: int, repeats: int) -> list[dict[str, object]]:
    """Read invented lines of one kind; for JSON also `orjson.loads` over the same."""
    form, template = LINES[name]
    text = "".join(f"{template.format(at)}\n" for at in range(lines))
    data = ((CSV_HEADER if form is Format.CSV else "") + text).encode()
    figures = [{"what": name, **_rates(lines, repeats, lambda: _count(data, form))}]
    if form is Format.JSONL:
        loaded = _rates(lines, repeats, lambda: _loads(data))
        figures.append({"what": f"{name}: orjson.loads alone", **loaded})
    return figures


def measure_file(path: Path, repeats: int) -> list[dict[str, object]]:
    """Read a real file, unpacking included; beside it `orjson.loads` over its lines."""
    source = EventInput(str(path), Format.JSONL)
    batches = list(read_events(source, now=0.0))
    raws = [raw for batch in batches for raw in batch.raws]
    data = b"\n".join(raws)
    del batches
    return [
        {"what": path.name, **_rates(len(raws), repeats, lambda: _count(data, Format.JSONL))},
        {"what": f"{path.name}: orjson.loads alone",
         **_rates(len(raws), repeats, lambda: _loads(data))},
    ]  # fmt: skip


def main() -> None:
    """Measure, print one line a figure, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--events", type=Path)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    figures = []
    for name in LINES:
        figures += measure(name, chosen.lines, chosen.repeats)
    if chosen.events:
        figures += measure_file(chosen.events, chosen.repeats)
    for figure in figures:
        sys.stdout.write(
            f"{figure['what']}: {figure['events_per_second']:,} events/s"
            f" ({figure['lowest']:,} to {figure['highest']:,})\n"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"peak memory {peak} MB\n")
    if chosen.json:
        chosen.json.write_text(json.dumps({"figures": figures, "peak_mb": peak}, indent=1))


if __name__ == "__main__":
    main()
