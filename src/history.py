"""Past executions, straight off the audit trail in S3: the latest, those of some days, one account's, one.

Each record is its object's content as src/audit.py writes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

from src import paths
from src.errors import StateUnreadable
from src.object_store import ObjectStore

Record = dict[str, Any]

THREADS = 16


class History:
    """Reads only. Raises ConfigurationError and TransientError as ObjectStore does, StateUnreadable naming a record."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def latest(self, count: int) -> list[Record]:
        """The last `count` executions, newest first."""
        keys: list[str] = []
        for day in self._days_backwards():
            keys += sorted(self._store.keys(day), reverse=True)
            if len(keys) >= count:
                break
        return self._read(keys[:count])

    def between(self, first: date, last: date) -> list[Record]:
        """Executions begun on these UTC days, both included, oldest first."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        with ThreadPoolExecutor(THREADS) as threads:
            listed = threads.map(lambda day: list(self._store.keys(_prefix(day))), days)
            keys = [key for day in listed for key in day]
        return self._read(keys)

    def of_account(self, account_sid: str) -> list[Record]:
        """An account's answered executions, in the order of their windows' ends."""
        listed = self._store.keys(paths.account_index_prefix(account_sid))
        ids = [key.rsplit("/", 1)[1].split("_", 1)[1] for key in listed]
        return self._read([paths.ExecutionPaths(execution_id).audit for execution_id in ids])

    def one(self, execution_id: str) -> Record | None:
        """One execution, or None for one that has no audit record."""
        return next(iter(self._read([paths.ExecutionPaths(execution_id).audit])), None)

    def _days_backwards(self) -> Iterator[str]:
        for year in reversed(self._store.folders(paths.AUDIT_PREFIX)):
            for month in reversed(self._store.folders(year)):
                yield from reversed(self._store.folders(month))

    def _read(self, keys: Iterable[str]) -> list[Record]:
        with ThreadPoolExecutor(THREADS) as threads:
            return [record for record in threads.map(self._one, keys) if record is not None]

    def _one(self, key: str) -> Record | None:
        found = self._store.get_bytes(key)
        if found is None:
            return None
        try:
            record = json.loads(found[0])
        except ValueError as error:
            raise StateUnreadable(f"{key} is not JSON. Restore an earlier version of the object.") from error
        if not isinstance(record, dict):
            raise StateUnreadable(f"{key} is not an audit record. Restore an earlier version of the object.")
        return record


def _prefix(day: date) -> str:
    return f"{paths.AUDIT_PREFIX}{day:%Y/%m/%d}/"
