"""A file that somebody removes while this node looks is no fault of the disk.

An offer that came about is removed by one thread while another asks after it; a node that
took that for a broken disk ended, and its unit was never founded.
"""

from pathlib import Path
from threading import Event, Thread

import pytest

from detente.node.home import Home
from detente.node.offering import FILE, read_offer
from detente.storage.disk import Disk, read_if_there, write_whole
from detente.storage.errors import StorageFault


def test_an_offer_removed_while_it_is_looked_for_is_none_and_no_fault(tmp_path):
    home = Home.create(tmp_path / "aurel", name="Aurel", exercise=True)
    file = tmp_path / "aurel" / FILE
    kept = b'{"answers":[],"at":"","document":"x"}'
    done = Event()
    seen = set()

    def come_and_go():
        while not done.is_set():
            write_whole(file, kept, disk=Disk())
            file.unlink()

    other = Thread(target=come_and_go)
    other.start()
    try:
        for _look in range(3_000):
            seen.add(read_offer(home) is not None)
    finally:
        done.set()
        other.join()
        home.close()
    assert seen == {True, False}  # both happened, and nothing else


def test_what_cannot_be_read_for_another_reason_is_still_a_fault(tmp_path):
    assert read_if_there(tmp_path / "none", bytes_max=1) is None
    with pytest.raises(StorageFault):
        read_if_there(Path(tmp_path), bytes_max=1)
    (tmp_path / "large").write_bytes(b"12")
    with pytest.raises(StorageFault, match="larger than 1 bytes"):
        read_if_there(tmp_path / "large", bytes_max=1)
