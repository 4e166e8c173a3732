"""Guards of elections: names, rolls, results, audits, systems; one module per check.

For: saying where figures, names or rolls differ, by how much, what would
explain it innocently, what would settle it, and whether it can change a
winner. Trusts: nothing but its input; never says "attack" from figures alone.
Follows: NIST SP 1500-100/-103, the papers named in each module.
"""

from detente.elections.errors import ElectionsError

__all__ = ["ElectionsError"]
