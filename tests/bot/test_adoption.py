"""Which open messages a bot takes over, with a lease that is renewed meanwhile; and what becomes of the others."""

from __future__ import annotations

from typing import Any

import pytest

from src import paths
from src.errors import ConfigurationError, TransientError
from src.state.lease import DURATION
from tests.bot.parts import TS, Parts, attempt, request

STAMPS = [f"176848000{number}.000100" for number in range(4)]


def left_open(*stamps: str, **fields: Any) -> Parts:
    """A bot that comes after one that died and left these messages."""
    gone = Parts()
    for ts in stamps:
        gone.claimed(request(**{"state": "running", **fields}), ts=ts)
    parts = Parts(bucket=gone.bucket, slack=gone.slack)
    parts.clock.sleep(DURATION)
    return parts


def taken(parts: Parts, in_hand: Any = ()) -> list[str]:
    return [claimed.record.ts for claimed in parts.adoption.take_over(in_hand)]


def test_every_message_of_a_bot_that_is_gone_is_taken_over_and_may_have_been_answered() -> None:
    parts = left_open(*STAMPS)
    found = parts.adoption.take_over(())
    assert [claimed.record.ts for claimed in found] == STAMPS
    assert all(claimed.recovered for claimed in found)


def test_a_message_in_hand_or_of_a_bot_that_lives_is_left() -> None:
    parts = left_open(*STAMPS)
    beside = Parts(bucket=parts.bucket)
    beside.clock.now = parts.clock.now
    beside.state.claim("C1", STAMPS[1])
    assert taken(parts, {("C1", STAMPS[0])}) == STAMPS[2:]


def test_the_lease_is_renewed_while_many_are_taken_over() -> None:
    """Without it the first ones' lease would be out before the last one is read: 4 messages of 50 seconds, 120 held."""
    parts = left_open(*STAMPS)
    parts.bucket.before_put = lambda key: parts.clock.sleep(50 if "/messages/" in key else 0)
    found = parts.adoption.take_over(())
    assert len(found) == 4
    [owner] = {claimed.record.owner for claimed in found}
    parts.lease.check(owner)  # raises where there is no time for a step


@pytest.mark.parametrize(
    ("error", "problems", "damaged"),
    [
        pytest.param(TransientError("S3 is away"), 0, 0, id="S3 is away: left to the next look"),
        pytest.param(ConfigurationError("S3 refuses"), 1, 0, id="S3 refuses: on-call is told"),
        pytest.param(ValueError("a bug"), 1, 0, id="a bug: on-call is told"),
    ],
)
def test_a_message_that_cannot_be_taken_over_costs_no_other(error: Exception, problems: int, damaged: int) -> None:
    parts = left_open(*STAMPS)

    def before_put(key: str) -> None:
        if STAMPS[1] in key:
            raise error

    parts.bucket.before_put = before_put
    assert taken(parts) == [STAMPS[0], *STAMPS[2:]]
    assert (len(parts.adoption.problems), len(parts.damage)) == (problems, damaged)


def test_a_record_that_cannot_be_read_is_told_and_costs_no_other() -> None:
    parts = left_open(*STAMPS)
    parts.store.put_bytes(paths.message_record("C1", STAMPS[1]), b"{")
    assert taken(parts) == [STAMPS[0], *STAMPS[2:]]
    assert len(parts.damage) == 1


def test_a_marker_that_names_no_message_is_told() -> None:
    parts = left_open(TS)
    parts.store.put_bytes(f"{paths.OPEN_PREFIX}by-hand", b"")
    assert taken(parts) == [TS]
    assert len(parts.damage) == 1


@pytest.mark.parametrize(
    ("age", "begun_again", "damaged"),
    [
        pytest.param(3600, True, 0, id="of the look-back: begun anew"),
        pytest.param(48 * 3600 + 3600, True, 0, id="an hour before it: begun anew"),
        pytest.param(48 * 3600 + 3700, False, 1, id="older: told, and its marker taken away"),
    ],
)
def test_a_marker_without_a_record(age: float, begun_again: bool, damaged: int) -> None:
    parts = Parts()
    ts = f"{int(parts.clock.now - age)}.000100"
    parts.store.put_bytes(paths.open_marker("C1", ts), b"")
    assert taken(parts) == []
    assert len(parts.damage) == damaged
    parts.adoption.tell_of_damage()
    assert (paths.open_marker("C1", ts) in parts.bucket.objects) is begun_again


def test_the_first_look_fails_where_s3_is_away_and_a_later_one_is_left_out() -> None:
    parts = left_open(TS)
    parts.bucket.list_objects_v2 = lambda **_: _away()  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        parts.adoption.take_over(())
    assert taken(parts) == []


def _away() -> Any:
    raise TransientError("S3 is away")


AHEAD = 1e6


@pytest.mark.parametrize(
    ("field", "ahead", "after"),
    [
        pytest.param("not_before", 3600.0, 3600.0, id="a pause that this bot makes stays"),
        pytest.param("not_before", 3601.0, None, id="a longer one ends now"),
        pytest.param("waiting_since", -60.0, -60.0, id="waiting since a minute ago"),
        pytest.param("waiting_since", AHEAD, 0.0, id="waiting since tomorrow: since now"),
        pytest.param("refused_since", AHEAD, 0.0, id="refused since tomorrow: since now"),
    ],
)
def test_moments_that_are_still_to_come(field: str, ahead: float, after: float | None) -> None:
    now = Parts().clock.now + DURATION
    parts = left_open(TS, **{field: now + ahead})
    [found] = parts.adoption.take_over(())
    expected = 0.0 if after is None else now + after
    assert getattr(found.record.requests[0], field) == expected
    assert getattr(parts.saved(found).requests[0], field) == expected


@pytest.mark.parametrize(("ahead", "is_now"), [(30.0, False), (31.0, True)])
def test_a_job_that_was_made_after_now_by_more_than_clocks_differ_was_made_now(ahead: float, is_now: bool) -> None:
    now = Parts().clock.now + DURATION
    parts = left_open(TS, attempts=[attempt(1, now + ahead)])
    [found] = parts.adoption.take_over(())
    expected = attempt(1, now if is_now else now + ahead)
    assert found.record.requests[0].attempts == [expected]


def test_a_message_whose_times_to_come_another_bot_saves_first_is_left_to_it() -> None:
    parts = left_open(TS, not_before=Parts().clock.now + AHEAD)
    puts: list[str] = []

    def before_put(key: str) -> None:
        puts.extend([key] if "/messages/" in key else [])
        if len(puts) == 2:  # the first one made it this bot's
            parts.bucket.before_put = lambda _key: None
            found = parts.store.get_bytes(key)
            assert found is not None
            parts.store.put_bytes(key, found[0])

    parts.bucket.before_put = before_put
    assert taken(parts) == []
    assert len(puts) == 2


def test_a_marker_that_cannot_be_taken_away_now_is_taken_away_by_a_later_look() -> None:
    parts = Parts()
    marker = paths.open_marker("C1", f"{int(parts.clock.now - 50 * 3600)}.000100")
    parts.store.put_bytes(marker, b"")
    assert taken(parts) == []
    delete, parts.bucket.delete_object = parts.bucket.delete_object, lambda **_: _away()  # type: ignore[method-assign]
    parts.adoption.tell_of_damage()
    assert marker in parts.bucket.objects
    parts.bucket.delete_object = delete  # type: ignore[method-assign]
    assert taken(parts) == []
    parts.adoption.tell_of_damage()
    assert marker not in parts.bucket.objects
