"""A rule meets only the log it was written for: each source is known by what only it writes."""

import pytest

from detente.watch.reading import Format, Options, detect, event_time, read
from tests.core.watch.reading.samples import (
    FLAT_WINDOWS,
    NESTED_WINDOWS,
    SAMPLES,
    SYSMON,
    SYSMON_CHANNEL,
    WINLOGBEAT,
    rows,
)


def one(record, **options):
    (batch,) = read([rows(record)], Format.JSONL, Options(**options))
    assert batch.bad == []
    (event,) = batch.events
    return event


AGENT = "sqlmap/1.8"
SOURCES = {
    "suricata alert": (
        {"event_type": "alert", "timestamp": "2026-03-01T08:00:00.5+0000", "flow_id": 1,
         "src_ip": "192.0.2.1", "alert": {"signature": "x"}},
        {"product": "suricata", "category": "ids"},
        {"alert.signature": "x", "_time": 1772352000.5},
    ),
    "suricata dns": (
        {"event_type": "dns", "timestamp": "2026-03-01T08:00:00Z", "flow_id": 1,
         "dns": {"rrname": "a.example", "rrtype": "TXT"}},
        {"product": "suricata", "category": "dns", "service": "dns"},
        {"query": "a.example", "record_type": "TXT"},
    ),
    "zeek with its path": (
        {"_path": "http", "ts": 1772352000.0, "uid": "C", "id.orig_h": "192.0.2.1", "uri": "/"},
        {"product": "zeek", "service": "http"},
        {"uri": "/", "_time": 1772352000.0},
    ),
    "zeek without a path": (
        {"ts": 1772352000.0, "uid": "C", "id_orig_h": "192.0.2.1", "query": "a.example",
         "qtype_name": "A"},
        {"product": "zeek", "service": "dns", "category": "dns"},
        {"id.orig_h": "192.0.2.1"},
    ),
    "azure sign-in": (
        {"category": "SignInLogs", "operationName": "Sign-in activity",
         "time": "2026-03-01T08:00:00Z", "resultType": "50126",
         "properties": {"deviceDetail": {"trustType": ""}, "riskState": "atRisk"}},
        {"product": "azure", "service": "signinlogs"},
        {"riskState": "atRisk", "properties.riskState": "atRisk", "deviceDetail.trustType": ""},
    ),
    "azure activity": (
        {"category": "Administrative", "operationName": "MICROSOFT.COMPUTE/X/WRITE",
         "resourceId": "/SUBSCRIPTIONS/1/PROVIDERS/MICROSOFT.COMPUTE/X/1"},
        {"product": "azure", "service": "activitylogs"},
        {"OperationNameValue": "MICROSOFT.COMPUTE/X/WRITE", "CategoryValue": "Administrative",
         "ResourceProviderValue": "microsoft.compute"},
    ),
    "azure audit": (
        {"category": "AuditLogs", "operationName": "Add user"},
        {"product": "azure", "service": "auditlogs"},
        {"operationName": "Add user"},
    ),
    "azure risk": (
        {"riskEventType": "leakedCredentials", "activityDateTime": "2026-03-01T08:00:00Z"},
        {"product": "azure", "service": ["riskdetection", "pim"]},
        {"riskEventType": "leakedCredentials"},
    ),
    "okta": (
        {"eventType": "user.session.start", "published": "2026-03-01T08:00:00.000Z",
         "target": [{"displayName": "a"}, {"displayName": "b"}]},
        {"product": "okta", "service": "okta"},
        {"target.displayName": ["a", "b"], "_time": 1772352000.0},
    ),
    "kubernetes": (
        {"kind": "Event", "auditID": "1", "verb": "create",
         "objectRef": {"resource": "pods", "apiGroup": "rbac"},
         "requestObject": {"spec": {"volumes": [{"hostPath": {"path": "/"}}]}}},
        {"category": "application", "product": "kubernetes", "service": "audit"},
        {"objectRef.resource": "pods", "hostPath": "/", "apiGroup": "rbac"},
    ),
    "google cloud": (
        {"protoPayload": {"methodName": "v1.compute.x", "serviceName": "compute.googleapis.com"}},
        [{"product": "gcp", "service": "gcp.audit"}],
        {"gcp.audit.method_name": "v1.compute.x", "data.protoPayload.methodName": "v1.compute.x"},
    ),
    "google workspace": (
        {"protoPayload": {"methodName": "google.admin.X", "serviceName": "admin.googleapis.com"}},
        [{"product": "gcp", "service": "gcp.audit"},
         {"product": "gcp", "service": "google_workspace.admin"}],
        {"eventService": "admin.googleapis.com", "eventName": "google.admin.X"},
    ),
    "microsoft 365": (
        {"Operation": "New-InboxRule", "Workload": "Exchange",
         "Parameters": [{"Name": "ForwardTo", "Value": "a@b.example"}]},
        {"product": "m365", "service": ["audit", "exchange"]},
        {"Parameters": ["ForwardTo", "a@b.example"], "eventName": "New-InboxRule"},
    ),
    "github": (
        {"action": "org.x", "actor": "ana", "created_at": 1772352000000},
        {"product": "github", "service": "audit"},
        {"action": "org.x"},
    ),
    "bitbucket": (
        {"auditType": {"category": "Users", "action": "x"}},
        {"product": "bitbucket", "service": "audit"},
        {"auditType.action": "x"},
    ),
    "opencanary": (
        {"logtype": 4002, "node_id": "n", "src_host": "192.0.2.1"},
        {"category": "application", "product": "opencanary"},
        {"logtype": 4002},
    ),
    "ocsf process": (
        {"class_uid": 1007, "category_uid": 1, "time": 1772352000000,
         "device": {"os": {"type": "Linux"}},
         "process": {"cmd_line": "id", "file": {"path": "/usr/bin/id"}}},
        {"service": "ocsf", "category": "process_creation", "product": "linux"},
        {"CommandLine": "id", "Image": "/usr/bin/id", "_time": 1772352000.0},
    ),
    "ocsf dns": (
        {"class_uid": 4003, "category_uid": 4, "query": {"hostname": "a.example", "type": "A"}},
        {"service": "ocsf", "category": "dns"},
        {"query": "a.example", "record_type": "A"},
    ),
    "ocsf cloudtrail": (
        {"class_uid": 6003, "category_uid": 6, "metadata": {"product": {"name": "CloudTrail"}},
         "api": {"operation": "DeleteTrail", "service": {"name": "cloudtrail.amazonaws.com"}}},
        {"product": "aws", "service": "cloudtrail"},
        {"eventName": "DeleteTrail", "eventSource": "cloudtrail.amazonaws.com"},
    ),
    "ocsf network": (
        {"class_uid": 4001, "category_uid": 4, "dst_endpoint": {"ip": "192.0.2.1", "port": 22}},
        {"service": "ocsf", "category": "firewall"},
        {"dst_ip": "192.0.2.1", "dst_port": 22},
    ),
    "cloudflare": (
        {"ClientIP": "192.0.2.1", "ClientRequestMethod": "GET", "ClientRequestURI": "/a?b=1",
         "EdgeResponseStatus": 200, "ClientRequestUserAgent": AGENT},
        {"category": "webserver", "product": "cloudflare", "service": "cloudflare"},
        {"cs-uri-query": "b=1", "cs-uri-stem": "/a", "cs-user-agent": AGENT, "sc-status": 200},
    ),
    "aws waf": (
        {"timestamp": 1772352000000,
         "httpRequest": {"clientIp": "192.0.2.1", "httpMethod": "GET", "uri": "/a", "args": "b=1",
                         "headers": [{"name": "User-Agent", "value": AGENT},
                                     {"name": "Host", "value": "a.example"}]}},
        {"category": "webserver", "product": "aws_waf", "service": "aws_waf"},
        {"cs-uri": "/a?b=1", "c-useragent": AGENT, "cs-host": "a.example"},
    ),
    "nginx as json": (
        {"remote_addr": "192.0.2.1", "request_method": "POST", "request_uri": "/x?y", "status": 200,
         "http_user_agent": AGENT},
        {"category": "webserver", "product": "nginx", "service": "nginx"},
        {"cs-method": "POST", "cs-uri-query": "y", "c-ip": "192.0.2.1"},
    ),
    "azure front door": (
        {"category": "FrontDoorAccessLog", "operationName": "x",
         "properties": {"httpMethod": "GET", "requestUri": "https://a.example:443/x?y=1"}},
        {"category": "webserver", "product": "azure_front_door", "service": "azure_front_door"},
        {"cs-uri-stem": "/x", "cs-host": "a.example:443", "cs-uri-query": "y=1"},
    ),
    "web access in ECS": (
        {"event": {"module": "apache"}, "http": {"request": {"method": "GET"}},
         "url": {"original": "/a?b"}, "user_agent": {"original": AGENT}},
        {"category": "webserver", "product": "apache", "service": "apache"},
        {"cs-method": "GET", "cs-uri-query": "b", "cs-user-agent": AGENT},
    ),
    "sysmon for linux": (
        {"Event": {"System": {"Provider": {"@Name": "Linux-Sysmon"}, "EventID": "3",
                              "Channel": "Linux-Sysmon/Operational"},
                   "EventData": {"Data": [{"@Name": "Image", "#text": "/usr/bin/curl"}]}}},
        {"product": "linux", "service": "sysmon", "category": "network_connection"},
        {"Image": "/usr/bin/curl", "EventID": 3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_record_gets_the_source_it_truly_is_and_the_names_rules_use(name):
    record, source, fields = SOURCES[name]
    event = one(record)
    assert event["_ls"] == source
    assert {field: event.get(field) for field in fields} == fields


WINDOWS = {
    "nested": NESTED_WINDOWS,
    "nested without Event": NESTED_WINDOWS["Event"],
    "winlogbeat": WINLOGBEAT,
    "old winlogbeat": {
        "log_name": SYSMON_CHANNEL, "event_id": 1, "source_name": SYSMON,
        "event_data": {"Image": r"C:\Windows\System32\whoami.exe"}},
    "wazuh": {"data": {"win": {
        "system": {"channel": SYSMON_CHANNEL, "eventID": "1", "providerName": SYSMON},
        "eventdata": {"Image": r"C:\Windows\System32\whoami.exe"}}}},
    "nxlog": {"Channel": SYSMON_CHANNEL, "EventID": 1, "SourceName": SYSMON,
              "Hostname": "desk.example", "Image": r"C:\Windows\System32\whoami.exe"},
    "attributes beside": {"Event": {
        "System": {"Provider_attributes": {"Name": SYSMON}, "EventID": 1,
                   "Channel": SYSMON_CHANNEL},
        "EventData": {"Image": r"C:\Windows\System32\whoami.exe"}}},
    "data as a list": {"Event": {
        "System": {"Provider": {"Name": SYSMON}, "EventID": 1, "Channel": SYSMON_CHANNEL},
        "EventData": {"Data": [
            {"@Name": "Image", "#text": r"C:\Windows\System32\whoami.exe"}]}}},
}  # fmt: skip


@pytest.mark.parametrize("name", list(WINDOWS))
def test_windows_events_of_every_shipper_get_the_names_of_the_event_log(name):
    event = one(WINDOWS[name])
    wanted = ("Provider_Name", "EventID", "Channel", "Image")
    assert {field: event[field] for field in wanted} == {
        field: FLAT_WINDOWS[field] for field in wanted
    }
    assert "_ls" not in event


def test_spaces_leave_field_names_and_underscores_stay():
    event = one({**FLAT_WINDOWS, "Threat Name": "x", "Provider_Name": "y"})
    assert (event["ThreatName"], event["Provider_Name"]) == ("x", "y")
    assert "Threat Name" not in event


def test_an_event_cannot_move_itself_to_another_channel():
    record = {"Event": {
        "System": {"Channel": "Security", "EventID": 4688},
        "EventData": {"Channel": "System", "EventID": 1, "_ls": "x", "_time": 5.0},
    }}  # fmt: skip
    event = one(record)
    assert (event["Channel"], event["EventID"]) == ("Security", 4688)
    assert not {"_ls", "_time"} & event.keys()


def test_unnamed_values_are_joined_and_named_user_data_is_taken_out():
    record = {"Event": {
        "System": {"Channel": "Application", "EventID": 1},
        "EventData": {"Data": {"#text": ["a", "b"]}, "Binary": None}}}  # fmt: skip
    assert one(record)["Data"] == "a b"
    cleared = {"LogFileCleared": {"#attributes": {"xmlns": "y"}, "User": "ana"}}
    record = {"System": {"Channel": "x", "EventID": 1}, "UserData": cleared}
    assert one(record) == {"Channel": "x", "EventID": 1, "User": "ana"}


def test_an_unknown_source_meets_no_rule_unless_the_operator_says_what_it_is():
    assert "_ls" not in one({"some": "thing"})
    named = {"product": "linux", "service": "auditd"}
    assert one({"some": "thing"}, log_source=named)["_ls"] == named


def test_a_source_said_in_the_event_is_kept_and_must_be_one():
    assert one({"a": 1, "_ls": {"product": "zeek"}})["_ls"] == {"product": "zeek"}
    (batch,) = read([rows({"a": 1, "_ls": {"vendor": 1}})], Format.JSONL)
    assert (batch.events, len(batch.bad)) == ([], 1)


def test_wrapped_records_each_become_an_event():
    (batch,) = read([rows({"Records": [{"a": 1}, {"a": 2}]})], Format.JSONL)
    assert batch.positions == [0, 0]
    assert [event["a"] for event in batch.events] == [1, 2]


def test_objects_printed_over_many_lines_are_a_document():
    (batch,) = read([b'{\n "a": 1\n}\n{\n "a": 2\n}\n'])
    assert [event["a"] for event in batch.events] == [1, 2]


def first(form, **options):
    (batch, *_) = read([SAMPLES[form]], form, Options(year_before=1_790_000_000.0, **options))
    return batch.events


def test_programs_in_one_syslog_file_belong_to_their_own_logs():
    assert [event["_ls"].get("service") for event in first(Format.SYSLOG)] == [
        ["sshd", "auth"], ["sudo", "auth"], ["syslog"], "postfix", "postfix", "named", "dnsmasq",
        ["cron"], "sysmon", None,
    ]  # fmt: skip
    assert first(Format.SYSLOG)[-1]["_ls"]["category"] == "firewall"


def test_a_message_cannot_dress_as_a_record_of_another_product():
    line = b"Mar  1 08:00:00 gate sshd[1]: Invalid user CEF:0|a|b|c|d|e|f| from 192.0.2.1"
    (batch,) = read([line], Format.SYSLOG)
    assert batch.events[0]["_ls"] == {"product": "linux", "service": ["sshd", "auth"]}


def test_sshd_and_sudo_say_who_and_from_where():
    sshd, sudo, *_ = first(Format.SYSLOG)
    assert (sshd["src_ip"], sshd["src_port"], sshd["user"]) == ("203.0.113.9", 40112, "admin")
    assert (sudo["USER"], sudo["COMMAND"]) == ("root", "/bin/sh -c id ; ls")


def test_web_servers_that_write_alike_are_told_apart_by_name_only():
    assert first(Format.ACCESS)[0]["_ls"]["product"] == "apache"
    assert first(Format.NGINX)[0]["_ls"]["product"] == "nginx"


def test_a_request_that_is_no_request_stays_findable():
    line = b'198.51.100.7 - - [01/Mar/2026:08:00:00 +0000] "\\x16\\x03\\x01" 400 0 "-" "-"'
    (batch,) = read([line], Format.ACCESS)
    assert batch.events[0]["cs-uri"] == "\\x16\\x03\\x01"
    assert "cs-method" not in batch.events[0]


def test_a_line_cut_short_is_no_event():
    line = SAMPLES[Format.ACCESS].split(b"\n")[0][:-3]
    (batch,) = read([line], Format.ACCESS)
    assert (batch.events, len(batch.bad)) == ([], 1)


def test_iis_writes_its_agents_spaces_as_plus_and_its_empty_query_as_a_dash():
    get, post = first(Format.W3C)
    assert (get["cs-user-agent"], get["cs-uri"]) == ("Mozilla/5.0 (X)", "/a.aspx?x=1")
    assert (post["cs-uri"], post["_ls"]["product"]) == ("/b", "iis")


def test_arguments_the_kernel_wrote_as_hex_are_text():
    assert first(Format.AUDITD)[1]["a1"] == "/etc/shadow"


def test_custom_fields_of_cef_have_their_label_as_name():
    web, firewall = first(Format.CEF)
    assert (web["RuleName"], web["cs-uri-query"], web["name"]) == (
        "r one", "x=1", "SQL | injection",
    )  # fmt: skip
    assert firewall["_ls"] == {"category": "firewall", "product": "fortigate", "service": "event"}


def test_zeek_values_have_their_types():
    event = first(Format.ZEEK)[0]
    assert (event["id.orig_p"], event["AA"], event["answers"]) == (
        5353, False, ["203.0.113.1", "203.0.113.2"],
    )  # fmt: skip


def test_a_quoted_record_over_two_lines_is_one_event_of_its_first_line():
    (batch,) = read([SAMPLES[Format.CSV]], Format.CSV)
    assert batch.positions == [1, 3]
    assert batch.events[0]["Message"] == 'An account\nfailed, "twice"'


def test_a_quote_never_closed_costs_its_own_line_and_no_other():
    rest = [b"%d,x" % at for at in range(200)]
    data = b"\n".join((b"a,b", b'1,"open', *rest))
    batches = list(read([data], Format.CSV))
    assert [bad.position for batch in batches for bad in batch.bad] == [1]
    assert sum(len(batch.events) for batch in batches) == len(rest)


def test_mail_is_known_by_its_headers():
    *_, queued, subject = first(Format.SYSLOG)[:5]
    assert (queued["sender"], queued["queue_id"]) == ("a@b.example", "4F9D195432C")
    assert subject["subject"] == "Your ballot"


@pytest.mark.parametrize(
    ("line", "form", "fields"),
    [
        ("[1772352000] unbound[9:0] info: 192.0.2.5 evil.example. A IN", Format.DNS,
         {"query": "evil.example", "src_ip": "192.0.2.5", "_time": 1772352000.0}),
        ("Mar  1 08:00:00 gate unbound[9]: [9:0] info: 192.0.2.5 evil.example. A IN",
         Format.SYSLOG, {"query": "evil.example", "record_type": "A"}),
        ("[1772352000] unbound[9:0] notice: init module 0: validator", Format.DNS,
         {"message": "[9:0] notice: init module 0: validator"}),
        ("<13>Mar 1 08:00:00 fw LEEF:1.0|Palo Alto Networks|PAN-OS|10|THREAT|src=203.0.113.9",
         Format.SYSLOG, {"src_ip": "203.0.113.9"}),
    ],
)  # fmt: skip
def test_lines_as_devices_write_them_are_known_without_a_word(line, form, fields):
    data = (line + "\n").encode()
    assert detect(data) is form
    (batch,) = read([data], Format.AUTO, Options(year_before=1_773_000_000.0))
    (event,) = batch.events
    assert {name: event.get(name) for name in fields} == fields


def test_a_delivery_network_s_time_is_the_event_s():
    event = one({"ClientIP": "203.0.113.9", "ClientRequestURI": "/", "RayID": "x",
                 "EdgeStartTimestamp": "2026-03-01T08:00:00Z"})  # fmt: skip
    assert event_time(event) == 1772352000.0
