"""The only place that draws random bytes for statements."""

import secrets


class SystemEntropy:
    """Implements `statements.ports.Entropy` on the operating system's source."""

    def draw(self, count: int) -> bytes:
        """Return `count` bytes that nobody can guess."""
        return secrets.token_bytes(count)
