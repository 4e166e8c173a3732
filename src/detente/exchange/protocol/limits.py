"""Every limit of the network edge, with its unit and its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """What one caller may cost us before anything it sends is parsed.

    Attributes:
        header_bytes_max: of the request line and all headers; the largest honest ones are
            signatures of about 1 KiB.
        headers_max: names in one request.
        header_wait_s: from the connection, or the answer before, to the end of the headers.
        body_bytes_max: where a route names no other limit.
        body_wait_s: between two pieces of a body; a slow sender is cut off.
        request_s_max: for reading one whole body.
        connections_max: open at once.
        connections_per_peer: open at once from one address; the rest of the pool stays free
            for the others.
        drain_s: how long a stopping node lets answers finish.
    """

    header_bytes_max: int = 16_384
    headers_max: int = 64
    header_wait_s: float = 10.0
    body_bytes_max: int = 2**20
    body_wait_s: float = 10.0
    request_s_max: float = 120.0
    connections_max: int = 512
    connections_per_peer: int = 64
    drain_s: float = 2.0
