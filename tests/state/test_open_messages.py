"""Which messages have work left, as their markers say."""

from __future__ import annotations

from src import paths
from src.state.state_manager import open_markers
from tests.state.memory_bucket import MemoryBucket, store_on

EARLIER, LATER = "1768480000.000100", "1768480001.000100"


def test_the_oldest_message_comes_first_whatever_its_channel_and_a_key_that_names_none_is_told_apart() -> None:
    store = store_on(MemoryBucket())
    nameless = f"{paths.OPEN_PREFIX}notes.txt"
    for key in (paths.open_marker("C1", LATER), paths.open_marker("C2", EARLIER), nameless):
        store.put_bytes(key, b"")
    assert open_markers(store) == ([("C2", EARLIER), ("C1", LATER)], [nameless])
