"""The only code that opens the database, the tile store and the files beside them.

For: durable state. Trusts: the local disk to keep what it confirmed by fsync,
and nothing else; what must never roll back is named TRUSTED where it is kept.
Follows: C2SP tlog-tiles for paths and bytes on disk. No tool for migrations is
loaded by importing this package.
"""

from detente.storage.database import Database, create_database, open_database
from detente.storage.errors import (
    DamagedStore,
    StorageFault,
    StoreInUse,
    WrongSchema,
)

__all__ = [
    "DamagedStore",
    "Database",
    "StorageFault",
    "StoreInUse",
    "WrongSchema",
    "create_database",
    "open_database",
]
