"""What a job's description means: outcome, times, seconds. Its limit is 1800 s; described 2 h after its creation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from src.execution.job_status import job_status, outcome_of

CREATED = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
NOW = (CREATED + timedelta(hours=2)).timestamp()


def after(minutes: float) -> datetime:
    return CREATED + timedelta(minutes=minutes)


def described(status: str, **more: Any) -> Any:
    return job_status(job_name="job", job_arn="arn", status=status, now=NOW, limit=1800.0, **more)


@pytest.mark.parametrize(
    ("status", "reason", "over_time", "by_us", "outcome"),
    [
        ("InProgress", None, False, False, "running"),
        ("InProgress", None, True, True, "running"),
        ("Stopping", None, True, True, "running"),
        ("Completed", None, False, False, "completed"),
        ("Completed", None, True, True, "completed"),
        ("Failed", None, False, False, "failed"),
        ("Failed", "AlgorithmError: exit code: 1", False, False, "failed"),
        ("Failed", "AlgorithmError: instance failure", False, False, "failed"),
        ("Failed", "AlgorithmError: CapacityError", False, False, "failed"),
        ("Failed", "ClientError: Data download failed", False, False, "failed"),
        ("Failed", "CapacityError: none left", False, False, "no_capacity"),
        ("Failed", "ClientError: Unable to provision the instance", False, False, "no_capacity"),
        ("Failed", "InternalServerError: insufficient capacity", False, False, "no_capacity"),
        ("Failed", " InternalServerError: try again", False, False, "lost"),
        ("Failed", "InternalError", False, False, "lost"),
        ("Failed", "ServiceUnavailable", False, False, "lost"),
        ("Failed", "ClientError: InternalServerError", False, False, "failed"),
        ("Failed", "ClientError: Cannot PULL image", False, False, "lost"),
        ("Failed", "The instance was terminated", False, False, "lost"),
        ("Failed", "InternalServerError: try again", True, False, "timed_out"),
        ("Failed", "InternalServerError: try again", False, True, "cancelled"),
        ("Failed", "AlgorithmError: exit code: 1", True, True, "timed_out"),
        ("Stopped", None, False, False, "stopped"),
        ("Stopped", "CapacityError: none left", False, False, "stopped"),
        ("Stopped", None, False, True, "cancelled"),
        ("Stopped", None, True, True, "timed_out"),
    ],
)
def test_the_outcome(status: str, reason: str | None, over_time: bool, by_us: bool, outcome: str) -> None:
    assert outcome_of(status, reason, over_time=over_time, stopped_by_us=by_us) == outcome


@pytest.mark.parametrize(
    ("status", "started", "ended", "outcome"),
    [
        pytest.param("Stopped", 5, 34.9, "stopped", id="ran 29.9 of 30 minutes"),
        pytest.param("Stopped", 5, 35 - 0.004 / 60, "stopped", id="ran four milliseconds less than 30 minutes"),
        pytest.param("Stopped", 5, 35, "timed_out", id="ran 30 minutes"),
        pytest.param("Stopped", 40, 41, "stopped", id="waited 40 minutes for its machine, ran one"),
        pytest.param("Stopped", None, 29, "stopped", id="never started, ended after 29 minutes"),
        pytest.param("Failed", None, 31, "timed_out", id="never started, ended after 31 minutes"),
        pytest.param("Failed", 5, None, "timed_out", id="no end is told: as of now, 115 minutes"),
        pytest.param("Completed", 5, 60, "completed", id="completed in time, whatever it took"),
    ],
)
def test_only_the_time_that_it_ran_counts_for_the_limit(
    status: str, started: float | None, ended: float | None, outcome: str
) -> None:
    found = described(
        status,
        created=CREATED,
        started=None if started is None else after(started),
        ended=None if ended is None else after(ended),
    )
    assert found["outcome"] == outcome


@pytest.mark.parametrize(
    ("status", "times", "ended_at", "seconds"),
    [
        pytest.param(
            "Completed",
            {"created": CREATED, "started": after(5), "ended": after(10)},
            "2026-01-15T12:10:00.000Z",
            600.0,
            id="from creation to end",
        ),
        pytest.param("Completed", {"started": after(5), "ended": after(10)}, "2026-01-15T12:10:00.000Z", 300.0,
                     id="no creation is told: from its start"),
        pytest.param("InProgress", {"created": CREATED, "started": after(5)}, None, 7200.0, id="runs: until now"),
        pytest.param("Stopping", {"created": CREATED, "ended": after(10)}, None, 7200.0, id="has not ended yet"),
        pytest.param("Failed", {}, None, 0.0, id="nothing is told"),
        pytest.param("Failed", {"created": after(10), "ended": CREATED}, "2026-01-15T12:00:00.000Z", 0.0,
                     id="clocks that differ: never less than none"),
    ],
)  # fmt: skip
def test_the_end_and_the_seconds(status: str, times: dict[str, datetime], ended_at: str | None, seconds: float) -> None:
    found = described(status, **times)
    assert (found["ended_at"], found["elapsed_seconds"]) == (ended_at, seconds)


def test_without_a_word_on_who_stopped_it_it_was_somebody_else() -> None:
    assert described("Stopped", created=CREATED, ended=after(1))["outcome"] == "stopped"
    assert described("Stopped", created=CREATED, ended=after(1), stopped_by_us=True)["outcome"] == "cancelled"


def test_empty_words_of_the_service_are_none() -> None:
    found = described("Failed", failure_reason="", exit_message="")
    assert (found["failure_reason"], found["exit_message"], found["created_at"]) == (None, None, None)
