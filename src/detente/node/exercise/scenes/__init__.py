"""The scenes, in the order in which the story is told."""

from detente.node.exercise.scene import Scene
from detente.node.exercise.scenes import (
    copying,
    crossing,
    denial,
    faces,
    forking,
    founding,
    garbage,
    mistake,
    poison,
    publishing,
    theft,
)

SCRIPT: tuple[Scene, ...] = (
    founding.SCENE,
    publishing.SCENE,
    forking.SCENE,
    copying.SCENE,
    garbage.SCENE,
    theft.SCENE,
    crossing.SCENE,
    poison.SCENE,
    mistake.SCENE,
    denial.SCENE,
    faces.SCENE,
)
