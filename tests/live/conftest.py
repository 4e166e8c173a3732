"""The stage, for every live row: one of its own, or one that many rows share."""

import pytest

from tests.live.unit import found, live_unit


@pytest.fixture(scope="session")
def founded(tmp_path_factory):
    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def unit(tmp_path, founded):
    """A stage of its own: for rows after which the hostile log is not believed any more."""
    with live_unit(tmp_path, founded) as stage:
        yield stage


@pytest.fixture(scope="session")
def common(tmp_path_factory, founded):
    with live_unit(tmp_path_factory.mktemp("common"), founded) as stage:
        yield stage


@pytest.fixture
def stage(common):
    """The stage that rows share, on which the hostile log only grows.

    After each row the honest members are whole: they run, nobody accuses them, and what one
    says the other hears.
    """
    common.begin_row()
    yield common
    common.end_row()
