"""How soon what one node detected is matched live at another, while it warns all the time.

Run `detente bench two_nodes`, or `python -m bench.two_nodes [--rate N] [--seconds N]
[--json FILE]`. Two nodes of one unit, as two processes over loopback. One says that it detected
harm by a fresh address, so many times a second, each in a statement of its own: signed,
logged, cosigned by the other. The other is the shipped program; it verifies, opens, indexes
and weighs what comes, and follows a log in which every warned address turns up again and
again until it is matched. The delay ends when the match is kept in its database.
Wanted at 200 warnings/s: under 1 s at the 99th percentile.
"""

import argparse
import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

from bench.watch_live import spread
from detente.charter.model import Quota
from detente.node.author import Author, ContentDraft, Wording
from detente.node.catching_up import open_node
from detente.node.clock import now
from detente.node.detecting import detection
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home
from detente.node.run_options import RunOptions
from detente.node.running import RunningNode
from detente.node.settings import load_settings, print_settings
from detente.node.speaking import make_author, say_each
from detente.statements import UNIT, Handling, Kind, Pap, Tlp
from detente.watch import Item

RATE, SECONDS = 200, 20
WARM_S = 3.0
TICK_S = 0.05
SHOWN_EVERY_S = 0.05
SHOWN_MOST = 50  # at once: a thousand events a second each way
LOOKED_EVERY_S = 0.01
LEFT_S = 15.0
WAIT_S = 60.0
P99_MS_MOST = 1_000.0
QUOTA = Quota(statements=10_000_000, size_bytes=2**40)
_HANDLING = Handling(
    kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.AMBER, licence="NOASSERTION", count=1
)


def found(place: Path) -> tuple[Path, Path]:
    """Make two nodes of one unit whose quota is no hindrance."""
    homes = [Home.create(place / name, name=name) for name in ("aurel", "borea")]
    cards = [read_card(write_card(home)) for home in homes]
    offer = make_offer(name="Bench", members=cards, witnesses=[], f=0, now=now())
    document = replace(offer, quota=QUOTA).to_bytes()
    answers = [accept_offer(home, document) for home in homes]
    for home in homes:
        apply_founding(home, document, answers, now())
        home.close()
    return homes[0].layout.directory, homes[1].layout.directory


def address(number: int) -> str:
    """Return a fresh address that nobody lists as benign."""
    return f"45.{80 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


async def speak(directory: Path, port: int, peer: str, rate: int, seconds: int) -> None:
    """Run a node that says a detection so many times a second; print each with its time."""
    with open_node(directory) as home, ThreadPoolExecutor(1) as drafting:
        options = RunOptions(listen=f"127.0.0.1:{port}", peers={"borea": peer})
        async with RunningNode(home, options, now=now, report=_report):
            await asyncio.to_thread(sys.stdin.readline)
            begin, number, saying = time.monotonic(), 1, []
            while (passed := time.monotonic() - begin) < seconds:
                count = int(passed * rate) - number + 1
                if count > 0:
                    values = [address(each) for each in range(number, number + count)]
                    saying.append(asyncio.create_task(_say(home, values, drafting)))
                    number += count
                await asyncio.sleep(TICK_S)
            await asyncio.gather(*saying)
            await asyncio.to_thread(sys.stdin.readline)


def _report(text: str) -> None:
    sys.stderr.write(f"{text}\n")


async def _say(home: Home, values: Sequence[str], drafting: ThreadPoolExecutor) -> None:
    begun = time.time()
    author, drafts = await asyncio.get_running_loop().run_in_executor(
        drafting, _drafts, home, values
    )
    answers = await say_each(home, author.sign, drafts, now)
    refused = [each for each in answers if isinstance(each, Exception)]
    sys.stdout.write(json.dumps({"at": begun, "values": values, "refused": len(refused)}) + "\n")
    sys.stdout.flush()


def _drafts(home: Home, values: Sequence[str]) -> tuple[Author, list[ContentDraft]]:
    charter, member, moment = home.charter, home.identity.member, now()
    assert charter is not None  # noqa: S101 - founded above
    author = make_author(home, charter, now)
    found = (
        detection(Item("ipv4-addr:value", each), member=member, handshake=True, now=moment)
        for each in values
    )
    return author, [*author.draft_all([Wording([each.raw], _HANDLING, UNIT) for each in found])]


@dataclass(slots=True)
class Story:
    """What was said and what was matched, by address.

    Attributes:
        said: seconds since 1970.
        matched: the same.
        refused: drafts that were not said.
    """

    said: dict[str, float] = field(default_factory=dict)
    matched: dict[str, float] = field(default_factory=dict)
    refused: int = 0


