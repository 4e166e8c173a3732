"""Every limit of the network edge, with its unit and its reason."""

from dataclasses import dataclass

BUNDLE_FILES_MAX = 2_000_000  # pieces; a million statements with two blobs each
BUNDLE_NAME_CHARS_MAX = 160  # the longest path of a face is below 120
PUSH_BYTES_MAX = 2**26  # of one bundle over the network; what is larger comes as several
AWAITS_MAX = 256  # contents named at once as still to come
AWAITS_BYTES_MAX = 2**15  # of that list
PUSHES_MAX = 2  # bundles taken at once: each may wait for the disk
CLEARED_KEPT_MAX = 1_024  # answers of the gate remembered: about 2 KiB each
CONNECT_WAIT_S = 5.0  # for a peer to take a connection
READ_WAIT_S = 10.0  # between two pieces of an answer
REQUEST_S_MAX = 20.0  # for a whole answer, and beyond it one second more for each...
ANSWER_BYTES_S_MIN = 65_536  # ...so many bytes it may have: who is slower is asked again later
REQUESTS_PER_PEER_MAX = 6  # at once, on as many connections: enough to fill a long line
HINT_BYTES_MAX = 4_096  # in one line of the stream of hints
SPOOL_BYTES_MAX = 2**20  # of a content kept in memory on its way to the disk
HINTS_AGAIN_S = 2.0  # before the stream of hints is opened anew, up to twice that
HINT_BEAT_S = 15.0  # a word on a silent stream, so that both sides notice when it is cut
HINT_LISTENERS_MAX = 128  # streams of hints open at once: two for each member a unit can have
HINTS_WAITING_MAX = 256  # logs a slow listener can be behind with; older hints are dropped
PROOFS_LISTED_MAX = 1_000  # digests in one list of proofs; older ones are asked for by hash


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """What one caller may cost us before anything it sends is parsed.

    Attributes:
        header_bytes_max: of the request line and all headers; the largest honest ones carry
            a signature and stay below 2 KiB.
        headers_max: lines in one request.
        header_wait_s: from the connection, or the answer before, to the end of the headers.
        body_bytes_max: where a route names no other limit.
        body_wait_s: between two pieces of a body.
        body_s_max: for one whole body; a trickle is cut off too.
        answer_wait_s: for a caller to read what waits for it.
        connections_max: open at once.
        connections_per_peer: open at once from one address; beyond it its own oldest idle
            one is closed, so that the pool stays free for the others.
        drain_s: how long a stopping node lets answers finish.
    """

    header_bytes_max: int = 16_384
    headers_max: int = 64
    header_wait_s: float = 10.0
    body_bytes_max: int = 2**20
    body_wait_s: float = 10.0
    body_s_max: float = 120.0
    answer_wait_s: float = 30.0
    connections_max: int = 512
    connections_per_peer: int = 64
    drain_s: float = 2.0
