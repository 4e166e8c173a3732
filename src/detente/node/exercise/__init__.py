"""The exercise: a unit at work, scene by scene, each with a verdict.

For: training an office, and showing that the parts hold together on a real
machine. Trusts: nothing; every scene runs the shipped code on real files and
processes and compares what happened with what it said beforehand. Follows:
docs/architecture.md, "Main job". An exercise unit is marked as one in its
charter, and real nodes refuse it.
"""

from detente.node.exercise.play import Report, SceneResult, play, scene_names

__all__ = ["Report", "SceneResult", "play", "scene_names"]
