"""Reading servers of others: cut off at every limit, never in circles, nothing passed over."""

import asyncio
import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from detente.exchange.taxii import client as taxii_client
from detente.exchange.taxii.client import Place, TaxiiClient
from detente.exchange.taxii.errors import PullError

FIRST, SECOND, THIRD = (f"2026-01-01T00:00:0{second}.000Z" for second in (1, 2, 3))


def answer(*names, more=False, following=None, first=FIRST, last=FIRST, status=200, body=None):
    """Return one answer as a server gives it."""
    envelope = {"objects": [{"id": name} for name in names], "more": more}
    if following is not None:
        envelope["next"] = following
    headers = {"X-TAXII-Date-Added-First": first, "X-TAXII-Date-Added-Last": last}
    return status, headers, json.dumps(envelope).encode() if body is None else body


@contextmanager
def server(*answers):
    """Give these answers one after the other, the last for ever; yield the URL and what came.

    An answer may also be a function of what was asked so far.
    """
    waiting, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_words):
            pass

        def do_GET(self):
            asked.append({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
            given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            status, headers, body = given(asked) if callable(given) else given
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/collection/", asked
    finally:
        listening.shutdown()
        thread.join(10)
        listening.server_close()


def pull(url, place=None):
    """Return the ids of each page and the places they were kept by."""

    async def read():
        async with TaxiiClient(url) as client:
            return [page async for page in client.pages(place or Place())]

    pages = asyncio.run(read())
    ids = [[one["id"] for one in page.objects] for page in pages]
    return ids, [page.place.to_keep.after for page in pages]


def test_pages_are_followed_though_each_has_the_same_next():
    pages = [answer(name, more=True, following="same") for name in "abc"]
    with server(*pages, answer("d", last=SECOND)) as (url, asked):
        ids, kept = pull(url)
    assert ids == [["a"], ["b"], ["c"], ["d"]]
    assert [each.get("next") for each in asked] == [None, "same", "same", "same"]
    assert kept == ["", "", "", SECOND]


def test_the_same_page_again_ends_the_reading():
    circle = answer("a", more=True, following="same")
    with server(circle) as (url, asked), pytest.raises(PullError, match="again and again"):
        pull(url)
    assert len(asked) <= 3


@pytest.mark.parametrize(
    ("spans", "kept"),
    [
        ([(FIRST, FIRST), (FIRST, FIRST)], ["", ""]),
        ([(FIRST, SECOND), (SECOND, SECOND)], [FIRST, FIRST]),
        ([(FIRST, FIRST), (SECOND, SECOND)], ["", FIRST]),
        ([(FIRST, SECOND), (SECOND, THIRD)], [FIRST, SECOND]),
        ([("", ""), ("no date", "x")], ["", ""]),
    ],
)
def test_the_place_that_is_kept_passes_over_nothing_that_may_still_come(spans, kept):
    # Many objects have one date; that it was seen says nothing about the rest of it.
    pages = [
        answer(str(number), more=True, following=f"n{number}", first=first, last=last)
        for number, (first, last) in enumerate(spans)
    ]
    with server(*pages, answer("end", first=THIRD, last=THIRD)) as (url, _):
        _ids, places = pull(url)
    assert places == [*kept, THIRD]


def test_what_is_kept_is_where_the_next_reading_begins():
    with server(answer("a")) as (url, asked):
        pull(url, Place(SECOND))
    assert asked == [{"limit": "500", "match[version]": "all", "added_after": SECOND}]


def test_a_next_that_the_server_forgot_begins_where_all_was_seen():
    pages = (
        answer("a", more=True, following="gone", first=FIRST, last=SECOND),
        answer(status=400, body=b"{}"),
        answer("b", first=SECOND, last=SECOND),
    )
    with server(*pages) as (url, asked):
        assert pull(url)[0] == [["a"], ["b"]]
    assert asked[-1]["added_after"] == FIRST
    assert "next" not in asked[-1]


def test_a_server_without_next_is_asked_for_what_came_later():
    with server(answer("a", more=True, last=SECOND), answer("b", last=THIRD)) as (url, asked):
        assert pull(url)[0] == [["a"], ["b"]]
    assert asked[1]["added_after"] == SECOND


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>", "no envelope"),
        (b"[]", "no envelope"),
        (b'{"objects":{}}', "no list"),
        (b'{"objects":[' + b"[" * 50 + b"]" * 50 + b"]}", "deeper"),
        (b'{"a":1,"a":2}', "twice"),
    ],
)
def test_what_is_no_envelope_is_refused(body, told):
    with server(answer(body=body)) as (url, _), pytest.raises(PullError, match=told):
        pull(url)


def test_an_answer_beyond_the_limit_is_cut_off(monkeypatch):
    monkeypatch.setattr(taxii_client, "PULL_BYTES_MAX", 1_000)
    with (
        server(answer(body=b" " * 2_000)) as (url, _),
        pytest.raises(PullError, match="more than 1000 bytes"),
    ):
        pull(url)


def test_pages_without_end_are_cut_off(monkeypatch):
    monkeypatch.setattr(taxii_client, "PULL_PAGES_MAX", 5)
    pages = [answer(str(n), more=True, following=f"n{n}") for n in range(9)]
    with server(*pages) as (url, asked), pytest.raises(PullError, match="more than 5 pages"):
        pull(url)
    assert len(asked) == 5


def test_an_answer_that_sends_elsewhere_is_not_followed():
    elsewhere = (302, {"location": "http://127.0.0.1:1/"}, b"")
    with server(elsewhere) as (url, asked), pytest.raises(PullError, match="302"):
        pull(url)
    assert len(asked) == 1


def test_a_refusal_and_an_address_where_nobody_listens_are_told():
    with server(answer(status=401, body=b"no")) as (url, _), pytest.raises(PullError, match="401"):
        pull(url)
    with pytest.raises(PullError, match="does not answer"):
        pull("http://127.0.0.1:1/x/")
    for wrong in ("ftp://there/", "http://there/?a=b"):
        with pytest.raises(PullError, match="no address"):
            TaxiiClient(wrong)


def test_an_object_whose_type_stands_for_its_spec_version_is_read_as_it_was_meant():
    # OpenTAXII 0.9.3 makes this of every object.
    broken = {"objects": [{"type": "indicator", "spec_version": "indicator"}, 7, {"id": "x"}]}
    with server(answer(body=json.dumps(broken).encode())) as (url, _):

        async def read():
            async with TaxiiClient(url) as client:
                return [page.objects async for page in client.pages(Place())]

        (objects,) = asyncio.run(read())
    assert objects[0] == {"type": "indicator", "spec_version": "2.1"}
    assert objects[1:] == (7, {"id": "x"})
