"""How long an answer usually takes: which records count, and how many it needs."""

from __future__ import annotations

from typing import Any, cast

import pytest

from src.bot.usual_time import UsualTime
from src.errors import CreditsError, TransientError
from src.times import iso

BEGAN = 1_768_480_496.0


class FakeHistory:
    def __init__(self, records: list[dict[str, Any]] | CreditsError) -> None:
        self._records = records
        self.asked: list[int] = []

    def latest(self, count: int) -> list[dict[str, Any]]:
        self.asked.append(count)
        if isinstance(self._records, CreditsError):
            raise self._records
        return self._records


def took(seconds: float, **changed: Any) -> dict[str, Any]:
    """The audit record of an answer that took so long."""
    attempts = [{"created_at": iso(BEGAN - 9000)}, {"created_at": iso(BEGAN)}]
    return {"outcome": "answer", "attempts": attempts, "ended_at": iso(BEGAN + seconds), **changed}


@pytest.mark.parametrize(
    ("records", "seconds"),
    [
        pytest.param([], None, id="nothing was answered yet"),
        pytest.param([took(60), took(90)], None, id="two are too few"),
        pytest.param([took(60), took(600), took(90)], 90.0, id="of three, the middle one"),
        pytest.param([took(60), took(90), took(100), took(600)], 95.0, id="of four, between the middle two"),
        pytest.param([took(60), took(90), took(1, outcome="failure")], None, id="a failure does not count"),
        pytest.param([took(60), took(90), took(1, outcome="repeat")], None, id="nor what started no job"),
        pytest.param([took(60), took(90), took(1, ended_at=None)], None, id="nor one whose end is not known"),
        pytest.param([took(60), took(90), took(1, ended_at="soon")], None, id="nor one whose end cannot be read"),
        pytest.param([took(60), took(90), took(1, attempts=[])], None, id="nor one without an attempt"),
        pytest.param([took(60), took(90), {"outcome": "answer"}], None, id="nor one that says no times"),
        pytest.param([took(-5), took(-5), took(7)], 0.0, id="clocks that differ: never less than none"),
        pytest.param(TransientError("S3 is away"), None, id="S3 does not say"),
    ],
)
def test_the_median_of_the_last_answers(records: Any, seconds: float | None) -> None:
    assert UsualTime(cast("Any", FakeHistory(records))).seconds() == seconds


@pytest.mark.parametrize("records", [[took(60)] * 3, [], TransientError("S3 is away")], ids=["known", "few", "away"])
def test_the_last_twenty_are_read_once(records: Any) -> None:
    history = FakeHistory(records)
    usual = UsualTime(cast("Any", history))
    assert usual.seconds() == usual.seconds()
    assert history.asked == [20]
