"""Every limit of the MISP edge, with its unit and its reason."""

from detente.signing import JsonLimits

EVENT_BYTES_MAX = 64 * 2**20  # an event of 100,000 attributes is about 40 MB
EVENT_LIMITS = JsonLimits(size_bytes=EVENT_BYTES_MAX, depth=32, values=4_000_000)
MANIFEST_LIMITS = JsonLimits(size_bytes=16 * 2**20, depth=8, values=1_000_000)
ATTRIBUTES_MAX = 262_144  # of one event
EVENTS_MAX = 16_384  # of one feed
TAGS_MAX = 256  # of one event or attribute
HASHES_BYTES_MAX = 128 * 2**20  # hashes.csv: 70 bytes a line
LIST_LIMITS = JsonLimits(size_bytes=128 * 2**20, depth=6, values=4_000_000)
ATTRIBUTES_WRITTEN_MAX = 5_000  # in one event we write: subscribers run out of memory on large ones
GALAXY_BYTES_MAX = 32_768  # kept of an event's galaxies: they travel within one STIX object
