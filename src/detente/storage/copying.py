"""Everything one database holds, put into another: how a server's state comes into a back-up.

Between SQLite and PostgreSQL the tables are the same, so rows are all there is to copy.
"""

from sqlalchemy import Connection, Table, func, insert, inspect, select

from detente.storage.database import Database
from detente.storage.schema import metadata

_ROWS_AT_ONCE = 64  # some are a mebibyte


def copy_database(source: Database, target: Database) -> None:
    """Put every row of one moment of `source` into `target`, which is new; all or nothing.

    Raises:
        StorageFault: one of them refused, or `target` holds rows.
    """
    with (
        source.reading("copying the database") as old,
        target.writing("copying the database") as new,
    ):
        for table in metadata.sorted_tables:
            _copy_table(table, old, new)


def _copy_table(table: Table, old: Connection, new: Connection) -> None:
    found = old.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    for rows in found.mappings().partitions():
        new.execute(insert(table), [dict(row) for row in rows])
    counted = table.autoincrement_column
    if counted is not None and new.dialect.name == "postgresql":
        _count_on(table, counted.name, new)


def _count_on(table: Table, column: str, new: Connection) -> None:
    """Let the server's counter go on behind the rows that brought their numbers with them."""
    columns = {each["name"]: each for each in inspect(new).get_columns(table.name)}
    if "nextval" not in str(columns[column]["default"]):
        return
    last = select(func.coalesce(func.max(table.c[column]), 0) + 1).scalar_subquery()
    counter = func.pg_get_serial_sequence(table.name, column)
    new.execute(select(func.setval(counter, last, False)))
