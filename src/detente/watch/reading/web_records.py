"""Web requests that servers, CDNs and firewalls before applications write as JSON."""

from detente.watch.reading.model import Event, LogSource
from detente.watch.reading.web import put_agent, put_uri

WEB_NAMES = (
    "c-ip", "cs-method", "uri", "query", "sc-status", "cs-user-agent", "cs-referer", "cs-host",
)  # fmt: skip
WEB_RECORDS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("ClientRequestMethod", "ClientIP"): (
        "cloudflare",
        ("ClientIP", "ClientRequestMethod", "ClientRequestURI", "", "EdgeResponseStatus",
         "ClientRequestUserAgent", "ClientRequestReferer", "ClientRequestHost"),
    ),
    ("httpRequest.clientIp", "httpRequest.uri"): (
        "aws_waf",
        ("httpRequest.clientIp", "httpRequest.httpMethod", "httpRequest.uri", "httpRequest.args",
         "responseCodeSent", "", "", ""),
    ),
    ("cliIP", "reqMethod"): (
        "akamai",
        ("cliIP", "reqMethod", "reqPath", "queryStr", "statusCode", "UA", "referer", "reqHost"),
    ),
    ("request_uri", "request_method"): (
        "nginx",
        ("remote_addr", "request_method", "request_uri", "", "status", "http_user_agent",
         "http_referer", "host"),
    ),
    ("httpRequest.requestUrl", "httpRequest.requestMethod"): (
        "gcp_load_balancer",
        ("httpRequest.remoteIp", "httpRequest.requestMethod", "httpRequest.requestUrl", "",
         "httpRequest.status", "httpRequest.userAgent", "httpRequest.referer", ""),
    ),
    ("properties.requestUri", "properties.httpMethod"): (
        "azure_front_door",
        ("properties.clientIp", "properties.httpMethod", "properties.requestUri",
         "properties.requestQuery", "properties.httpStatusCode", "properties.userAgent",
         "properties.referer", "properties.hostName"),
    ),
    ("request.remote_ip", "request.uri"): (
        "caddy",
        ("request.remote_ip", "request.method", "request.uri", "", "status",
         "request.headers.User-Agent", "request.headers.Referer", "request.host"),
    ),
    ("transaction.request.uri", "transaction.request.method"): (
        "modsecurity",
        ("transaction.client_ip", "transaction.request.method", "transaction.request.uri", "",
         "transaction.response.http_code", "transaction.request.headers.User-Agent",
         "transaction.request.headers.Referer", "transaction.request.headers.Host"),
    ),
    ("RequestMethod", "RequestPath"): (
        "traefik",
        ("ClientHost", "RequestMethod", "RequestPath", "", "DownstreamStatus",
         "request_User-Agent", "request_Referer", "RequestHost"),
    ),
    ("http.request.method", "url.original"): (
        "",
        ("source.address", "http.request.method", "url.original", "", "http.response.status_code",
         "user_agent.original", "http.request.referrer", "url.domain"),
    ),
}  # fmt: skip
"""By the two names that show it: the product, and its names in the order of WEB_NAMES."""

_TELLING = frozenset(first for first, _ in WEB_RECORDS)


def web_source(event: Event) -> LogSource | None:
    """Give a request's record the names of the webserver rules; None if it is none."""
    if _TELLING.isdisjoint(event):
        return None
    for (first, second), (product, theirs) in WEB_RECORDS.items():
        if first in event and second in event:
            _rename(event, theirs)
            if product == "aws_waf":
                _aws_headers(event)
            product = product or str(event.get("event.module", "web"))
            return {"category": "webserver", "product": product, "service": product}
    return None


def _rename(event: Event, theirs: tuple[str, ...]) -> None:
    found = {
        ours: _one(event[name])
        for ours, name in zip(WEB_NAMES, theirs, strict=True)
        if name and name in event
    }
    uri, query = str(found.pop("uri", "")), str(found.pop("query", ""))
    if query and "?" not in uri:
        uri = f"{uri}?{query.removeprefix('?')}"
    agent = found.pop("cs-user-agent", None)
    for name, value in found.items():
        event.setdefault(name, value)
    put_uri(event, uri)
    if agent is not None:
        put_agent(event, str(agent))


def _one(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _aws_headers(event: Event) -> None:
    """AWS WAF keeps headers as a list of names and values."""
    names, values = (event.get(f"httpRequest.headers.{part}") for part in ("name", "value"))
    if not isinstance(names, list) or not isinstance(values, list) or len(names) != len(values):
        return
    for name, value in zip(names, values, strict=True):
        match str(name).lower():
            case "user-agent":
                put_agent(event, str(value))
            case "referer":
                event["cs-referer"] = str(value)
            case "host":
                event["cs-host"] = str(value)
