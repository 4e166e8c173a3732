"""STIX patterns over observed data: whether what an indicator asks for was seen.

For: the few patterns that ask for more than one value. Trusts: nobody; patterns and
observations may both be hostile, so work is counted and stops. Follows: STIX 2.1, part 9.
"""

from detente.watch.patterns.errors import ObservationError
from detente.watch.patterns.matching import CompiledPattern, compile_pattern, match_pattern

__all__ = ["CompiledPattern", "ObservationError", "compile_pattern", "match_pattern"]
