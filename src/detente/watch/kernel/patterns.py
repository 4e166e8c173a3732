"""Text with wildcards and expressions, as RE2 runs them: linear time whatever the rule says."""

from collections.abc import Sequence

import re2

from detente.watch.errors import WatchError

ANY_RUN = 0
ANY_ONE = 1
EXPRESSION_BYTES_MAX = 16 * 1024
MEMORY_BYTES_MAX = 8 << 20  # for one expression, as RE2 counts; beyond it is refused


def quiet_options() -> "re2.Options":
    """Return options under which RE2 says nothing on standard error."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_BYTES_MAX
    return options


def check_expression(pattern: str) -> None:
    """Refuse an expression that RE2 does not run.

    Raises:
        WatchError: it looks around or back, or is too large.
    """
    if len(pattern.encode("utf-8", "replace")) > EXPRESSION_BYTES_MAX:
        raise WatchError(
            f"expression of more than {EXPRESSION_BYTES_MAX} bytes", remedy="Split the expression"
        )
    try:
        re2.compile(pattern, quiet_options())
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise WatchError(
            f"expression not run in linear time: {reason}: {pattern[:200]}",
            remedy="Rewrite it without looking around or back, as contains or several values",
        ) from None


def glob_expression(parts: Sequence[str | int]) -> str:
    """Return an expression of RE2 for a whole value with wildcards."""
    said = {ANY_RUN: ".*", ANY_ONE: "."}
    written = (re2.escape(part) if isinstance(part, str) else said[part] for part in parts)
    return "(?s)\\A" + "".join(written) + "\\z"


def longest_literal(parts: Sequence[str | int]) -> str:
    """Return the longest text that a value with these wildcards must hold; empty for none."""
    return max((part for part in parts if isinstance(part, str)), key=len, default="")
