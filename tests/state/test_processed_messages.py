"""The earlier bot's list in S3: when it is read, when it is written, and what of two that write at once."""

from __future__ import annotations

import json

import pytest

from src import paths
from src.errors import StateConflict, StateUnreadable
from src.state.processed_messages import ProcessedMessages
from tests.state.memory_bucket import MemoryBucket, refusal, store_on

KEY = paths.PROCESSED_MESSAGES
ONE, OTHER, THIRD = "1768480000.000100", "1768480001.000100", "1768480002.000100"
NOW = 1_768_480_496.0


def bucket_with(*stamps: str) -> MemoryBucket:
    bucket = MemoryBucket()
    store_on(bucket).put_bytes(KEY, json.dumps(stamps).encode())
    bucket.puts.clear()
    return bucket


def listed(bucket: MemoryBucket) -> list[str]:
    found: list[str] = json.loads(bucket.objects[KEY])
    return found


@pytest.mark.parametrize(
    ("there", "after", "puts"),
    [
        pytest.param((ONE,), [ONE, OTHER], 1, id="one more"),
        pytest.param((ONE, OTHER), [ONE, OTHER], 0, id="noted already: nothing is written"),
        pytest.param((), [OTHER], 1, id="an empty list is a list"),
    ],
)
def test_a_message_that_is_done_is_in_the_list_once(there: tuple[str, ...], after: list[str], puts: int) -> None:
    bucket = bucket_with(*there)
    processed = ProcessedMessages(store_on(bucket))
    for _ in range(2):
        processed.add("C1", OTHER, NOW)
    assert (listed(bucket), len(bucket.puts)) == (after, puts)
    assert [processed.lists(ts) for ts in (OTHER, THIRD)] == [True, False]


def test_where_there_is_no_list_none_is_made_and_nothing_is_in_it() -> None:
    bucket = MemoryBucket()
    processed = ProcessedMessages(store_on(bucket))
    processed.add("C1", ONE, NOW)
    assert not processed.lists(ONE)
    assert bucket.puts == []


def test_what_another_wrote_meanwhile_stays() -> None:
    bucket = bucket_with(ONE)
    processed = ProcessedMessages(store_on(bucket))
    assert not processed.lists(OTHER)
    ProcessedMessages(store_on(bucket)).add("C1", OTHER, NOW)
    processed.add("C1", THIRD, NOW)
    assert listed(bucket) == [ONE, OTHER, THIRD]
    assert processed.lists(OTHER)


def test_a_message_that_another_noted_meanwhile_is_not_noted_again() -> None:
    bucket = bucket_with(ONE)
    processed = ProcessedMessages(store_on(bucket))
    assert not processed.lists(OTHER)
    ProcessedMessages(store_on(bucket)).add("C1", OTHER, NOW)
    processed.add("C1", OTHER, NOW)
    assert listed(bucket) == [ONE, OTHER]


def test_others_that_write_at_every_try_are_given_way_after_eight() -> None:
    bucket = bucket_with(ONE)

    def before_put(key: str) -> None:
        raise refusal("PreconditionFailed")

    bucket.before_put = before_put
    with pytest.raises(StateConflict, match="is not as it was read"):
        ProcessedMessages(store_on(bucket)).add("C1", OTHER, NOW)
    assert len(bucket.puts) == 8


@pytest.mark.parametrize("ask", [lambda p: p.lists(ONE), lambda p: p.add("C1", ONE, NOW)], ids=["lists", "add"])
def test_what_is_no_list_is_refused_by_name_each_time(ask: object) -> None:
    bucket = MemoryBucket()
    store_on(bucket).put_bytes(KEY, b"{")
    processed = ProcessedMessages(store_on(bucket))
    for _ in range(2):
        with pytest.raises(StateUnreadable, match="the earlier bot's list"):
            ask(processed)  # type: ignore[operator]
