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
    meeting,
    mistake,
    poison,
    publishing,
    theft,
    walkout,
)

SCRIPT: tuple[Scene, ...] = (
    founding.SCENE,
    publishing.SCENE,
    forking.SCENE,
    copying.SCENE,
    garbage.SCENE,
    theft.SCENE,
    meeting.SCENE,
    crossing.SCENE,
    poison.SCENE,
    mistake.SCENE,
    denial.SCENE,
    faces.SCENE,
    walkout.SCENE,
)
