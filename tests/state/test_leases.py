"""Two bots, one record: who may work on it, and from when."""

from __future__ import annotations

import pytest

from src.aws import AwsClients
from src.errors import TransientError
from src.state.lease import LeaseKeeper, LeaseLost
from src.state.object_store import ObjectStore
from src.state.records import MessageRecord, Request
from src.state.state_manager import ClaimedMessage, StateManager
from tests.clocks import MovedClock
from tests.conftest import BUCKET

TS = "1768480000.000100"


@pytest.fixture
def store(clients: AwsClients) -> ObjectStore:
    return ObjectStore(clients, BUCKET)


def _bot(store: ObjectStore, clock: MovedClock) -> tuple[StateManager, LeaseKeeper]:
    lease = LeaseKeeper(store, clock)
    return StateManager(store, lease), lease


def _message() -> MessageRecord:
    link = "https://looker.example/x/abc"
    request = Request(key="k1", link=link)
    return MessageRecord(channel="C1", ts=TS, user="U1", digest="d", seen_at="2026-01-15T12:34:56Z", requests=[request])


def _begun(state: StateManager) -> ClaimedMessage:
    claimed = state.add(_message())
    assert claimed is not None
    return claimed


def test_a_message_is_begun_by_one_bot_only(store: ObjectStore, clock: MovedClock) -> None:
    first, _ = _bot(store, clock)
    second, _ = _bot(store, clock)
    assert first.add(_message()) is not None
    assert second.add(_message()) is None


def test_a_living_bots_message_is_not_taken_over(store: ObjectStore, clock: MovedClock) -> None:
    first, _ = _bot(store, clock)
    second, _ = _bot(store, clock)
    _begun(first)
    clock.sleep(119)
    assert second.claim("C1", TS) is None


def test_a_living_bot_whose_clock_is_ahead_keeps_its_message(store: ObjectStore, clock: MovedClock) -> None:
    ahead = MovedClock(clock.now + 100)
    _begun(_bot(store, ahead)[0])
    assert _bot(store, clock)[0].claim("C1", TS) is None


def test_a_dead_bots_message_is_taken_over_once_its_lease_is_out(store: ObjectStore, clock: MovedClock) -> None:
    first, _ = _bot(store, clock)
    second, _ = _bot(store, clock)
    _begun(first)
    clock.sleep(121)
    claimed = second.claim("C1", TS)
    assert claimed is not None
    assert claimed.recovered


def test_a_released_lease_frees_its_messages_at_once(store: ObjectStore, clock: MovedClock) -> None:
    first, lease = _bot(store, clock)
    second, _ = _bot(store, clock)
    _begun(first)
    lease.release()
    assert second.claim("C1", TS) is not None


def test_a_renewed_lease_holds_on(store: ObjectStore, clock: MovedClock) -> None:
    first, lease = _bot(store, clock)
    second, _ = _bot(store, clock)
    _begun(first)
    for _ in range(10):
        clock.sleep(31)
        lease.keep()
    assert second.claim("C1", TS) is None


def test_a_renewal_that_failed_is_due_again_five_seconds_later(
    store: ObjectStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lease = _bot(store, clock)
    lease.acquire()
    assert lease.renewal_due_at == clock.now + 30
    clock.sleep(30)
    monkeypatch.setattr(store, "put_bytes", refused)
    with pytest.raises(TransientError):
        lease.keep()
    assert lease.renewal_due_at == clock.now + 5


def refused(*_: object, **__: object) -> None:
    raise TransientError("S3 is out of reach.")


@pytest.mark.parametrize(("paused", "may_post"), [(60, True), (89, True), (91, False), (150, False)])
def test_nothing_is_posted_with_under_30_seconds_of_lease_left(
    store: ObjectStore, clock: MovedClock, paused: int, may_post: bool
) -> None:
    state, _ = _bot(store, clock)
    claimed = _begun(state)
    clock.sleep(paused)
    if may_post:
        state.check_lease(claimed)
    else:
        with pytest.raises(LeaseLost):
            state.check_lease(claimed)


def test_a_bot_that_slept_past_its_lease_comes_back_as_another_owner(store: ObjectStore, clock: MovedClock) -> None:
    state, lease = _bot(store, clock)
    claimed = _begun(state)
    before = lease.acquire()
    clock.sleep(121)
    assert lease.acquire() != before
    with pytest.raises(LeaseLost):
        state.check_lease(claimed)


def test_open_messages_come_oldest_first(store: ObjectStore, clock: MovedClock) -> None:
    state, _ = _bot(store, clock)
    for ts in ("1768480003.000000", "1768480001.000000", "1768480002.000000"):
        record = _message()
        record.ts = ts
        state.add(record)
    assert [ts for _, ts in state.open_messages()] == ["1768480001.000000", "1768480002.000000", "1768480003.000000"]


@pytest.mark.parametrize(
    "content",
    [f'["{TS}"]', f'{{"processed_messages": ["{TS}"]}}', f'{{"{TS}": {{"credit": 1}}}}', f'{{"C1": ["{TS}"]}}'],
)
def test_the_earlier_bots_messages_count_as_done(store: ObjectStore, clock: MovedClock, content: str) -> None:
    state, _ = _bot(store, clock)
    store.put_bytes("credits-automation/state/processed_messages.json", content.encode())
    assert state.processed_before(TS)
    assert not state.processed_before("1768480000.000200")
