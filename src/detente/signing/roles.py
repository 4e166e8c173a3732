"""One key per role and per type (trust.md, section 1)."""

from enum import StrEnum


class Role(StrEnum):
    """What a key may be used for; the DSSE payload type carries it, so no key serves two."""

    STATEMENT = "statement"
    LOG = "log"
    WITNESS = "witness"
    MIRROR = "mirror"
    TRANSPORT = "transport"
    SEALING = "sealing"
    GOVERNANCE = "governance"
    RECOVERY = "recovery"
    TRAIL = "trail"  # of this office alone: what its people did; never in a charter

    @property
    def payload_type(self) -> str:
        """The DSSE payloadType of what this role signs."""
        return f"application/vnd.detente.{self.value}.v1+json"
