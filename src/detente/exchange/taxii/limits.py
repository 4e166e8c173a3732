"""Every limit of the TAXII edge, with its unit and its reason."""

PAGE_OBJECTS_DEFAULT = 1_000  # in an answer whose asker named no limit
PAGE_OBJECTS_MAX = 5_000  # in any answer; who asks for more gets the rest by `next`
PAGE_BYTES_MAX = 8 * 2**20  # of objects in one answer: eight askers at once stay below 64 MiB
WALK_OBJECTS = 1_024  # looked at in one step of a search
WALK_LEAST = 128  # likewise, however few are still wanted: one page
WALK_STEPS_MAX = 64  # steps of one request; beyond it the answer says `more`
MATCH_VALUES_MAX = 64  # in one `match` filter: each may be a look-up
QUERY_BYTES_MAX = 8_192  # of a query string
ENVELOPE_BYTES_MAX = 10 * 2**20  # of a POST; told to clients as max_content_length
ENVELOPE_OBJECTS_MAX = 10_000  # in a POST
ENVELOPE_DEPTH_MAX = 34  # nested objects and arrays: an object's 32 and two around it
ENVELOPE_VALUES_MAX = 2_000_000  # members and elements in a POST
ANSWERS_KEPT_MAX = 4_096  # answers of the gate remembered: about 4 KiB each
PULL_BYTES_MAX = 32 * 2**20  # of one answer of another server
PULL_PAGE_OBJECTS = 500  # asked for at once: other servers are slow
PULL_PAGES_MAX = 10_000  # in one run of an import
THREADS = 4  # that answer requests; others wait, and the rest of the node does not
PULL_DEPTH_MAX = 34  # nested objects and arrays in it
PULL_VALUES_MAX = 4_000_000  # members and elements in it
PULL_READ_WAIT_S = 60.0  # between two pieces: OpenTAXII and medallion compute whole pages first
PULL_S_MAX = 300.0  # for a whole answer
