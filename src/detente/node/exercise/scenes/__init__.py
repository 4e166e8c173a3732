"""The scenes, in the order in which the story is told."""

from detente.node.exercise.scene import Scene
from detente.node.exercise.scenes import (
    audit,
    copying,
    coverage,
    crossing,
    denial,
    faces,
    forking,
    founding,
    garbage,
    hunt,
    intrusion,
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
    audit.SCENE,
    garbage.SCENE,
    theft.SCENE,
    meeting.SCENE,
    crossing.SCENE,
    poison.SCENE,
    mistake.SCENE,
    denial.SCENE,
    intrusion.SCENE,
    hunt.SCENE,
    coverage.SCENE,
    faces.SCENE,
    walkout.SCENE,
)
