"""What MISP reads and writes: events, feeds, warning lists; pure, no network.

For: an unmodified MISP as a source and as a subscriber. Trusts: nothing in what
comes in; what goes out was cleared by the gate before it came here.
Follows: the MISP core format, MISP feeds (manifest.json, hashes.csv), MISP warning lists.
"""

from detente.exchange.misp.errors import MispError
from detente.exchange.misp.events import is_event, parse_event, print_event
from detente.exchange.misp.feed import (
    HASHES,
    MANIFEST,
    Announced,
    news,
    parse_hashes,
    parse_manifest,
    write_feed,
)
from detente.exchange.misp.model import Attribute, Event, Organisation, Tag
from detente.exchange.misp.translation import event_of_lines, objects_of_event
from detente.exchange.misp.warninglists import parse_warning_list

__all__ = [
    "HASHES",
    "MANIFEST",
    "Announced",
    "Attribute",
    "Event",
    "MispError",
    "Organisation",
    "Tag",
    "event_of_lines",
    "is_event",
    "news",
    "objects_of_event",
    "parse_event",
    "parse_hashes",
    "parse_manifest",
    "parse_warning_list",
    "print_event",
    "write_feed",
]
