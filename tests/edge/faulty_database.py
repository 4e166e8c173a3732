"""A database that refuses one transaction, before it begins or after it was committed."""

from contextlib import contextmanager

from detente.storage import Database, StorageFault
from detente.storage.database import open_database


class FaultyDatabase(Database):
    """Fails at transaction `fail_at` (from 0); None refuses nothing and only counts."""

    def __init__(self, path, fail_at=None, *, after=False):
        opened = open_database(path)
        super().__init__(opened._engine, where=opened.where, writing_engine=opened._writing_engine)
        self.transactions = 0
        self._fail_at = fail_at
        self._after = after

    @contextmanager
    def _transaction(self, context, doing):
        here, self.transactions = self.transactions, self.transactions + 1
        fault = StorageFault(f"{doing} in {self.where} failed: injected", remedy="Try again")
        if here == self._fail_at and not self._after:
            raise fault
        with context as connection:
            yield connection
        if here == self._fail_at:
            raise fault

    def reading(self, doing="reading"):
        return self._transaction(super().reading(doing), doing)

    def writing(self, doing="writing"):
        return self._transaction(super().writing(doing), doing)
