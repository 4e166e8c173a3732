"""OCSF events, by class, under the names Sigma's rules use."""

from detente.watch.reading.model import Event, LogSource
from detente.watch.reading.web import put_agent, put_uri

PROCESS = {
    "process.cmd_line": "CommandLine",
    "process.file.path": "Image",
    "process.parent_process.cmd_line": "ParentCommandLine",
    "process.parent_process.file.path": "ParentImage",
    "process.user.name": "User",
    "process.pid": "ProcessId",
    "actor.process.cmd_line": "ParentCommandLine",
    "actor.process.file.path": "ParentImage",
    "actor.user.name": "User",
}
FILE = {
    "file.path": "TargetFilename",
    "actor.process.file.path": "Image",
    "actor.user.name": "User",
}
NETWORK = {
    "dst_endpoint.ip": "DestinationIp",
    "dst_endpoint.port": "DestinationPort",
    "dst_endpoint.hostname": "DestinationHostname",
    "src_endpoint.ip": "SourceIp",
    "src_endpoint.port": "SourcePort",
    "actor.process.file.path": "Image",
}
FIREWALL = {
    "dst_endpoint.ip": "dst_ip",
    "dst_endpoint.port": "dst_port",
    "src_endpoint.ip": "src_ip",
    "src_endpoint.port": "src_port",
    "action": "action",
}
DNS = {"query.hostname": "query", "query.type": "record_type", "answers.rdata": "answer",
       "src_endpoint.ip": "src_ip"}  # fmt: skip
WEB = {
    "src_endpoint.ip": "c-ip",
    "http_request.http_method": "cs-method",
    "http_request.referrer": "cs-referer",
    "http_request.url.hostname": "cs-host",
    "http_response.code": "sc-status",
}
CLOUDTRAIL = {
    "api.operation": "eventName",
    "api.service.name": "eventSource",
    "api.response.error": "errorCode",
    "http_request.user_agent": "userAgent",
    "src_endpoint.ip": "sourceIPAddress",
    "actor.user.type": "userIdentity.type",
    "actor.user.uid": "userIdentity.arn",
}
CLASSES: dict[int, tuple[str, dict[str, str]]] = {
    1001: ("file_event", FILE),
    1007: ("process_creation", PROCESS),
    4001: ("network_connection", NETWORK),
    4002: ("webserver", WEB),
    4003: ("dns", DNS),
}
API_ACTIVITY = 6003


def ocsf(event: Event) -> LogSource:
    """Return the log source by class and product, and set the rules' names beside OCSF's own."""
    kind = event.get("class_uid")
    product = str(event.get("device.os.type") or event.get("device.os.name") or "").lower()
    if kind == API_ACTIVITY and "cloudtrail" in str(event.get("metadata.product.name", "")).lower():
        _rename(event, CLOUDTRAIL)
        return {"product": "aws", "service": "cloudtrail"}
    category, names = CLASSES.get(kind, ("", {})) if isinstance(kind, int) else ("", {})
    if kind == 4001 and "actor.process.file.path" not in event:  # noqa: PLR2004
        category, names = "firewall", FIREWALL
    _rename(event, names)
    if category == "webserver":
        _request(event)
    source: LogSource = {"service": "ocsf"}
    if category:
        source["category"] = category
    if product and category not in ("webserver", "dns", "firewall"):
        source["product"] = product
    return source


def _rename(event: Event, names: dict[str, str]) -> None:
    for theirs, ours in names.items():
        if theirs in event:
            event.setdefault(ours, event[theirs])


def _request(event: Event) -> None:
    path = event.get("http_request.url.path", event.get("http_request.url.url_string", ""))
    query = event.get("http_request.url.query_string")
    put_uri(event, f"{path}?{query}" if query else str(path))
    if "http_request.user_agent" in event:
        put_agent(event, str(event["http_request.user_agent"]))
