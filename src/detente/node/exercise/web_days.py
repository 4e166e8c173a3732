"""Days of a public web server: visitors, and what somebody writes among them, hours apart.

Lines of the combined access log. Every address is from a documentation range.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

DAYS = 2.5
INJECTED = 9
VISITED = 3
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
)
_PAGES = (
    "/", "/", "/results/", "/register", "/polling-places?zip={number}", "/calendar",
    "/application-status?id={number}", "/static/site.css", "/static/logo.png", "/contact",
    # What looks like an injection and is none.
    "/search?q=O%27Brien", "/search?q=union+hall+polling+place", "/search?q=order%20a%20ballot",
)  # fmt: skip
_SQL = (
    "1' OR '1'='1", "1 AND 1=2", "1' UNION SELECT NULL--", "1' UNION SELECT NULL,NULL--",
    "1'; WAITFOR DELAY '0:0:5'--", "1 AND SLEEP(5)", "1' AND 1=CONVERT(int,@@version)--",
    "1' UNION ALL SELECT table_name FROM information_schema.tables--", "1' ORDER BY 9--",
)  # fmt: skip
_STATUSES = ((200, 304, 404, 302), (88, 6, 3, 3))


@dataclass(frozen=True, slots=True)
class Days:
    """A log of some days.

    Attributes:
        data: its lines, in order of time.
        harm: those that somebody meant harm with, without line ends.
    """

    data: bytes
    harm: frozenset[bytes] = field(default_factory=frozenset)


def web_days(
    chance: random.Random,
    until: datetime,
    *,
    visits: int,
    injected_by: str = "",
    visited_by: Sequence[str] = (),
) -> Days:
    """Return an access log that ends at a time.

    Args:
        chance: its dice.
        until: aware; every request is before.
        visits: how many requests of the public.
        injected_by: address that sends SQL `INJECTED` times; empty for nobody.
        visited_by: addresses that each ask `VISITED` times for what the public asks for.
    """
    lines = [*_public(chance, until, visits)]
    for number in range(INJECTED if injected_by else 0):
        # Spread over two days, never two within an hour.
        moment = until - timedelta(hours=(number + 1) * 48 / INJECTED - chance.uniform(0, 2))
        address = f"/application-status?id={quote(_SQL[number % len(_SQL)])}"
        lines.append((moment, injected_by, address, chance.choice((200, 500))))
    for visitor in visited_by:
        lines += [
            (_moment(chance, until), visitor, _page(chance), 200) for _number in range(VISITED)
        ]
    lines.sort()
    written = [(each[1], line_of(chance, *each)) for each in lines]
    harm = (line.rstrip() for client, line in written if injected_by and client == injected_by)
    return Days(b"".join(line for _, line in written), frozenset(harm))


def line_of(
    chance: random.Random, moment: datetime, client: str, address: str, status: int = 200
) -> bytes:
    """Return one request as a line."""
    agent, size = chance.choice(_AGENTS), chance.randrange(900, 24_000)
    when = f"{moment:%d/%b/%Y:%H:%M:%S %z}"
    return (
        f'{client} - - [{when}] "GET {address} HTTP/1.1" {status} {size} "-" "{agent}"\n'
    ).encode()


def _public(
    chance: random.Random, until: datetime, visits: int
) -> Iterator[tuple[datetime, str, str, int]]:
    for _number in range(visits):
        status = chance.choices(*_STATUSES)[0]
        yield _moment(chance, until), _visitor(chance), _page(chance), status


def _moment(chance: random.Random, until: datetime) -> datetime:
    return until - timedelta(seconds=chance.uniform(60, DAYS * 86_400))


def _visitor(chance: random.Random) -> str:
    if chance.random() < 0.2:  # noqa: PLR2004 - one in five
        return f"2001:db8:{chance.randrange(1, 4):x}::{chance.randrange(1, 4096):x}"
    return f"192.0.2.{chance.randrange(1, 200)}"


def _page(chance: random.Random) -> str:
    return chance.choice(_PAGES).format(number=chance.randrange(10_000, 99_999))