def listen(story: Story, speaker: "subprocess.Popen[str]") -> None:
    """Take down what the speaker says, until it ends."""
    for line in speaker.stdout or ():
        told = json.loads(line)
        story.refused += told["refused"]
        story.said.update(dict.fromkeys(told["values"], told["at"]))


def follow(story: Story, reader: Path, log: Path, until: float, *, ahead: int) -> None:
    """Let warned addresses turn up in the log, and take down when each is kept as matched.

    What is about to be said turns up too: the reader does not wait for this process.
    """
    place = f"file:{reader}/state.sqlite?mode=ro"
    last, shown = 0, 0.0
    with closing(sqlite3.connect(place, uri=True, timeout=10)) as reading, log.open("a") as file:
        while time.time() < until:
            query = "SELECT number, fields FROM watch_detection WHERE number > ?"
            for number, fields in reading.execute(query, [last]).fetchall():
                last = number
                for value in json.loads(fields).values():
                    story.matched.setdefault(str(value), time.time())
            if time.time() - shown >= SHOWN_EVERY_S:
                shown = time.time()
                next_one = len(story.said) + 1
                soon = [address(number) for number in range(next_one, next_one + ahead)]
                waiting = [each for each in list(story.said) if each not in story.matched]
                for value in [*waiting[:SHOWN_MOST], *soon[:SHOWN_MOST]]:
                    file.write(f'{{"event_type":"flow","src_ip":"{value}","at":{shown}}}\n')
                file.flush()
            time.sleep(LOOKED_EVERY_S)


def free_port() -> int:
    """Return a port nobody listens at."""
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def measure(folder: Path, rate: int, seconds: int) -> dict[str, object]:
    """Let one speak and the other match; return the figures."""
    aurel, borea = found(folder)
    log, ports, story = folder / "eve.json", (free_port(), free_port()), Story()
    log.touch()
    settings = borea / "detente.toml"
    wanted = replace(load_settings(settings), watch_sources={"net": f"{log}?format=jsonl"})
    settings.write_text(print_settings(wanted))
    at = [f"127.0.0.1:{port}" for port in ports]
    run = [sys.executable, "-m", "detente", "run", str(borea), "--listen", at[1], "--json"]
    run += ["--peer", f"aurel=http://{at[0]}"]
    words = [str(aurel), str(ports[0]), f"http://{at[1]}", str(rate), str(seconds)]
    with ExitStack() as ending:
        reader = subprocess.Popen(  # noqa: S603 - our own words
            run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        ending.callback(_end, reader)
        speaker = subprocess.Popen(  # noqa: S603 - the same
            [sys.executable, "-m", "bench.two_nodes", "--speak", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ending.callback(_end, speaker)
        if reader.stdout is not None:
            reader.stdout.readline()
        time.sleep(WARM_S)
        listening = Thread(target=listen, args=(story, speaker), daemon=True)
        listening.start()
        _tell(speaker)
        follow(story, borea, log, time.time() + seconds, ahead=rate // 4)
        limit = time.time() + LEFT_S
        while time.time() < limit and len(story.matched) < len(story.said):
            follow(story, borea, log, time.time() + SHOWN_EVERY_S * 2, ahead=0)
        _tell(speaker)
        peak = Path(f"/proc/{reader.pid}/status").read_text().split("VmHWM:")[1].split()[0]
    begun = min(story.said.values()) + WARM_S
    delays = [story.matched[v] - t for v, t in story.said.items() if v in story.matched]
    late = [story.matched[v] - t for v, t in story.said.items() if v in story.matched and t > begun]
    return {
        "warnings a second": rate,
        "said": len(story.said),
        "refused": story.refused,
        "matched": len(delays),
        "delay_ms": spread(late or delays),
        "rss_mb_most": int(peak) // 1_024,
        "load of the machine": round(os.getloadavg()[0], 1),
    }


def _tell(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        process.stdin.write("\n")
        process.stdin.flush()


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait(10)


def main() -> int:
    """Measure, print, and say whether the floor holds."""
    if sys.argv[1:2] == ["--speak"]:
        directory, port, peer, rate, seconds = sys.argv[2:7]
        asyncio.run(speak(Path(directory), int(port), peer, int(rate), int(seconds)))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = measure(Path(name), asked.rate, asked.seconds)
    for key, value in figures.items():
        sys.stdout.write(f"{key}: {value}\n")
    if asked.json:
        asked.json.write_text(json.dumps(figures))
    delay = figures["delay_ms"]
    assert isinstance(delay, dict)  # noqa: S101 - made above
    return 0 if delay["p99"] < P99_MS_MOST and figures["matched"] == figures["said"] else 1


if __name__ == "__main__":
    sys.exit(main())
