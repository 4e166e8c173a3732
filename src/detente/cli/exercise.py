"""`detente exercise`: the main job, scene by scene."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.output import EXIT_GOOD, EXIT_WRONG, coloured, say, write_file
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.exercise import Report, SceneResult
    from detente.node.exercise.scene import Scene


@click.command("exercise")
@click.option("--headless", is_flag=True, help="No console, full speed.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same verdicts.")
@click.option("--scene", "scenes", multiple=True, metavar="NAME", help="Only these scenes.")
@click.option(
    "--hostile",
    type=click.Choice(["aurel", "borea"]),
    default="borea",
    show_default=True,
    help="Which of the rivals lies.",
)
@click.option(
    "--rules",
    type=click.Path(path_type=Path, exists=True),
    metavar="ZIP",
    help="Sigma rules (file, folder, archive) that those who watch run besides the program's own.",
)
@click.option(
    "--events",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Events (JSON lines; plain, gzip, zstd) that they watch besides their own logs.",
)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("exercise-evidence"),
    show_default=True,
    help="Where the scenes keep their files; those of an earlier exercise go first.",
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)
@click.option("--list", "list_only", is_flag=True, help="Name the scenes and stop.")
@click.argument("more_scenes", nargs=-1, metavar="")
def command(  # noqa: PLR0913 - what click collects
    *,
    headless: bool,
    seed: int,
    scenes: tuple[str, ...],
    more_scenes: tuple[str, ...],
    hostile: str,
    rules: Path | None,
    events: Path | None,
    evidence: Path,
    json_file: Path | None,
    list_only: bool,
) -> int:
    """Play the unit at work, from its founding on, and give a verdict for each scene.

    \b
    Examples:
      detente exercise --headless
      detente exercise --headless --hostile aurel --json verdicts.json
      detente exercise --headless --scene founding fork
      detente exercise --headless --scene intrusion hunt --rules sigma.zip --events events.jsonl.zst

    Exit status 0 only if every scene held. Everything runs on this machine, on
    real files and processes, in a temporary directory that is removed afterwards.
    """
    from detente.node.exercise import play, scene_names

    if list_only:
        click.echo("\n".join(scene_names()))
        return EXIT_GOOD
    if more_scenes and not scenes:
        raise click.UsageError(f"{more_scenes[0]!r} is no option; scenes are named with --scene")
    if json_file is not None and not json_file.absolute().parent.is_dir():
        # Said now, not after a minute of play.
        raise InputError("no such folder", file=str(json_file.parent), remedy="Make it first")
    if not headless:
        say("There is no console yet: the scenes are told here.")
    only = (*scenes, *more_scenes)
    with _ended_by_signals():
        report = play(
            evidence=evidence,
            seed=seed,
            hostile=hostile,
            only=only,
            rules=rules,
            events=events,
            watch=_tell,
        )
    if json_file is not None:
        write_file(json_file, _document(report))
    held = sum(scene.held for scene in report.scenes)
    say(f"{held} of {len(report.scenes)} scenes held; evidence in {evidence}")
    return EXIT_GOOD if report.held else EXIT_WRONG


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Leave by way of every clean-up when somebody ends the process; the first signal counts."""
    ending = (signal.SIGTERM, signal.SIGHUP)

    def end(number: int, _frame: object) -> None:
        for each in ending:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in ending}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _tell(scene: "Scene", result: "SceneResult | None") -> None:
    if result is None:
        say("")
        say(f"{scene.name}: {scene.story}")
        return
    say(f"  expected  {result.expected}")
    say(f"  observed  {result.observed}")
    colour = "green" if result.held else "red"
    click.echo(
        f"  {coloured(result.verdict, colour)}  {result.seconds:.1f} s",
        err=True,
    )


def _document(report: "Report") -> bytes:
    import orjson

    rows = [
        {
            "scene": scene.scene,
            "expected": scene.expected,
            "observed": scene.observed,
            "verdict": scene.verdict,
            "evidence": list(scene.evidence),
            "seconds": scene.seconds,
        }
        for scene in report.scenes
    ]
    return orjson.dumps({"scenes": rows}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
