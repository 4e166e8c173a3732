"""The stage, for every live row."""

import pytest

from tests.live.unit import found, live_unit


@pytest.fixture(scope="session")
def founded(tmp_path_factory):
    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def unit(tmp_path, founded):
    with live_unit(tmp_path, founded) as stage:
        yield stage
