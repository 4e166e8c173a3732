"""Run by test_sequencer_faults: append, as an ordinary user, where nothing may be written."""

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from detente.errors import EnvironmentFault
from detente.node.sequencer import Sequencer
from tests.edge.log_on_disk import at, new_log, reopen_log, sign

NOBODY = 65_534


async def append(directory: Path) -> None:
    opened = reopen_log(directory)
    async with Sequencer(opened.log, sign=sign, now=at()) as log:
        await log.covered((await log.submit("one more")).seq)
    opened.close()


def main() -> int:
    directory, part = Path(sys.argv[1]), sys.argv[2]
    with TemporaryDirectory() as scratch:
        # Whatever is imported where it is used is imported now: the other user may not read it.
        new_log(Path(scratch)).close()
        asyncio.run(append(Path(scratch)))
    inside = [directory / "log", *(directory / "log").rglob("*")]
    closed = inside if part == "tiles" else [*directory.glob("node.db*"), directory]
    # Root may write anywhere, so a run by root hands all to another user and becomes it.
    if os.geteuid() == 0:
        for path in [directory, *directory.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    for path in closed:
        path.chmod(0o500 if path.is_dir() else 0o400)
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        asyncio.run(append(directory))
    except EnvironmentFault as fault:
        sys.stdout.write(f"{fault}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
