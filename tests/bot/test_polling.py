"""When a tick looks where, and which jobs it asks after: by table."""

from __future__ import annotations

from typing import Any, cast, get_args

import pytest

from src import paths
from src.bot.polling import Look, LookTimes, has_job, is_settling
from src.state.records import Attempt, Request, State

NOW = 1_768_480_496.0
ID = "20260115_123456_3fa94c01"
CREATED = "2026-01-15T12:34:56Z"


def request(state: str, *, created_at: str | None = CREATED, ended_at: str | None = None) -> Request:
    attempt = Attempt(execution_id=ID, job_name=paths.job_name(ID), created_at=created_at)
    return Request(key="k", link="https://l/x/s", state=cast("Any", state), attempts=[attempt], ended_at=ended_at)


@pytest.mark.parametrize("look", get_args(Look))
def test_a_look_that_was_never_made_is_due(look: Look) -> None:
    assert LookTimes().due_at(look, []) < 0


@pytest.mark.parametrize(
    ("look", "states", "seconds"),
    [
        ("slack", ["running"], 20),
        ("open", ["running"], 60),
        ("results", ["running"], 1),
        ("results", ["answered"], 1),
        ("status", [], 30),
        ("status", ["running"], 30),
        ("status", ["new", "submitting", "running", "replying"], 30),
        ("status", ["answered"], 1),
        ("status", ["running", "answered"], 1),
    ],
)
def test_the_same_look_is_due_again_after(look: Look, states: list[str], seconds: float) -> None:
    looks = LookTimes()
    looks.note(look, NOW)

    assert looks.due_at(look, [request(state) for state in states]) == NOW + seconds


def test_a_look_at_one_says_nothing_of_another() -> None:
    looks = LookTimes()
    looks.note("slack", NOW)

    assert looks.due_at("open", []) < 0


@pytest.mark.parametrize(
    ("state", "created_at", "ended_at", "job", "settling"),
    [
        ("new", None, None, False, False),
        ("submitting", None, None, False, False),
        ("running", CREATED, None, True, False),
        ("replying", CREATED, None, False, False),
        ("answered", CREATED, None, True, True),
        ("answered", CREATED, CREATED, False, False),
        ("answered", None, None, False, False),
        ("settled", CREATED, None, False, False),
        ("failed", CREATED, None, False, False),
    ],
)
def test_a_job_is_asked_after_while_it_has_news_to_give(
    state: State, created_at: str | None, ended_at: str | None, job: bool, settling: bool
) -> None:
    one = request(state, created_at=created_at, ended_at=ended_at)

    assert (has_job(one), is_settling(one)) == (job, settling)
