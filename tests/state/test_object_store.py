"""Conditional writes: what two bots, a lost answer and a broken object do to a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from sandbox.aws.seeding import put_objects
from src.aws import AwsClients
from src.errors import ConfigurationError, StateConflict, StateUnreadable, TransientError, UnexpectedAnswer
from src.retries import ATTEMPTS
from src.state.object_store import ObjectStore
from src.state.records import Cursor
from tests.clocks import MovedClock
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


def _refuse(clients: AwsClients, code: str, times: int = 99) -> list[str]:
    """Refuse the next `times` calls with this code; the operations that were refused."""
    refused: list[str] = []

    def refuse(model: Any, **_: Any) -> None:
        if len(refused) < times:
            refused.append(model.name)
            raise ClientError({"Error": {"Code": code, "Message": "Not today."}}, model.name)

    clients.s3.meta.events.register("before-parameter-build.s3", refuse)
    return refused


METHODS: dict[str, tuple[Callable[[ObjectStore], object], type[Exception]]] = {
    "get": (lambda store: store.get(KEY, Cursor), StateUnreadable),
    "get_bytes": (lambda store: store.get_bytes(KEY), StateUnreadable),
    "get_with_metadata": (lambda store: store.get_with_metadata(KEY), StateUnreadable),
    "create": (lambda store: store.create(KEY, Cursor()), UnexpectedAnswer),
    "replace": (lambda store: store.replace(KEY, Cursor(), "etag"), UnexpectedAnswer),
    "create_bytes": (lambda store: store.create_bytes(KEY, b""), UnexpectedAnswer),
    "put_bytes": (lambda store: store.put_bytes(KEY, b""), UnexpectedAnswer),
    "replace_bytes": (lambda store: store.replace_bytes(KEY, b"", "etag"), UnexpectedAnswer),
    "delete": (lambda store: store.delete(KEY), UnexpectedAnswer),
    "keys": (lambda store: list(store.keys(KEY)), UnexpectedAnswer),
    "folders": (lambda store: store.folders(KEY), UnexpectedAnswer),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_code_that_nobody_has_heard_of_is_an_error_of_ours_at_once(
    store: ObjectStore, clients: AwsClients, method: str
) -> None:
    refused = _refuse(clients, "NeverHeardOf")
    call, kind = METHODS[method]
    with pytest.raises(kind, match=rf"{KEY}.*NeverHeardOf: Not today"):
        call(store)
    assert len(refused) == 1


@pytest.mark.parametrize("method", ["create", "create_bytes", "put_bytes"])
def test_a_write_that_met_another_is_tried_again_after_a_pause(
    store: ObjectStore, clients: AwsClients, clock: MovedClock, method: str
) -> None:
    began = clock()
    assert _refuse(clients, "ConditionalRequestConflict", times=2) == []
    METHODS[method][0](store)
    assert store.get_bytes(KEY) is not None
    assert clock() > began


def test_writes_that_always_meet_another_end_in_a_transient_error(store: ObjectStore, clients: AwsClients) -> None:
    refused = _refuse(clients, "ConditionalRequestConflict")
    with pytest.raises(TransientError, match=f"conflict.*writing {KEY}"):
        store.put_bytes(KEY, b"")
    assert len(refused) == ATTEMPTS


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
