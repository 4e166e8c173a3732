"""Scenes."""

from detente.node.exercise.scene import Scene

SCRIPT: tuple[Scene, ...] = ()
