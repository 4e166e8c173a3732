"""Election night: figures a line too low, a page altered in transit, a rehearsal in the way."""

import sys
from collections.abc import Mapping
from pathlib import Path

from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Finished, Stage

_OFFICE = "Arden County"
_PASSPHRASE = b"the words of the exercise\n"
_NAMES = ("Ann Alder", "Bo Birch", "Cy Cedar", "Di Dogwood")
_PLACES: dict[str, tuple[int, ...]] = {
    "P1": (412, 388, 31, 9),
    "P2": (287, 301, 22, 4),
    "P3": (198, 176, 12, 3),
}


def _table(rows: Mapping[str, tuple[int, ...]], *, is_test: bool = False) -> bytes:
    """Figures by precinct; an empty name is the whole county."""
    lines = ["county,precinct,office,candidate,votes,is_test"]
    lines += [
        f"Arden,{place},Mayor,{name},{votes},{'yes' if is_test else ''}"
        for place, counts in rows.items()
        for name, votes in zip(_NAMES, counts, strict=True)
    ]
    return ("\n".join(lines) + "\n").encode()


def _whole() -> tuple[int, ...]:
    return tuple(sum(votes) for votes in zip(*_PLACES.values(), strict=True))


def _run(stage: Stage) -> str:
    night = stage.directory / "night"
    night.mkdir()
    _write(night, "1-tape.csv", _table(_PLACES))
    _write(night, "2-precinct.csv", _table(_PLACES))
    _write(night, "3-county.csv", _table({"": _whole()}))
    key, signed = _sign(stage, night / "3-county.csv")
    _write(night, "4-public-from-home.csv", _table({"": _whole()}))
    good = _check(stage, night, key)
    one, two, *rest = _whole()
    _write(night, "5-public-from-away.csv", _table({"": (two, one, *rest)}))
    page = _check(stage, night, key)
    (night / "5-public-from-away.csv").unlink()
    _write(night, "2-precinct.csv", _table(_PLACES | {"P2": (4, 287, 301, 22)}))
    moved = _check(stage, night, key)
    _write(night, "2-precinct.csv", _table(_PLACES))
    _write(night, "6-county.csv", _table({"": (999, 0, 0, 0)}, is_test=True))
    test = _check(stage, night, key)
    shifted = _told(stage, "shifted.txt", moved, "shift", "no vote is missing")
    altered = _told(stage, "altered.txt", page, "transit", "shows the office's own figures")
    return facts(
        signed_on_a_stick=signed,
        good_night=good.text("line"),
        page_altered=altered,
        figures_shifted=shifted,
        rehearsal_used=_told(stage, "rehearsal.txt", test, "test_flag", "used for nothing") != 1,
        said_to_be_an_attack=any("attack" in str(each.document) for each in (page, moved, test)),
    )


def _write(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)


def _sign(stage: Stage, figures: Path) -> tuple[Path, bool]:
    """Sign with the one-file signer, in a process that knows nothing of this program."""
    words = stage.directory / "words"
    words.write_bytes(_PASSPHRASE)
    signer, key = stage.directory / "sign_figures.py", stage.directory / "arden.key"
    stage.detente("elections", "results", "signer", "--out", signer)
    opened = ("--passphrase-file", words)
    made = stage.run(sys.executable, "-I", signer, "new-key", "--office", _OFFICE, "--out", key, *opened)  # fmt: skip  # noqa: E501
    done = stage.run(sys.executable, "-I", signer, "sign", "--key", key, *opened, figures)
    return key.with_name("arden.key.public"), made.status == done.status == 0


def _check(stage: Stage, night: Path, key: Path) -> Finished:
    return stage.detente("elections", "results", "check", night, "--trust", key, "--json")


def _told(stage: Stage, name: str, seen: Finished, check: str, words: str) -> int:
    """How many findings of one kind say it in so many words; kept as evidence."""
    findings = (seen.document or {}).get("findings")
    rows = [row for row in findings if isinstance(row, dict)] if isinstance(findings, list) else []
    told = [str(row["explanation"]) for row in rows if row.get("check") == check]
    stage.keep(name, "\n".join((seen.text("line"), *told)).encode())
    return sum(words in each for each in told)


SCENE = Scene(
    name="night",
    story="Figures stand one line too low, and one of two places sees another page: each is said.",
    expected=facts(
        signed_on_a_stick=True,
        good_night="All 3 precinct reports agree along the chain.",
        page_altered=2,
        figures_shifted=1,
        rehearsal_used=False,
        said_to_be_an_attack=False,
    ),
    run=_run,
)
