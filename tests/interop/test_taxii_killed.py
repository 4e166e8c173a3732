"""`kill -9` of a pull at any page: the next one goes on, without a gap, and says nothing twice."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from detente.node.taxii import TaxiiService
from tests.edge.offices import make_unit, now, opened
from tests.edge.test_taxii_client import server
from tests.interop.test_taxii_peers import warning

PAGES, EACH = 8, 5


def scripted():
    """Return the pages of a collection, two with one date, as a server of others gives them."""
    for page in range(PAGES):
        objects = [warning(page * EACH + number) for number in range(EACH)]
        date = f"2026-02-01T00:00:{page // 2:02d}.000000Z"
        body = {"objects": objects, "more": page < PAGES - 1}
        if body["more"]:
            body["next"] = f"page-{page + 1}"
        headers = {"X-TAXII-Date-Added-First": date, "X-TAXII-Date-Added-Last": date}
        yield 200, headers, json.dumps(body).encode(), date


def from_place(pages, query):
    """Return the page that a query means: as a server that forgets no `next`."""
    if "next" in query:
        return pages[int(query["next"].removeprefix("page-"))]
    after = query.get("added_after", "")
    return next((page for page in pages if page[3] > after), (200, {}, b"{}", ""))


@pytest.mark.parametrize("stops", [(1, 3, 6), (2, 2, 5)], ids=str)
def test_a_killed_pull_goes_on_without_gap_or_repetition(tmp_path, stops):
    make_unit(tmp_path / "unit", ("Aurel", "Borea"))
    directory = tmp_path / "unit" / "Aurel"
    pages = list(scripted())
    running = []

    def give(asked):
        # The process dies while it waits for its page: what it has not said by then, it has not.
        if running and stopping and len(asked) >= stopping[0]:
            stopping.clear()
            running[0].kill()
        return from_place(pages, asked[-1])[:3]

    with server(give) as (url, asked):
        with (directory / "detente.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'\n[taxii_sources]\ntheirs = "{url}"\n')
        for stop in (*stops, 0):
            asked.clear()
            stopping = [stop] if stop else []
            running[:] = [pulling(directory)]
            status = running[0].wait(120)
            assert status == (-9 if stop else 0), running[0].stderr.read()
            running[0].stderr.close()
    with opened({"Aurel": directory}, "Aurel") as (home,):
        service = TaxiiService(home, now=now)
        service.shelving.bring_up()
        walk = service.deposits._walker.walk("alerting", after=-1, objects=1_000)
        names = Counter(
            json.loads(span.page.slice(place, place + 1))["name"]
            for span in walk.spans
            for place in range(span.start, span.end)
        )
        service.close()
    assert names == Counter(f"warning {number}" for number in range(PAGES * EACH))


def pulling(directory):
    return subprocess.Popen(
        [sys.executable, "-m", "detente", "source", "pull", "theirs", "--node", directory],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
