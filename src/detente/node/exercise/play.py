"""Plays the scenes in order and compares what was seen with what was promised."""

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from detente.errors import EnvironmentFault, InputError, UnitError
from detente.node.exercise.scene import Scene
from detente.node.exercise.stage import Stage


@dataclass(frozen=True, slots=True)
class SceneResult:
    """One line of the report; the contract's `scenes` rows."""

    scene: str
    expected: str
    observed: str
    verdict: str
    evidence: tuple[str, ...]
    seconds: float

    @property
    def held(self) -> bool:
        """Whether the scene went as promised."""
        return self.verdict == "held"


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts of one run."""

    scenes: tuple[SceneResult, ...]

    @property
    def held(self) -> bool:
        """Whether every scene held, and there was one."""
        return bool(self.scenes) and all(scene.held for scene in self.scenes)


def scene_names() -> list[str]:
    """The scenes in the order they are played."""
    return [scene.name for scene in _script()]


def play(
    *,
    evidence: Path,
    seed: int,
    hostile: str,
    only: Sequence[str] = (),
    rules: Path | None = None,
    events: Path | None = None,
    watch: Callable[[Scene, SceneResult | None], None] = lambda scene, result: None,
) -> Report:
    """Play the exercise.

    Args:
        evidence: where scenes keep their files.
        seed: of the story.
        hostile: "aurel" or "borea".
        only: scene names; empty for all.
        rules: Sigma rules for those who watch, beside the program's own.
        events: file of events for them, beside their own logs.
        watch: told of each scene before (None) and after it was played.

    Raises:
        InputError: no scene of that name.
        EnvironmentFault: the machine refused.
    """
    script = _script()
    unknown = set(only) - {scene.name for scene in script}
    if unknown:
        raise InputError(
            f"no scene is called {', '.join(sorted(unknown))}",
            remedy=f"The scenes are {', '.join(scene.name for scene in script)}",
        )
    results = []
    with Stage(evidence=evidence, seed=seed, hostile=hostile, rules=rules, events=events) as stage:
        for scene in script:
            if only and scene.name not in only:
                continue
            watch(scene, None)
            result = _play_scene(scene, stage)
            watch(scene, result)
            results.append(result)
    return Report(scenes=tuple(results))


def _play_scene(scene: Scene, stage: Stage) -> SceneResult:
    stage.open_scene(scene.name)
    began = time.perf_counter()
    try:
        observed = scene.run(stage)
    except EnvironmentFault as error:
        if isinstance(error.__cause__, OSError):
            raise  # the machine refused: no scene's fault
        observed = _stopped(error, stage)
    except Exception as error:  # whosever fault it is, the other scenes are still played
        observed = _stopped(error, stage)
    return SceneResult(
        scene=scene.name,
        expected=scene.expected,
        observed=observed,
        verdict="held" if observed == scene.expected else "failed",
        evidence=tuple(stage.kept),
        seconds=round(time.perf_counter() - began, 3),
    )


def _stopped(error: Exception, stage: Stage) -> str:
    if not isinstance(error, UnitError):
        stage.keep("traceback.txt", "".join(traceback.format_exception(error)).encode())
    return f"stopped by {type(error).__name__}: {error}"


def _script() -> tuple[Scene, ...]:
    from detente.node.exercise.scenes import SCRIPT

    return SCRIPT
