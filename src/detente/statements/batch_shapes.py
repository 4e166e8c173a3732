"""The shape most shared objects have, read straight from their bytes.

One regular expression proves at once that the bytes are canonical JSON (keys
sorted, no escapes, integers only) and that the object is a valid indicator or
single-value observable. It may only say yes where the general way would; what
it does not know takes that way. The tests hold the two against each other.
"""

import re

from detente.statements.pattern import single_equality
from detente.statements.stix_properties import is_time, time_order

_TEXT = rb'"[^"\\\x00-\x1f]{0,16384}"'
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_TIME = rb'"([0-9TZ:.-]{20,30})"'
_WORDS = rb"\[" + _TEXT + rb"(?:," + _TEXT + rb"){0,63}\]"
_MARKINGS = rb'\["marking-definition--' + _UUID + rb'"(?:,"marking-definition--' + _UUID
_SOURCE = (
    rb'\{(?:"description":' + _TEXT + rb',)?(?:"external_id":' + _TEXT + rb",)?"
    rb'"source_name":' + _TEXT + rb'(?:,"url":' + _TEXT + rb")?\}"
)
_INDICATOR = re.compile(
    rb'\{(?:"confidence":(?:100|[1-9]?[0-9]),)?'
    rb'"created":' + _TIME + rb","
    rb'"created_by_ref":"(identity--' + _UUID + rb')",'
    rb'(?:"description":' + _TEXT + rb",)?"
    rb'(?:"external_references":\[' + _SOURCE + rb"(?:," + _SOURCE + rb"){0,15}\],)?"
    rb'"id":"(indicator--' + _UUID + rb')",'
    rb'(?:"indicator_types":' + _WORDS + rb",)?"
    rb'(?:"labels":' + _WORDS + rb",)?"
    rb'(?:"lang":' + _TEXT + rb",)?"
    rb'"modified":' + _TIME + rb","
    rb'(?:"name":' + _TEXT + rb",)?"
    rb'(?:"object_marking_refs":' + _MARKINGS + rb'"){0,15}\],)?'
    rb'"pattern":"([^"\\\x00-\x1f]+)","pattern_type":"stix",'
    rb'(?:"pattern_version":' + _TEXT + rb",)?"
    rb'(?:"revoked":(?:true|false),)?'
    rb'"spec_version":"2\.1","type":"indicator",'
    rb'"valid_from":' + _TIME + rb'(?:,"valid_until":' + _TIME + rb")?\}"
)
_OBSERVABLE = re.compile(
    rb'\{"id":"((domain-name|ipv4-addr|ipv6-addr|url|email-addr)--' + _UUID + rb')",'
    rb'(?:"object_marking_refs":' + _MARKINGS + rb'"){0,15}\],)?'
    rb'(?:"spec_version":"2\.1",)?"type":"\2","value":"([^"\\\x00-\x1f]*)"\}'
)


# type, id, identity that made it, what it is found by, times: created, modified, valid_from
# and perhaps valid_until; an observable has neither maker nor times.
Shape = tuple[str, str, str | None, tuple[str, str], tuple[str, ...]]


def read_shape(data: bytes) -> Shape | None:
    """Read an object of a common shape; None says only that the general way must decide."""
    match = _INDICATOR.fullmatch(data)
    if match is None:
        return _read_observable(data)
    try:
        text = [group.decode() for group in match.groups(b"")]
        if not data.isascii():
            data.decode()  # groups that are not captured must be UTF-8, too
    except UnicodeDecodeError:
        return None
    created, creator, identifier, modified, pattern, *validity = text
    key = single_equality(pattern)
    times = (created, modified, validity[0], validity[1] or validity[0])
    if key is None or not all(map(is_time, times)):
        return None
    if created != modified and time_order(created) > time_order(modified):
        return None
    if validity[1] and time_order(validity[1]) <= time_order(validity[0]):
        return None
    return "indicator", identifier, creator, key, times


def _read_observable(data: bytes) -> Shape | None:
    match = _OBSERVABLE.fullmatch(data)
    if match is None:
        return None
    try:
        identifier, object_type, value = (group.decode() for group in match.groups())
    except UnicodeDecodeError:
        return None
    return object_type, identifier, None, (f"{object_type}:value", value), ()
