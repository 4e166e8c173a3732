"""The shape most shared objects have, read straight from their bytes.

One regular expression proves at once that the text is canonical JSON (keys
sorted, escapes as RFC 8785 writes them, integers only) and that the object is a valid indicator or
single-value observable. It may only say yes where the general way would; what
it does not know takes that way. The tests hold the two against each other.
"""

import re
from functools import lru_cache

from detente.statements.pattern import single_equality
from detente.statements.stix_properties import is_time, time_order

# RFC 8785, 3.2.2.2: these escapes and no others; between them runs, so that the engine never
# tries a text in two ways.
_ESCAPE = r'\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))'
_TEXT = r'"[^"\\\x00-\x1f]{0,16384}(?:' + _ESCAPE + r'[^"\\\x00-\x1f]{0,4096}){0,256}"'
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_TIME = r'"([0-9TZ:.-]{20,30})"'
_WORDS = r"\[" + _TEXT + r"(?:," + _TEXT + r"){0,63}\]"
_MARKINGS = r'\["marking-definition--' + _UUID + r'"(?:,"marking-definition--' + _UUID
_SOURCE = (
    r'\{(?:"description":' + _TEXT + r',)?(?:"external_id":' + _TEXT + r",)?"
    r'"source_name":' + _TEXT + r'(?:,"url":' + _TEXT + r")?\}"
)
_INDICATOR = re.compile(
    r'\{(?:"confidence":(?:100|[1-9]?[0-9]),)?'
    r'"created":' + _TIME + r","
    r'"created_by_ref":"(identity--' + _UUID + r')",'
    r'(?:"description":' + _TEXT + r",)?"
    r'(?:"external_references":\[' + _SOURCE + r"(?:," + _SOURCE + r"){0,15}\],)?"
    r'"id":"(indicator--' + _UUID + r')",'
    r'(?:"indicator_types":' + _WORDS + r",)?"
    r'(?:"labels":' + _WORDS + r",)?"
    r'(?:"lang":' + _TEXT + r",)?"
    r'"modified":' + _TIME + r","
    r'(?:"name":' + _TEXT + r",)?"
    r'(?:"object_marking_refs":' + _MARKINGS + r'"){0,15}\],)?'
    r'"pattern":"([^"\\\x00-\x1f]+)","pattern_type":"stix",'
    r'(?:"pattern_version":' + _TEXT + r",)?"
    r'(?:"revoked":(?:true|false),)?'
    r'"spec_version":"2\.1","type":"indicator",'
    r'"valid_from":' + _TIME + r'(?:,"valid_until":' + _TIME + r")?\}"
)
_OBSERVABLE = re.compile(
    r'\{"id":"((domain-name|ipv4-addr|ipv6-addr|url|email-addr)--' + _UUID + r')",'
    r'(?:"object_marking_refs":' + _MARKINGS + r'"){0,15}\],)?'
    r'(?:"spec_version":"2\.1",)?"type":"\2","value":"([^"\\\x00-\x1f]*)"\}'
)


# type, id, identity that made it, what it is found by, times: created, modified, valid_from
# and valid_until (valid_from again where there is none); an observable has neither maker nor times.
Shape = tuple[str, str, str | None, tuple[str, str], tuple[str, ...]]


def read_shape(data: bytes) -> Shape | None:
    """Read an object of a common shape; None says only that the general way must decide."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    match = _INDICATOR.fullmatch(text)
    if match is None:
        return _read_observable(text)
    created, creator, identifier, modified, pattern, start, until = match.groups()
    key = single_equality(pattern)
    times = (created, modified, start, until or start)
    if key is None or not _are_in_order(*times, open_ended=until is None):
        return None
    return "indicator", identifier, creator, key, times


# The objects of a batch share most of their times.
@lru_cache(maxsize=4096)
def _are_in_order(created: str, modified: str, start: str, until: str, *, open_ended: bool) -> bool:
    if not all(map(is_time, (created, modified, start, until))):
        return False
    if time_order(created) > time_order(modified):
        return False
    return open_ended or time_order(until) > time_order(start)


def _read_observable(text: str) -> Shape | None:
    match = _OBSERVABLE.fullmatch(text)
    if match is None:
        return None
    identifier, object_type, value = match.groups()
    return object_type, identifier, None, (f"{object_type}:value", value), ()
