"""Which field of which log holds what kind of value.

By name, whatever log it stands in: a value is asked about only if it has the form of
its kind, so a field of the same name in another log finds nothing false. Names are
compared in lower case. A name ends the search for a host: `evil.example` in a list
is that name alone; what is under it is asked for as `*.evil.example`.
"""

from collections.abc import Mapping
from enum import StrEnum


class Observable(StrEnum):
    """What a field holds, and so what it is asked about."""

    ADDRESS = "address"  # IPv4 or IPv6, perhaps with a port: as itself and by every prefix
    HOST = "host"  # a name or an address, perhaps with a port
    URL = "url"  # as a whole, and its host
    MAIL = "mail"  # one or more mail addresses, with or without names
    HASHES = "hashes"  # `MD5=...,SHA256=...`, or one hash by its length
    CERTIFICATE_HASH = "certificate-hash"
    USER_AGENT = "user-agent"
    REGISTRY = "registry"  # a key; of a value also the key it stands in
    MUTEX = "mutex"
    SERIAL = "serial"
    FILE = "file"  # a path: by its last part


_BY_LOG: Mapping[str, Mapping[Observable, tuple[str, ...]]] = {
    "Windows, Sysmon": {
        Observable.ADDRESS: (
            "DestinationIp",
            "SourceIp",
            "IpAddress",
            "SourceAddress",
            "DestAddress",
            "ClientAddress",
            "RemoteAddress",
            "LocalAddress",
            "RemoteIpAddress",
            "Address",
        ),
        Observable.HOST: (
            "DestinationHostname",
            "SourceHostname",
            "QueryName",
            "TargetServerName",
            "RemoteName",
            "QueryResults",
            "WorkstationName",
        ),
        Observable.HASHES: ("Hashes", "Hash", "ConfigurationFileHash", "FileHash", "SHA256Hash"),
        Observable.REGISTRY: ("TargetObject", "RegistryKey"),
        Observable.MUTEX: ("ObjectName", "MutexName"),
        Observable.FILE: (
            "Image",
            "TargetFilename",
            "ImageLoaded",
            "ParentImage",
            "NewProcessName",
            "ProcessName",
            "OriginalFileName",
        ),
        Observable.URL: ("url", "RemoteUrl", "SourceURL"),
    },
    "Zeek": {
        Observable.ADDRESS: (
            "id.orig_h",
            "id.resp_h",
            "id_orig_h",
            "id_resp_h",
            "src",
            "dst",
            "tx_hosts",
            "rx_hosts",
            "host_addr",
            "client_addr",
            "server_addr",
            "assigned_addr",
            "answers",
        ),
        Observable.HOST: (
            "query",
            "host",
            "server_name",
            "san.dns",
            "answers",
            "helo",
            "client_fqdn",
        ),
        Observable.URL: ("uri", "referrer", "post_body.url"),
        Observable.MAIL: ("mailfrom", "rcptto", "from", "to", "cc", "reply_to", "san.email"),
        Observable.HASHES: ("md5", "sha1", "sha256", "cert_chain_fps", "client_cert_chain_fps"),
        Observable.USER_AGENT: ("user_agent",),
        Observable.SERIAL: ("certificate.serial",),
        Observable.CERTIFICATE_HASH: ("fingerprint", "cert_chain_fps", "client_cert_chain_fps"),
        Observable.FILE: ("filename",),
    },
    "Suricata": {
        Observable.ADDRESS: ("src_ip", "dest_ip", "dns.rdata", "dns.answers.rdata", "xff"),
        Observable.HOST: (
            "dns.rrname",
            "dns.query.rrname",
            "dns.answers.rrname",
            "dns.answers.rdata",
            "http.hostname",
            "tls.sni",
        ),
        Observable.URL: ("http.url", "http.http_refer"),
        Observable.USER_AGENT: ("http.http_user_agent",),
        Observable.HASHES: (
            "fileinfo.md5",
            "fileinfo.sha1",
            "fileinfo.sha256",
            "files.md5",
            "files.sha256",
        ),
        Observable.SERIAL: ("tls.serial",),
        Observable.CERTIFICATE_HASH: ("tls.fingerprint",),
        Observable.MAIL: ("smtp.mail_from", "smtp.rcpt_to", "email.from", "email.to"),
        Observable.FILE: ("fileinfo.filename",),
    },
    "web access, W3C, proxies, content networks": {
        Observable.ADDRESS: (
            "c-ip",
            "s-ip",
            "r-ip",
            "remote_addr",
            "client_ip",
            "clientip",
            "ClientIP",
            "EdgeServerIP",
            "OriginIP",
            "httpRequest.clientIp",
            "x-forwarded-for",
            "httpRequest.remoteIp",
            "cs-ip",
            "x_forwarded_for",
        ),
        Observable.HOST: (
            "cs-host",
            "r-dns",
            "http_host",
            "ClientRequestHost",
            "cs(Host)",
            "vhost",
            "s-hostname",
        ),
        Observable.URL: (
            "c-uri",
            "cs-uri",
            "cs-referer",
            "cs-referrer",
            "cs(Referer)",
            "referer",
            "http_referer",
            "ClientRequestReferer",
            "request_url",
        ),
        Observable.USER_AGENT: (
            "cs-user-agent",
            "c-useragent",
            "cs(User-Agent)",
            "http_user_agent",
            "useragent",
            "ClientRequestUserAgent",
            "agent",
        ),
    },
    "DNS query logs": {
        Observable.HOST: ("qname", "query_name", "question", "record_value", "domain"),
        Observable.ADDRESS: ("client", "resolver_ip", "answer"),
    },
    "mail": {
        Observable.MAIL: (
            "sender",
            "recipient",
            "recipients",
            "orig_to",
            "return_path",
            "SenderAddress",
            "RecipientAddress",
            "mail_from",
            "rcpt_to",
        ),
        Observable.HOST: ("relay", "relay_host", "client_name"),
        Observable.ADDRESS: ("relay_ip", "relay_addr", "client_address", "SenderIp", "FromIP"),
    },
    "clouds (CloudTrail, Azure, Okta, Google, Kubernetes, OCSF)": {
        Observable.ADDRESS: (
            "sourceIPAddress",
            "callerIpAddress",
            "ipAddress",
            "client.ipAddress",
            "requestContext.identity.sourceIp",
            "protoPayload.requestMetadata.callerIp",
            "sourceIPs",
            "src_endpoint.ip",
            "dst_endpoint.ip",
            "srcaddr",
            "dstaddr",
            "properties.ipAddress",
            "ActorIpAddress",
            "device.ip",
            "source.ip",
            "destination.ip",
            "client.ip",
            "server.ip",
            "host.ip",
        ),
        Observable.HOST: (
            "sourceIPAddress",
            "dst_endpoint.hostname",
            "src_endpoint.hostname",
            "query.hostname",
            "dns.question.name",
            "destination.domain",
            "source.domain",
            "url.domain",
            "tls.client.server_name",
        ),
        Observable.URL: ("http_request.url.url_string", "url.full", "url.original"),
        Observable.USER_AGENT: (
            "userAgent",
            "client.userAgent.rawUserAgent",
            "user_agent.original",
            "http_request.user_agent",
            "protoPayload.requestMetadata.callerSuppliedUserAgent",
        ),
        Observable.HASHES: (
            "file.hash.md5",
            "file.hash.sha1",
            "file.hash.sha256",
            "process.hash.md5",
            "process.hash.sha256",
            "file.hashes.value",
            "dll.hash.sha256",
        ),
        Observable.MAIL: ("UserId", "actor.alternateId", "userPrincipalName", "email.from.address"),
        Observable.REGISTRY: ("registry.path", "registry.key"),
        Observable.FILE: ("file.path", "process.executable", "process.file.path"),
    },
    "CEF and LEEF": {
        Observable.ADDRESS: ("dvc", "sourceTranslatedAddress", "destinationTranslatedAddress"),
        Observable.HOST: ("shost", "dhost", "destinationDnsDomain", "sourceDnsDomain"),
        Observable.URL: ("request", "requestContext"),
        Observable.USER_AGENT: ("requestClientApplication",),
        Observable.HASHES: ("fileHash", "oldFileHash"),
        Observable.MAIL: ("suser", "duser"),
        Observable.FILE: ("fname", "filePath"),
    },
}


def _by_field() -> dict[str, tuple[Observable, ...]]:
    found: dict[str, dict[Observable, None]] = {}
    for kinds in _BY_LOG.values():
        for kind, names in kinds.items():
            for name in names:
                found.setdefault(name.lower(), {})[kind] = None
    return {name: tuple(kinds) for name, kinds in found.items()}


FIELDS: Mapping[str, tuple[Observable, ...]] = _by_field()
"""Name of a field in lower case -> what its values are asked about."""
