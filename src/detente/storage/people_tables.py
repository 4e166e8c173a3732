"""The tables of the console: who may sign in, who is signed in, and who did what.

TRUSTED. Who can write here can act as anybody of this office. Of links and sessions only
hashes of random secrets are kept. Times are POSIX seconds.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from detente.storage.naming import metadata

_COUNTED = BigInteger().with_variant(Integer, "sqlite")

# People of this office. `roles` is a JSON list; null `removed_at` while the person may sign in.
person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
)

# Passkeys; `public_key` is the COSE key as the authenticator gave it.
passkey = Table(
    "passkey",
    metadata,
    Column("credential", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index("ix_passkey_person", "person"),
)

# What lets a person in once without a passkey: a printed link, or a recovery code.
entry_link = Table(
    "entry_link",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("used_at", BigInteger),
    Index("ix_entry_link_person", "person"),
)

# Who is signed in, with what browser.
console_session = Table(
    "console_session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("form_secret", LargeBinary, nullable=False),
    Column("browser", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index("ix_console_session_person", "person"),
)

# Who did what: each row a signed envelope that names the hash of the one before.
trail = Table(
    "trail",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("entry", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

PEOPLE_TABLES = (person, passkey, entry_link, console_session, trail)
