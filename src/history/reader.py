"""Reads past executions from the audit trail in S3: the latest, those of some days, one account's, one.

Each record is its object's content as state/audit_record.py makes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from .. import paths
from ..errors import StateUnreadable
from ..state.object_store import ObjectStore

Record = dict[str, Any]
Watch = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Passes items on, and shows under these words how many of all have come."""

THREADS = 16
RECENT_DAYS = 9
"""Days, tomorrow among them since clocks differ, in which the latest are looked for first."""


def _unwatched(items: Iterable[Any], _total: int, _words: str) -> Iterable[Any]:
    return items


def purpose_of(record: Record) -> str:
    """Return what the execution was for (Purpose in state/records.py); `message` for records that do not say."""
    return str(record.get("purpose") or "message")


class History:
    """Reads only. Raises ConfigurationError and TransientError as ObjectStore does, StateUnreadable naming a record.

    purpose: which executions `latest` and `between` are to give; None: all.
    """

    def __init__(self, store: ObjectStore, watch: Watch = _unwatched, purpose: str | None = "message") -> None:
        self._store = store
        self._watch = watch
        self._purpose = purpose

    def latest(self, count: int) -> list[Record]:
        """Return the last `count` executions, newest first."""
        keys = self._newest_first()
        found = self._wanted(self._read(list(islice(keys, count))))
        while len(found) < count and (more := list(islice(keys, THREADS))):
            found += self._wanted(self._read(more))
        return found[:count]

    def _newest_first(self) -> Iterator[str]:
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        recent = [tomorrow - timedelta(days=n) for n in range(RECENT_DAYS)]
        for keys in self._keys_of(map(_folder, recent)):
            yield from reversed(keys)
        for folder in self._days(last=recent[-1] - timedelta(days=1), newest_first=True):
            yield from reversed(list(self._store.keys(folder)))

    def between(self, first: date, last: date) -> list[Record]:
        """Return the executions begun on these UTC days, both included, oldest first."""
        return self._wanted(self._read([paths.ExecutionPaths(name).audit for name in self.ids_between(first, last)]))

    def _wanted(self, records: list[Record]) -> list[Record]:
        return [record for record in records if self._purpose in {None, purpose_of(record)}]

    def ids_between(self, first: date, last: date) -> list[str]:
        """Return the ids of all executions begun on these days, without reading them."""
        keys = [key for found in self._keys_of(self._days(first, last)) for key in found]
        return [key.rsplit("/", 1)[1].removesuffix(".json") for key in keys]

    def of_account(self, account_sid: str) -> list[Record]:
        """Return an account's answered executions by the end of their windows, those without a window last."""
        listed = map(paths.indexed_execution, self._store.keys(paths.account_index_prefix(account_sid)))
        return self._read([paths.ExecutionPaths(execution_id).audit for execution_id in listed if execution_id])

    def one(self, execution_id: str) -> Record | None:
        """Return one execution's audit record, None if it has none."""
        return next(iter(self._read([paths.ExecutionPaths(execution_id).audit])), None)

    def _days(self, first: date = date.min, last: date = date.max, *, newest_first: bool = False) -> Iterator[str]:
        """Return the folders of days with records; years and months outside of first and last are not listed."""
        order: Callable[[list[str]], Iterable[str]] = reversed if newest_first else iter
        for year in order(_within(self._store.folders(paths.AUDIT_PREFIX), first, last)):
            for month in order(_within(self._store.folders(year), first, last)):
                yield from order(_within(self._store.folders(month), first, last))

    def _keys_of(self, folders: Iterable[str]) -> list[list[str]]:
        """Return each folder's keys, in order."""
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(lambda folder: list(self._store.keys(folder)), folders))

    def _read(self, keys: Sequence[str]) -> list[Record]:
        with ThreadPoolExecutor(THREADS) as threads:
            records = self._watch(threads.map(self._one, keys), len(keys), "audit records")
            return [record for record in records if record is not None]

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


def _within(folders: list[str], first: date, last: date) -> list[str]:
    """Return the folders of years, months or days that reach into these days."""
    low, high = _folder(first), _folder(last)
    return [folder for folder in folders if low[: len(folder)] <= folder <= high[: len(folder)]]


def _folder(day: date) -> str:
    return f"{paths.AUDIT_PREFIX}{day.isoformat().replace('-', '/')}/"
