"""Every limit of pulling from another member, with its unit and its reason.

What a peer sends is bounded before it is read: in bytes, in number, in depth and in
time. A limit of a format itself stands with the format.
"""

from datetime import timedelta

from detente.exchange.limits import PROOFS_LISTED_MAX
from detente.tlog.note import NOTE_BYTES_MAX
from detente.tlog.tiles import BUNDLE_BYTES_MAX, TILE_WIDTH

CHECKPOINT_BYTES_MAX = NOTE_BYTES_MAX
TILE_BYTES_MAX = TILE_WIDTH * 32
ENTRIES_BYTES_MAX = BUNDLE_BYTES_MAX  # decompressed: a server may gzip unasked
WRAP_BYTES_MAX = 4_096  # a wrap has 1,168 bytes; room for a later suite
PROOF_LIST_BYTES_MAX = PROOFS_LISTED_MAX * 65  # digests in hex, one a line
PROOF_BYTES_MAX = 4 * 2**20  # above it a proof travels by hand; the format allows 64 MiB

# Of one peer at once. One slow peer so holds at most this much of this node.
BUNDLES_AHEAD_MAX = 4  # each up to 16 MiB in memory until its turn comes
CONTENTS_AT_ONCE_MAX = 4  # large ones, streamed to disk; each holds a connection
SMALL_CONTENT_BYTES_MAX = 65_536  # of a ciphertext that may come in memory, with many others
SMALL_CONTENTS_AT_ONCE_MAX = 256  # kept in one commit, and indexed in one
SMALL_CONTENTS_BYTES_MAX = 8 * 2**20  # of their ciphertexts, all that are on their way
CONTENTS_WAITING_MAX = 512  # of one peer in memory; the others wait in storage
TILES_KEPT_MAX = 512  # hash tiles in memory for one visit: 4 MiB, enough for 2^40 entries
CONTENT_TRIES_MAX = 3  # that came but did not open, before it is left to a person

REQUEST_TIMEOUT = timedelta(seconds=20)  # without an answer; one content may take longer
ROUND_EVERY = timedelta(seconds=10)  # between two looks at one peer, where no hint comes
HINT_LEAST = timedelta(seconds=0.1)  # between two rounds that hints asked for
BACK_OFF_LEAST = timedelta(seconds=1)
BACK_OFF_MOST = timedelta(minutes=10)  # a peer that was away is found again this soon
JITTER = 0.25  # share of a wait that chance adds, so that nodes do not march in step
AVOWALS_MAX = 1_024  # of one member, ever: each costs a look at the whole charter chain
LINES_KEPT_MAX = 4_096  # signature lines remembered as good, of all logs: 10 MiB
PAPERS_AT_ONCE_MAX = 4  # asked of one peer in a round; each up to 2 MiB
CHAIN_BYTES_MAX = 16 * 2**20  # above it a chain travels by hand; the format allows 64 MiB
