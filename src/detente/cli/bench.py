"""`detente bench`: the benchmarks of the repository, peers beside us where installed."""

import subprocess
import sys
from pathlib import Path

import click

from detente.cli.output import EXIT_ENVIRONMENT
from detente.errors import EnvironmentFault, InputError


@click.command("bench")
@click.argument("name", required=False)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)
def command(name: str | None, json_file: Path | None) -> int:
    """Run the benchmark NAME, or list them. Needs a checkout: benchmarks are not in the wheel.

    \b
    Examples:
      detente bench
      detente bench append --json append.json
    """
    folder = _folder()
    names = sorted(path.stem for path in folder.glob("[a-z]*.py"))
    if name is None:
        click.echo("\n".join(names))
        return 0
    if name not in names:
        raise InputError(f"no benchmark is called {name}", remedy=f"There are {', '.join(names)}")
    arguments = [] if json_file is None else ["--json", str(json_file.absolute())]
    done = subprocess.run(  # noqa: S603 - our own module, chosen from a list
        [sys.executable, "-m", f"bench.{name}", *arguments], check=False, cwd=folder.parent
    )
    return EXIT_ENVIRONMENT if done.returncode else 0


def _folder() -> Path:
    for place in (Path.cwd(), *Path(__file__).resolve().parents):
        if (place / "bench").is_dir() and (place / "pyproject.toml").is_file():
            return place / "bench"
    raise EnvironmentFault(
        "the benchmarks are not part of the installed package",
        remedy="Run this from a checkout of the repository",
    )
