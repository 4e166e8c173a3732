"""Which events a rule's log source means: Windows channels and numbers, or the tag of others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, cast

from sigma.rule import SigmaLogSource

from detente.watch.errors import WatchError
from detente.watch.kernel import Route

SYSMON_CHANNEL = "microsoft-windows-sysmon/operational"


class Reading(StrEnum):
    """How the categories of Windows are read; several may be wanted at once."""

    SYSMON = "sysmon"  # as Sysmon's events, and PowerShell's own
    AUDIT = "windows-audit"  # processes and registry as Security auditing reports them


EVERY_READING = (Reading.SYSMON, Reading.AUDIT)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule looks, and what its words are called there.

    Attributes:
        route: the events.
        renamed: field in plain form -> its name there.
        unknown: fields in plain form that those events do not have under any name.
        wanted: field -> values of which one must be there besides.
    """

    route: Route
    renamed: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def places_of(source: SigmaLogSource, readings: tuple[Reading, ...]) -> list[Place]:
    """Return where a rule with this log source looks.

    Raises:
        WatchError: no Windows event is known for it.
    """
    said = tuple((each or "").lower() for each in (source.category, source.product, source.service))
    category, product, service = said
    tagged = Place(Route(source=(category, product, service)))
    if product != "windows":
        return [tagged]
    places = []
    if Reading.SYSMON in readings:
        places.append(_direct(category, service))
    if Reading.AUDIT in readings and service in ("", "security"):
        places.append(_audited(category))
    found = [place for place in places if place is not None]
    if not found:
        raise WatchError(
            f"no Windows event is known for its log source (category {category or '-'}, "
            f"service {service or '-'}, read as {', '.join(readings)})",
            remedy="Map it to a channel with a pipeline",
        )
    return [tagged, *found]


def _direct(category: str, service: str) -> Place | None:
    """Return the events that carry the rules' own field names."""
    channels = _tables().services.get(service) if service else None
    if service and channels is None:
        return None
    if not category:
        return Place(Route(channels=channels or ()))
    known = _tables().categories.get(category)
    if known is None:
        return None
    own, event_ids = known
    if channels is not None:
        own = tuple(channel for channel in own if channel in channels)
    return Place(Route(channels=own, event_ids=event_ids)) if own else None


def _audited(category: str) -> Place | None:
    known = _tables().audited.get(category)
    if known is None:
        return None
    renamed, unknown = _tables().audit_names
    is_registry = category != "process_creation"
    conditions: dict[str, Any] = dict(known)
    event_ids = _listed(conditions.pop("EventID"))
    return Place(
        Route(channels=("security",), event_ids=event_ids),
        renamed=renamed["registry"] if is_registry else renamed["process"],
        unknown=unknown if is_registry else frozenset(),
        wanted={name: _listed(values) for name, values in conditions.items()},
    )


def _listed(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in (value if isinstance(value, list) else [value]))


@dataclass(frozen=True, slots=True)
class _Tables:
    services: Mapping[str, tuple[str, ...]]
    categories: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    audited: Mapping[str, Mapping[str, Any]]
    audit_names: tuple[Mapping[str, Mapping[str, str]], frozenset[str]]


@cache
def _tables() -> _Tables:
    """Take pySigma's own tables, in the form that routes need."""
    from sigma.pipelines.common import windows_logsource_mapping
    from sigma.pipelines.sysmon.sysmon import sysmon_generic_logsource_eventid_mapping
    from sigma.pipelines.windows import windows as audit

    services = {
        name: tuple(channel.lower() for channel in _listed(channels))
        for name, channels in windows_logsource_mapping.items()
    }
    categories: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        name: ((SYSMON_CHANNEL,), _listed(event_ids))
        for name, event_ids in sysmon_generic_logsource_eventid_mapping.items()
    }
    for name, said in audit.windows_generic_category_channel_mapping.items():
        categories[name] = (services[str(said["service"])], _listed(said["EventID"]))
    common = {
        "parentimage": "ParentProcessName",
        "details": "NewValue",
        "logonid": "SubjectLogonId",
    }
    registry = {n.lower(): to for n, to in audit.windows_audit_registry_fieldmappings.items()}
    names = {"process": {**common, "image": "NewProcessName"}, "registry": {**common, **registry}}
    unknown = frozenset(n.lower() for n in audit.windows_audit_registry_unsupported_fields)
    # pySigma's annotation names another type than its value has.
    audited = cast("Mapping[str, Any]", audit.generic_logsource_to_windows_audit_event_mapping)
    return _Tables(services, categories, audited, (names, unknown))
