"""The command line: one module per noun, the same verbs as the console.

For: analysts, election staff and the engineer who installs a node. Trusts:
the person at the keyboard, not the files given. Follows: docs/cli.md (the
command contract). It computes nothing; every verb is a flow of `node` or a
pure verification of the rooms beneath.
"""

from detente.cli.main import main, program

__all__ = ["main", "program"]
