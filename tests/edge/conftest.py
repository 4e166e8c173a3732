"""Where a node's database stands: a file, or a server that the tests start.

A test that takes `place` runs on both; one that takes `places` makes as many as it likes.
"""

import itertools

import pytest

from tests.edge.postgresql import Server


@pytest.fixture(scope="session")
def server():
    """One server for all tests of a process; its password is where its users keep theirs."""
    server = Server()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSFILE", str(server.passfile))
        yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request, tmp_path):
    """Return what names a new, empty place for a database."""
    if request.param == "postgresql":
        return request.getfixturevalue("server").new
    numbers = itertools.count()
    return lambda: tmp_path / f"node{next(numbers) or ''}.db"


@pytest.fixture
def place(places):
    """Return one of them."""
    return places()
