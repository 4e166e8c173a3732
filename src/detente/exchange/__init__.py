"""What travels between nodes and to outside tools: the outward face, and asking others.

For: serving what the gate cleared, and fetching what others serve, within limits on
bytes, time and connections. Trusts: nothing that arrives; what comes in is handed to
the pure protocol, which verifies it before it exists for anyone. What is served comes
in through ports: this room opens no store.
Follows: C2SP tlog-tiles and tlog-witness, RFC 9421 and 9530 (trust.md, section 7).
"""

from detente.exchange.limits import ServerLimits

# `make_app` is in `exchange.app`: formats and lists are read without loading a web server.
__all__ = ["ServerLimits"]
