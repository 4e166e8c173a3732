"""Where a page's links lead, and whether they lead elsewhere than before.

2016: a look-alike of a fundraising site was registered, and the party's own page
was edited to point to it. Whoever looks at the page sees the same button.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

from detente.elections.errors import ElectionsError
from detente.elections.names.index import NameIndex
from detente.elections.names.model import LookAlike

PAGE_CHARS_MAX = 16 * 1024 * 1024
LINKS_MAX = 100_000
_ATTRIBUTES = ("href", "action", "src", "formaction")


@dataclass(frozen=True, slots=True)
class Drift:
    """One host that a page leads to and did not before.

    Attributes:
        host: the new one.
        links: how many of the page's links lead there.
        replaces: a host that is gone and reads like it; empty for none.
        found: the likeness, to a host that is gone or to a protected name; None for a stranger.
    """

    host: str
    links: int
    replaces: str
    found: LookAlike | None


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.hosts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            host = host_of(value or "") if name in _ATTRIBUTES else ""
            if host and len(self.hosts) < LINKS_MAX:
                self.hosts.append(host)


def host_of(link: str) -> str:
    """The host a link leads to, or a mail address's domain; empty within the same site."""
    text = link.strip().lower()
    if text.startswith("mailto:"):
        return text.partition("?")[0].rpartition("@")[2].rstrip(".")
    scheme, mark, rest = text.partition("//")
    if not mark or scheme not in ("", "http:", "https:"):
        return ""
    for end in "/?#\\":
        rest = rest.partition(end)[0]
    return rest.rpartition("@")[2].partition(":")[0].rstrip(".")


def hosts_of(page: str) -> list[str]:
    """The hosts a page leads to, once for each link.

    Raises:
        ElectionsError: it is larger than any page.
    """
    if len(page) > PAGE_CHARS_MAX:
        raise ElectionsError(f"a page of more than {PAGE_CHARS_MAX} signs")
    parser = _Links()
    parser.feed(page)
    parser.close()
    return parser.hosts


def link_drift(before: str, after: str, protected: Iterable[str] = ()) -> list[Drift]:
    """Hosts that a page leads to now and did not, those first that are like one that is gone.

    Args:
        before: the page as it was, HTML.
        after: as it is.
        protected: the office's names.

    Raises:
        ElectionsError: a page too large, or a protected name that is none.
    """
    old, new = hosts_of(before), hosts_of(after)
    gone = sorted(host for host in set(old) - set(new) if "." in host)
    index_gone, index_own = NameIndex(gone), NameIndex(protected)
    drifts = []
    for host in sorted(set(new) - set(old)):
        lost, own = index_gone.look(host), index_own.look(host)
        found = lost or own
        replaces = lost.protects if lost is not None else ""
        drifts.append(Drift(host, new.count(host), replaces, found))
    return sorted(drifts, key=lambda each: (each.found is None, each.host))
