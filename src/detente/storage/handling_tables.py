"""The tables of what people do with alarms: who has one, what was dismissed, what is drafted.

What this office decided; the detections themselves stand in the tables of the watch and are
not touched. Times are POSIX seconds. Who did what stands in the trail, signed.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from detente.storage.naming import metadata

_COUNTED = BigInteger().with_variant(Integer, "sqlite")

# What became of an alarm; one without a row is open and nobody's.
alarm_handling = Table(
    "alarm_handling",
    metadata,
    Column("alarm", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("holder_name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

# Alarms of one rule, source and entity that want nobody, for a reason and until a day.
alarm_exclusion = Table(
    "alarm_exclusion",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Index("ix_alarm_exclusion_until_at", "until_at"),
)

# Warnings that an analyst wrote and nobody has released; `objects` is a JSON list of STIX.
warning_draft = Table(
    "warning_draft",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alarm", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("handling", LargeBinary, nullable=False),
    Column("audience", Text, nullable=False),
    Column("objects", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Index("ix_warning_draft_made_at", "made_at"),
)

HANDLING_TABLES = (alarm_handling, alarm_exclusion, warning_draft)
