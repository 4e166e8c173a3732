"""A joint cyber security unit in software.

Organisations that must defend together but do not trust each other each run
a sovereign node. docs/architecture.md shows the rooms of this house.
"""

__version__ = "0.1.0"
