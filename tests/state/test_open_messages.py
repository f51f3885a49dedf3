"""Which messages have work left, as their markers say; and a record taken back to how it was."""

from __future__ import annotations

from src import paths
from src.state.state_manager import open_markers
from tests.bot.parts import Parts, attempt, request
from tests.state.memory_bucket import MemoryBucket, store_on

EARLIER, LATER = "1768480000.000100", "1768480001.000100"


def test_the_oldest_message_comes_first_whatever_its_channel_and_a_key_that_names_none_is_told_apart() -> None:
    store = store_on(MemoryBucket())
    nameless = f"{paths.OPEN_PREFIX}notes.txt"
    for key in (paths.open_marker("C1", LATER), paths.open_marker("C2", EARLIER), nameless):
        store.put_bytes(key, b"")
    assert open_markers(store) == ([("C2", EARLIER), ("C1", LATER)], [nameless])


def test_what_a_step_changed_is_taken_back_however_deep_it_is() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running"))
    claimed.snapshot()
    claimed.record.requests[0].state = "answered"
    claimed.record.requests[0].attempts.append(attempt(2))

    claimed.rollback()
    claimed.record.requests[0].tries = 7
    claimed.rollback()

    assert claimed.record.requests == [request(state="running")]
