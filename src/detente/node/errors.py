"""What a running node refuses."""

from detente.errors import EnvironmentFault


class SigningRefused(EnvironmentFault):
    """The node must not sign: its own state or its clock cannot be relied on."""
