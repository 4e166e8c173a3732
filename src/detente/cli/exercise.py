"""`detente exercise`: the main job, scene by scene."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.output import EXIT_GOOD, EXIT_WRONG, say, write_file

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
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("exercise-evidence"),
    show_default=True,
    help="Where the scenes keep their files; emptied first.",
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)
@click.option("--list", "list_only", is_flag=True, help="Name the scenes and stop.")
def command(
    headless: bool,
    seed: int,
    scenes: tuple[str, ...],
    hostile: str,
    evidence: Path,
    json_file: Path | None,
    list_only: bool,
) -> int:
    """Play the unit at work, from its founding on, and give a verdict for each scene.

    \b
    Examples:
      detente exercise --headless
      detente exercise --headless --hostile aurel --json verdicts.json
      detente exercise --headless --scene founding --scene fork

    Exit status 0 only if every scene held. Everything runs on this machine, on
    real files and processes, in a temporary directory that is removed afterwards.
    """
    from detente.node.exercise import play, scene_names

    if list_only:
        click.echo("\n".join(scene_names()))
        return EXIT_GOOD
    if not headless:
        say("There is no console yet: the scenes are told here.")
    report = play(evidence=evidence, seed=seed, hostile=hostile, only=scenes, watch=_tell)
    if json_file is not None:
        write_file(json_file, _document(report))
    held = sum(scene.held for scene in report.scenes)
    say(f"{held} of {len(report.scenes)} scenes held; evidence in {evidence}")
    return EXIT_GOOD if report.held else EXIT_WRONG


def _tell(scene: "Scene", result: "SceneResult | None") -> None:
    if result is None:
        say(f"\n{scene.name}: {scene.story}")
        return
    say(f"  expected  {result.expected}")
    say(f"  observed  {result.observed}")
    colour = "green" if result.held else "red"
    click.echo(
        "  " + click.style(result.verdict, fg=colour, bold=True) + f"  {result.seconds:.1f} s",
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
