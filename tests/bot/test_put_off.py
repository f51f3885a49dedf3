"""When a side effect that failed is tried again: by table."""

from __future__ import annotations

import pytest

from src.bot.put_off import TAKE_OVER_PAUSE, PutOff, pause_after
from src.errors import Interrupted, StateConflict, TransientError
from src.state.lease import LeaseLost

NOW = 1_768_480_496.0
REPORT = ("C1", "1768480000.000100", "k1", "report")
AUDIT = ("C1", "1768480000.000100", "k1", "audit")


def fail(put_off: PutOff, name: tuple[str, ...], error: Exception) -> None:
    with pytest.raises(type(error)), put_off.where_it_fails(*name):
        raise error


@pytest.mark.parametrize(
    ("tries", "least", "most"), [(0, 2.5, 5), (1, 5, 10), (2, 10, 20), (5, 80, 160), (6, 150, 300), (50, 150, 300)]
)
def test_the_pause_doubles_to_five_minutes_of_which_half_at_most_is_taken_off(
    tries: int, least: float, most: float
) -> None:
    pauses = [pause_after(tries) for _ in range(200)]

    assert least <= min(pauses) <= max(pauses) <= most
    assert len(set(pauses)) > 1


@pytest.mark.parametrize("error", [TransientError("S3 is out of reach."), ValueError("a bug")])
def test_what_failed_is_put_off_by_itself_until_it_shows_outside(error: Exception) -> None:
    put_off = PutOff(lambda: NOW)

    fail(put_off, REPORT, error)

    assert REPORT in put_off
    assert put_off.until(*REPORT) >= NOW + TAKE_OVER_PAUSE
    assert put_off.times() == [put_off.until(*REPORT)]
    assert AUDIT not in put_off
    assert put_off.until(*AUDIT) == 0


@pytest.mark.parametrize("error", [StateConflict("x"), LeaseLost("x"), Interrupted("x")])
def test_what_another_bot_has_or_the_end_of_the_process_puts_nothing_off(error: Exception) -> None:
    put_off = PutOff(lambda: NOW)

    fail(put_off, REPORT, error)

    assert put_off.times() == []


def test_it_is_put_off_for_longer_each_time_it_fails() -> None:
    put_off = PutOff(lambda: NOW)

    for _ in range(8):
        fail(put_off, REPORT, TransientError("S3 is out of reach."))

    assert put_off.until(*REPORT) >= NOW + 150


def test_what_went_well_is_put_off_no_more() -> None:
    put_off = PutOff(lambda: NOW)
    fail(put_off, REPORT, TransientError("S3 is out of reach."))

    with put_off.where_it_fails(*REPORT):
        pass

    assert REPORT not in put_off
    assert put_off.times() == []
