"""Conditional writes: what two bots, a lost answer and a broken object do to a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from sandbox.aws.seeding import put_objects
from src.aws import AwsClients
from src.errors import ConfigurationError, StateConflict, StateUnreadable, TransientError
from src.state.object_store import ObjectStore
from src.state.records import Cursor
from tests.conftest import BUCKET

KEY = "credits-automation/state/cursor.json"


@pytest.fixture
def store(clients: AwsClients) -> ObjectStore:
    return ObjectStore(clients, BUCKET)


def _after_the_work(clients: AwsClients, raise_instead: Callable[[], Exception], times: int = 1) -> None:
    """Carry out the next `times` puts, then lose their answers."""
    real = clients.s3.put_object
    left = [times]

    def put_object(**arguments: Any) -> Any:
        answer = real(**arguments)
        if left[0] > 0:
            left[0] -= 1
            raise raise_instead()
        return answer

    clients.s3.put_object = put_object  # type: ignore[method-assign]


def _lost() -> Exception:
    return BotoConnectionError(error="reset")


def test_what_is_created_can_be_read_back(store: ObjectStore) -> None:
    etag = store.create(KEY, Cursor(channel_id="C1"))
    found = store.get(KEY, Cursor)
    assert found is not None
    assert (found[0].channel_id, found[1]) == ("C1", etag)


def test_a_missing_object_is_none(store: ObjectStore) -> None:
    assert store.get(KEY, Cursor) is None


def test_creating_twice_is_a_conflict_and_leaves_the_first(store: ObjectStore) -> None:
    store.create(KEY, Cursor(channel_id="C1"))
    with pytest.raises(StateConflict, match=KEY):
        store.create(KEY, Cursor(channel_id="C2"))
    found = store.get(KEY, Cursor)
    assert found is not None
    assert found[0].channel_id == "C1"


def test_replacing_an_older_version_is_a_conflict(store: ObjectStore) -> None:
    old = store.create(KEY, Cursor(channel_id="C1"))
    store.replace(KEY, Cursor(channel_id="C2"), old)
    with pytest.raises(StateConflict):
        store.replace(KEY, Cursor(channel_id="C3"), old)


def test_a_write_whose_answer_was_lost_is_ours_after_all(store: ObjectStore, clients: AwsClients) -> None:
    _after_the_work(clients, _lost)
    etag = store.create(KEY, Cursor(channel_id="C7"))
    store.replace(KEY, Cursor(channel_id="C8"), etag)
    found = store.get(KEY, Cursor)
    assert found is not None
    assert found[0].channel_id == "C8"


def test_a_409_after_the_work_was_done_is_success(store: ObjectStore, clients: AwsClients) -> None:
    def conflict() -> Exception:
        return ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")

    _after_the_work(clients, conflict)
    assert store.create(KEY, Cursor(channel_id="C7"))


def test_s3_out_of_reach_ends_in_a_transient_error_after_the_retries(store: ObjectStore, clients: AwsClients) -> None:
    _after_the_work(clients, _lost, times=99)
    with pytest.raises(TransientError, match="AWS could not be reached"):
        store.put_bytes("credits-automation/state/open/C-1", b"")


def test_an_object_nobody_here_wrote_is_named(store: ObjectStore) -> None:
    store.put_bytes(KEY, b"not json")
    with pytest.raises(StateUnreadable, match=KEY):
        store.get(KEY, Cursor)


def test_a_missing_bucket_names_the_setting(clients: AwsClients) -> None:
    with pytest.raises(ConfigurationError, match="S3_OUTPUT_BUCKET"):
        ObjectStore(clients, "no-such-bucket").put_bytes(KEY, b"")


def test_keys_come_in_order_over_several_pages(store: ObjectStore) -> None:
    names = [f"p/{number:05}" for number in range(1001)]
    put_objects(BUCKET, dict.fromkeys(names, ""))
    assert list(store.keys("p/")) == names
