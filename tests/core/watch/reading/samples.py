"""One small input of every format, invented; addresses and names from documentation ranges."""

import json

from detente.watch.reading import Format
from tests.core.watch.reading.evtx_writer import event_tree, evtx_file

SYSMON = "Microsoft-Windows-Sysmon"
SYSMON_CHANNEL = "Microsoft-Windows-Sysmon/Operational"


def rows(*records: dict) -> bytes:
    """Return the records as JSON lines."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def text(*lines: str) -> bytes:
    """Return the lines as a file."""
    return ("\n".join(lines) + "\n").encode()


FLAT_WINDOWS = {
    "Provider_Name": SYSMON,
    "EventID": 1,
    "Channel": SYSMON_CHANNEL,
    "SystemTime": "2026-03-01T08:00:00.5Z",
    "Image": r"C:\Windows\System32\whoami.exe",
}
NESTED_WINDOWS = {
    "Event": {
        "System": {
            "Provider": {"#attributes": {"Name": SYSMON, "Guid": "{0}"}},
            "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 1},
            "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T08:00:00.5Z"}},
            "Channel": SYSMON_CHANNEL,
            "Correlation": None,
        },
        "EventData": {"Image": r"C:\Windows\System32\whoami.exe", "Threat Name": "x"},
    }
}
WINLOGBEAT = {
    "@timestamp": "2026-03-01T08:00:00.500Z",
    "winlog": {
        "channel": SYSMON_CHANNEL,
        "event_id": 1,
        "provider_name": SYSMON,
        "computer_name": "desk.example",
        "event_data": {"Image": r"C:\Windows\System32\whoami.exe"},
    },
    "process": {"executable": r"C:\Windows\System32\whoami.exe"},
}
SYSMON_XML = (
    f'<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
    f'<Provider Name="{SYSMON}"/><EventID>1</EventID>'
    f'<TimeCreated SystemTime="2026-03-01T08:00:00.5Z"/><Channel>{SYSMON_CHANNEL}</Channel>'
    f"<Computer>desk.example</Computer></System><EventData>"
    f'<Data Name="CommandLine">cmd /c &quot;a&amp;b&quot;</Data></EventData></Event>'
)
LINUX_XML = (
    '<Event><System><Provider Name="Linux-Sysmon" Guid="{0}"/><EventID>1</EventID>'
    '<TimeCreated SystemTime="2026-03-01T08:00:00.5Z"/><Channel>Linux-Sysmon/Operational</Channel>'
    '</System><EventData><Data Name="Image">/usr/bin/id</Data></EventData></Event>'
)
ACCESS_LINE = (
    '198.51.100.7 - ana [01/Mar/2026:08:00:00 +0000] "GET /a.php?x=1 HTTP/1.1" 200 512 '
    '"-" "Mozilla/5.0 \\"x\\""'
)

SAMPLES: dict[Format, bytes] = {
    Format.JSONL: rows(FLAT_WINDOWS, NESTED_WINDOWS, WINLOGBEAT, FLAT_WINDOWS | {"Task": 3}),
    Format.JSON: json.dumps(
        {"Records": [
            {"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventVersion": "1.08",
             "eventTime": "2026-03-01T08:00:00Z", "userIdentity": {"type": "Root"},
             "resources": [{"ARN": "a"}, {"ARN": "b"}], "nothing": None},
        ] * 2}
    ).encode(),
    Format.EVTX: evtx_file(
        [[event_tree(number=1, channel=SYSMON_CHANNEL, provider=SYSMON,
                     time="2026-03-01T08:00:00.500000Z",
                     data={"Image": rf"C:\{at}.exe", "Threat Name": "x"})
          for at in range(3)] for _ in range(2)]
    ),
    Format.XML: text(SYSMON_XML, LINUX_XML),
    Format.ACCESS: text(
        ACCESS_LINE,
        '2001:db8::1 - - [01/Mar/2026:08:00:01 +0100] "GET / HTTP/1.0" 304 -',
        'www.example:80 198.51.100.7 - - [01/Mar/2026:08:00:02 +0000] "POST /b HTTP/1.1" 201 3 '
        '"https://a.example/" "curl/8"',
    ),
    Format.ERROR: text(
        "[Sun Mar 01 08:00:00.123456 2026] [core:notice] [pid 12:tid 3] AH00051: child pid 9 "
        "exit signal Segmentation fault (11)",
        "[Sun Mar 01 08:00:01 2026] [error] [client 198.51.100.7:5000] File does not exist: /a",
        "2026/03/01 08:00:02 [alert] 7#7: worker process 9 exited on signal 6 (core dumped)",
    ),
    Format.W3C: text(
        "#Software: Microsoft Internet Information Services 10.0",
        "#Version: 1.0",
        "#Date: 2026-03-01 08:00:00",
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
        "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
        "2026-03-01 08:00:00 192.0.2.1 GET /a.aspx x=1 443 - 198.51.100.7 Mozilla/5.0+(X) - "
        "200 0 0 15",
        "2026-03-01 08:00:01 192.0.2.1 POST /b - 443 - 198.51.100.7 curl/8 - 500 0 0 15",
    ),
    Format.SQUID: text(
        "1772352000.123    120 192.0.2.9 TCP_MISS/200 3412 GET http://a.example/x?y=1 - "
        "HIER_DIRECT/203.0.113.5 text/html",
        "1772352001.123     20 192.0.2.9 TCP_TUNNEL/200 12 CONNECT b.example:443 ana "
        "HIER_DIRECT/203.0.113.6 -",
    ),
    Format.SYSLOG: text(
        "Mar  1 08:00:00 gate sshd[21]: Failed password for invalid user admin from 203.0.113.9 "
        "port 40112 ssh2",
        "<86>Mar  1 08:00:01 gate sudo:   ana : TTY=pts/0 ; PWD=/srv/ana ; USER=root ; "
        "COMMAND=/bin/sh -c id ; ls",
        '<165>1 2026-03-01T08:00:02.5Z gate app 42 ID47 [a@1 k="v \\"w\\""] \ufeffhello',
        "2026-03-01T08:00:03-05:00 mx postfix/qmgr[7]: 4F9D195432C: from=<a@b.example>, size=3412, "
        "nrcpt=1 (queue active)",
        "Mar  1 08:00:04 mx postfix/cleanup[7]: 4F9D195432C: warning: header Subject: Your ballot "
        "from local; from=<a@b.example> to=<c@d.example>",
        "Mar  1 08:00:05 gate named[9]: client @0x7f 192.0.2.5#5353 (a.example): query: a.example "
        "IN TXT +E(0)K (192.0.2.1)",
        "Mar  1 08:00:06 gate dnsmasq[9]: query[AAAA] b.example from 192.0.2.6",
        "Mar  1 08:00:07 gate cron[3]: (root) CMD (true)",
        f"Mar  1 08:00:08 gate sysmon: {LINUX_XML}",
        "Mar  1 08:00:09 gate CEF:0|Vendor|Firewall X|1|100|deny|5|src=192.0.2.1 dst=192.0.2.2 "
        "act=blocked",
    ),
    Format.AUDITD: text(
        'type=SYSCALL msg=audit(1772352000.123:42): arch=c000003e exe="/bin/cat" key="k" a0=7f',
        'type=EXECVE msg=audit(1772352000.123:42): argc=2 a0="cat" a1=2F6574632F736861646F77',
        "node=gate type=USER_LOGIN msg=audit(1772352001.123:43): pid=1 msg='op=login acct=\"ana\" "
        "res=failed'",
    ),
    Format.CEF: text(
        r"CEF:0|Imperva|WAF|1.0|100|SQL \| injection|8|src=198.51.100.7 "
        r"request=/a?x\=1 requestMethod=GET requestClientApplication=curl 8 cs1Label=Rule Name "
        r"cs1=r one rt=Mar 01 2026 08:00:00",
        "CEF:0|Fortinet|Fortigate|7|1|traffic|3|src=192.0.2.1 dst=192.0.2.2 dpt=22 act=deny",
    ),
    Format.LEEF: text(
        "LEEF:1.0|Palo Alto Networks|PAN-OS Firewall|10|THREAT|"
        "src=192.0.2.1\tdst=192.0.2.2\tdstPort=80",
        "LEEF:2.0|Trend|OfficeScan|1|virus|^|fname=a.exe^virusName=Eicar",
    ),
    Format.DNS: text(
        "01-Mar-2026 08:00:00.123 client 192.0.2.5#5353: query: a.example IN A + (192.0.2.1)",
        "01-Mar-2026 08:00:01.123 queries: info: client @0x7f01 192.0.2.5#5353 (b.example): "
        "view in: query: b.example IN TXT +E(0) (192.0.2.1)",
    ),
    Format.ZEEK: text(
        r"#separator \x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tdns",
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tquery\tanswers\tAA\trtt",
        "#types\ttime\tstring\taddr\tport\tstring\tvector[string]\tbool\tinterval",
        "1772352000.5\tC1\t192.0.2.5\t5353\ta.example\t203.0.113.1,203.0.113.2\tF\t0.1",
        "1772352001.5\tC2\t192.0.2.5\t5354\tb.example\t-\tT\t-",
        "#close\t2026-03-01-09-00-00",
    ),
    Format.CSV: text(
        "Channel,EventID,Provider Name,TimeCreated,Message",
        'Security,4625,Microsoft-Windows-Security-Auditing,2026-03-01T08:00:00Z,"An account',
        'failed, ""twice"""',
        "System,7045,Service Control Manager,2026-03-01T08:00:01Z,x",
    ),
}  # fmt: skip
SAMPLES[Format.NGINX] = SAMPLES[Format.ACCESS]
