"""Who may take a message up, and what becomes of its marker: by one bot and another on one bucket."""

from __future__ import annotations

import pytest

from src import paths
from src.errors import StateConflict, TransientError
from src.state.lease import DURATION
from src.state.records import Cursor
from src.state.state_manager import NoRecord
from tests.bot.parts import TS, Parts, request

MARKER = paths.open_marker("C1", TS)


def beside(parts: Parts, later: float = 0.0) -> Parts:
    """Another bot on the same bucket, some seconds later."""
    other = Parts(bucket=parts.bucket, slack=parts.slack)
    other.clock.now = parts.clock.now + later
    return other


def test_a_message_with_nothing_left_to_do_is_closed_and_not_taken_up() -> None:
    parts = Parts()
    parts.claimed(request(state="settled"), mark="white_check_mark")
    assert beside(parts, DURATION).state.claim("C1", TS) is None
    assert MARKER not in parts.bucket.objects


def test_a_message_of_a_bot_that_lives_is_not_taken_up_and_one_of_a_bot_that_is_gone_is() -> None:
    parts = Parts()
    parts.claimed(request(state="running"))
    assert beside(parts).state.claim("C1", TS) is None
    taken = beside(parts, DURATION).state.claim("C1", TS)
    assert taken is not None
    assert taken.recovered


def test_of_two_that_take_one_up_at_once_one_has_it() -> None:
    parts = Parts()
    parts.claimed(request(state="running"))
    late = beside(parts, DURATION)

    def meanwhile(key: str) -> None:
        if key == paths.message_record("C1", TS):
            parts.bucket.before_put = lambda _key: None
            assert beside(parts, DURATION).state.claim("C1", TS) is not None

    parts.bucket.before_put = meanwhile
    assert late.state.claim("C1", TS) is None


def test_a_step_that_fails_takes_nothing_back_that_was_saved() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running"))
    claimed.snapshot()
    claimed.record.requests[0].tries = 2
    parts.state.save(claimed)
    claimed.record.requests[0].tries = 3
    claimed.rollback()
    assert claimed.record.requests[0].tries == 2


@pytest.mark.parametrize("later", [0.0, DURATION])
def test_an_edits_new_links_are_added_by_the_bot_that_has_the_message(later: float) -> None:
    parts = Parts()
    parts.claimed(request(1, state="settled"), mark="white_check_mark")
    parts.store.delete(MARKER)
    other = beside(parts, later)
    assert other.state.extend("C1", TS, [request(1)], "edited") is None
    assert MARKER not in parts.bucket.objects

    if later:
        extended = other.state.extend("C1", TS, [request(1), request(2)], "edited")
        assert extended is not None
        assert [one.key for one in extended.record.requests] == ["k1", "k2"]
        assert (extended.record.digest, extended.record.mark) == ("edited", None)
    else:
        with pytest.raises(StateConflict, match="its new links are added later"):
            other.state.extend("C1", TS, [request(1), request(2)], "edited")
    assert MARKER in parts.bucket.objects


def test_of_a_message_without_a_record_nothing_is_taken_up() -> None:
    parts = Parts()
    with pytest.raises(NoRecord):
        parts.state.claim("C1", TS)
    with pytest.raises(NoRecord):
        parts.state.extend("C1", TS, [request()], "edited")


def test_a_message_that_is_edited_while_it_is_closed_stays_open() -> None:
    parts = Parts()
    claimed = parts.claimed(request(1, state="settled"), mark="white_check_mark")
    beside(parts, DURATION).state.extend("C1", TS, [request(2)], "edited")
    parts.state.close(claimed)
    assert MARKER in parts.bucket.objects


def test_a_hint_that_another_bot_wrote_meanwhile_is_left() -> None:
    parts = Parts()
    _, etag = parts.state.cursor()
    parts.state.save_cursor(Cursor(channel_id="C1"), etag)
    parts.state.save_cursor(Cursor(channel_id="C2"), etag)
    found, etag = parts.state.cursor()
    assert found.channel_id == "C1"
    parts.state.save_cursor(Cursor(channel_id="C3"), etag)
    assert parts.state.cursor()[0].channel_id == "C3"


def test_this_bots_own_lease_holds_until_its_time_is_over() -> None:
    parts = Parts()
    owner = parts.lease.acquire()
    assert parts.lease.is_live(owner)
    assert not parts.lease.is_live("")
    assert not parts.lease.is_live("nobody")
    parts.clock.sleep(DURATION)
    assert not parts.lease.is_live(owner)


def test_a_lease_that_cannot_be_deleted_now_runs_out_by_itself() -> None:
    parts = Parts()
    owner = parts.lease.acquire()

    def away(**_: object) -> None:
        raise TransientError("S3 is away")

    parts.bucket.delete_object = away  # type: ignore[assignment,method-assign]
    parts.lease.release()
    assert parts.lease.acquire() != owner
    assert beside(parts).lease.is_live(owner)
    assert not beside(parts, DURATION).lease.is_live(owner)
