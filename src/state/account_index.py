"""The account index: a small object a recommendation, so that one list finds an account's earlier ones.

index/account/{account_sid}/{fraud_end}_{id}       one that says its window
index/account/{account_sid}/no-window_{id}         one of a company's own notebook that does not
….unreached                                        beside one whose answer reached nobody: it is told of no more
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from .. import paths
from ..errors import ConfigurationError, StateUnreadable
from ..executor import CreditResult
from .object_store import ObjectStore
from .recommendations import NEAR_DAYS, Earlier, IndexEntry, index_entry, is_indexed, told_of

THREADS = 8
"""That read an account's entries side by side."""
Tell = Callable[[str], None]
"""Takes a sentence for on-call."""


class AccountIndex:
    """Raises TransientError and ConfigurationError as ObjectStore does."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def enter(self, channel: str, ts: str, result: CreditResult) -> IndexEntry | None:
        """Create the entry of a result answered in this thread; an entry that is there is from an earlier try.

        None if the result does not say which account it is of.
        """
        if not is_indexed(result):
            return None
        entry = index_entry(channel, ts, result)
        self._store.create_bytes(entry.key, entry.model_dump_json().encode())
        return entry

    def earlier(self, entry: IndexEntry, tell: Tell) -> Earlier:
        """Read the account's other entries near an entry's window; `tell` hears of each that cannot be read."""
        prefix = paths.account_index_prefix(entry.account_sid)
        listed = list(self._store.keys(prefix, start_after=prefix + _first_day(entry)))
        beside = {key for key in listed if key.endswith(paths.UNREACHED)}
        others = [key for key in listed if key not in beside and paths.reached_nobody(key) not in beside]
        found, faults = self._read(key for key in others if key != entry.key)
        for fault in faults:
            tell(fault)
        return told_of(entry, found, unreadable=len(faults))

    def reached_nobody(self, told: Earlier | None) -> None:
        """Mark a recommendation whose answer nobody got: later answers neither name nor sum it.

        told: what that answer was to say of the others. Does nothing for None, or one that is in no index.
        """
        if told is not None and told.entry is not None:
            self._store.put_bytes(paths.reached_nobody(told.entry), b"{}")

    def _read(self, keys: Iterable[str]) -> tuple[list[IndexEntry], list[str]]:
        """The entries, and a sentence for each that could not be read; one deleted meanwhile is in neither."""
        with ThreadPoolExecutor(THREADS) as threads:
            read = list(threads.map(self._one, keys))
        return [one for one in read if isinstance(one, IndexEntry)], [one for one in read if isinstance(one, str)]

    def _one(self, key: str) -> IndexEntry | str | None:
        try:
            found = self._store.get(key, IndexEntry)
        except (StateUnreadable, ConfigurationError) as error:
            return str(error)
        if found is None or found[0].key == key:
            return found and found[0]
        return (
            f"{key} is not what this bot writes: it holds the recommendation of another execution, account or window. "
            "Restore an earlier version of the object, or delete it."
        )


def _first_day(entry: IndexEntry) -> str:
    """The earliest last day of a window that is near the entry's (ISO); "" if it may be any."""
    if entry.window is None:
        return ""
    since = entry.window[0].toordinal() - NEAR_DAYS - 1
    return date.fromordinal(since).isoformat() if since > 0 else ""
