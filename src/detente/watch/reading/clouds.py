"""Audit records of clouds and services, under the names Sigma's rules use for them."""

from detente.watch.reading.model import Event, LogSource

AZURE_SERVICES = {
    "signinlogs": "signinlogs",
    "noninteractiveusersigninlogs": "signinlogs",
    "serviceprincipalsigninlogs": "signinlogs",
    "managedidentitysigninlogs": "signinlogs",
    "auditlogs": "auditlogs",
    "userriskevents": "riskdetection",
    "riskyusers": "riskdetection",
    "serviceprincipalriskevents": "riskdetection",
}
M365_SERVICES = {
    "SecurityComplianceCenter": "threat_management",
    "ThreatIntelligence": "threat_management",
    "Exchange": "exchange",
    "CloudAppSecurity": "threat_detection",
}
AZURE_PREFIX = "properties."


def cloudtrail(event: Event) -> LogSource:
    """AWS CloudTrail: the record's own names."""
    return {"product": "aws", "service": "cloudtrail"}


def azure(event: Event) -> LogSource:
    """Azure Monitor: what stands under `properties` is also reachable without it.

    Rules follow the tables of Log Analytics (`ResultType`), whose columns are those
    properties; names meet because Sigma compares them without case.
    """
    category = str(event.get("category", event.get("Category", ""))).lower()
    for name in [name for name in event if name.startswith(AZURE_PREFIX)]:
        event.setdefault(name.removeprefix(AZURE_PREFIX), event[name])
    for column, name in (
        ("ResourceId", "resourceId"),
        ("OperationNameValue", "operationName"),
        ("CategoryValue", "category"),
    ):
        if name in event:
            event.setdefault(column, event[name])
    provider = str(event.get("resourceId", "")).lower().partition("/providers/")[2]
    if provider:
        event.setdefault("ResourceProviderValue", provider.partition("/")[0])
    if "riskEventType" in event:
        return {"product": "azure", "service": ["riskdetection", "pim"]}
    return {"product": "azure", "service": AZURE_SERVICES.get(category, "activitylogs")}


def okta(event: Event) -> LogSource:
    """Okta's system log."""
    return {"product": "okta", "service": "okta"}


def kubernetes(event: Event) -> LogSource:
    """Kubernetes audit: a pod's request also under the short names of the rules."""
    for short, name in (
        ("apiGroup", "objectRef.apiGroup"),
        ("hostPath", "requestObject.spec.volumes.hostPath.path"),
        ("capabilities", "requestObject.spec.containers.securityContext.capabilities.add"),
    ):
        if name in event:
            event.setdefault(short, event[name])
    return {"category": "application", "product": "kubernetes", "service": "audit"}


def gcp(event: Event) -> LogSource | list[LogSource]:
    """Google Cloud audit, and Google Workspace as Cloud Logging delivers it."""
    service = str(event.get("protoPayload.serviceName", ""))
    for name in [
        name for name in event if name.startswith(("protoPayload.", "resource.", "logName"))
    ]:
        event.setdefault(f"data.{name}", event[name])
    method = event.get("protoPayload.methodName")
    if method is not None:
        event.setdefault("gcp.audit.method_name", method)
    found: list[LogSource] = [{"product": "gcp", "service": "gcp.audit"}]
    kind = {"admin.googleapis.com": "admin", "login.googleapis.com": "login"}.get(service)
    if kind is not None:
        event.setdefault("eventService", service)
        action = event.get("protoPayload.metadata.event.eventName", method)
        if action is not None:
            event.setdefault("eventName", action)
        found.append({"product": "gcp", "service": f"google_workspace.{kind}"})
    return found


def github(event: Event) -> LogSource:
    """GitHub's audit log."""
    return {"product": "github", "service": "audit"}


def m365(event: Event) -> LogSource:
    """Microsoft 365's unified audit log; parameters also as one list of names and values."""
    workload = str(event.get("Workload", ""))
    parts = [event.get(f"Parameters.{part}") for part in ("Name", "Value")]
    if any(parts):
        event.setdefault(
            "Parameters",
            [
                item
                for part in parts
                for item in (part if isinstance(part, list) else [part])
                if item is not None
            ],
        )
    service = M365_SERVICES.get(workload)
    if service is None:
        return {"product": "m365", "service": "audit"}
    event.setdefault("eventSource", workload)
    for ours, theirs in (
        ("eventName", ("Name", "AlertType", "Operation")),
        ("status", ("Status",)),
    ):
        for name in theirs:
            if name in event:
                event.setdefault(ours, event[name])
    return {"product": "m365", "service": ["audit", service]}


def bitbucket(event: Event) -> LogSource:
    """Bitbucket's audit log."""
    return {"product": "bitbucket", "service": "audit"}


def onelogin(event: Event) -> LogSource:
    """OneLogin's event stream."""
    return {"product": "onelogin", "service": "onelogin.events"}


def opencanary(event: Event) -> LogSource:
    """OpenCanary's decoys."""
    return {"category": "application", "product": "opencanary"}


def rpc_firewall(event: Event) -> LogSource:
    """RPC Firewall's own events."""
    return {"category": "application", "product": "rpc_firewall"}


def duo(event: Event) -> LogSource:
    """Duo's authentication log."""
    return {"product": "cisco", "service": "duo"}
