"""Which step of a message is next: by table, from each state of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from src import paths
from src.bot.message_processor import MessageProcessor
from src.bot.work_pool import AFTER, ANSWER, REACT, RESOLVE, SUBMIT
from src.state.records import Attempt, MessageRecord, Request
from src.state.state_manager import ClaimedMessage

NOW = 1_768_480_496.0
ID = "20260115_123456_3fa94c01"


class Steps:
    """Stands for the collaborators: answers what a test says of every request, and names each step it is asked for."""

    def __init__(self, **said: bool) -> None:
        self._said = said

    def __getattr__(self, name: str) -> Any:
        if name in {"resolved", "has_to_wait", "has_news", "due", "mark_due", "follow_up_due"}:
            return lambda *_, **__: self._said.get(name, False)
        return name

    def times_to_try_again(self) -> list[float]:
        return [NOW + 7]


@dataclass
class Clock:
    settings: object = None
    state: object = None

    @staticmethod
    def clock() -> float:
        return NOW


def processor(**said: bool) -> MessageProcessor:
    steps = cast("Any", Steps(**said))
    return MessageProcessor(cast("Any", Clock()), executions=steps, answers=steps, progress=steps)


def message(*requests: Request) -> ClaimedMessage:
    record = MessageRecord(
        channel="C1",
        ts="1768480000.000100",
        user="U1",
        digest="d",
        seen_at="2026-01-15T12:34:56Z",
        requests=[*requests],
    )
    return ClaimedMessage(record, "etag", recovered=False)


def request(state: str, *, key: str = "k", not_before: float = 0.0) -> Request:
    attempt = Attempt(execution_id=ID, job_name=paths.job_name(ID))
    return Request(key=key, link="https://l/x/s", state=cast("Any", state), not_before=not_before, attempts=[attempt])


@pytest.mark.parametrize(
    ("state", "said", "slot_free", "step", "urgency"),
    [
        ("new", {}, True, "resolve", RESOLVE),
        ("new", {}, False, "resolve", RESOLVE),
        ("new", {"resolved": True}, True, "submit", SUBMIT),
        ("new", {"resolved": True, "has_to_wait": True}, True, "submit", SUBMIT),
        ("new", {"resolved": True, "has_to_wait": True}, False, "wait_for_turn", AFTER),
        ("new", {"resolved": True}, False, None, None),
        ("submitting", {}, True, "submit", SUBMIT),
        ("submitting", {}, False, "submit", SUBMIT),
        ("running", {}, True, None, None),
        ("running", {"has_news": True}, False, "collect", ANSWER),
        ("running", {"has_news": True, "due": True}, True, "collect", ANSWER),
        ("running", {"due": True}, True, "say_progress", AFTER),
        ("replying", {}, False, "reply", ANSWER),
        ("answered", {}, True, None, None),
        ("answered", {"follow_up_due": True}, True, "follow_up", AFTER),
        ("settled", {"follow_up_due": True}, True, None, None),
        ("failed", {"follow_up_due": True}, True, None, None),
        ("settled", {"mark_due": True}, True, "mark", REACT),
    ],
)
def test_a_request_has_this_step_next(
    state: str, said: dict[str, bool], slot_free: bool, step: str | None, urgency: int | None
) -> None:
    found = processor(**said).next_step(message(request(state)), slot_free=slot_free)

    assert (found.run, found.urgency) == (step, urgency) if found else step is None


@pytest.mark.parametrize(
    ("state", "said", "slot_free", "starts_job"),
    [
        ("new", {"resolved": True}, True, True),
        ("new", {}, True, False),
        ("submitting", {}, True, False),  # its slot was taken when it began
        ("running", {"has_news": True}, True, False),
    ],
)
def test_only_the_step_that_starts_a_job_needs_a_slot(
    state: str, said: dict[str, bool], slot_free: bool, starts_job: bool
) -> None:
    found = processor(**said).next_step(message(request(state)), slot_free=slot_free)

    assert found is not None
    assert found.starts_job == starts_job


@pytest.mark.parametrize("state", ["new", "submitting", "running", "replying", "answered"])
@pytest.mark.parametrize(("not_before", "is_due"), [(NOW - 1, True), (NOW, True), (NOW + 1, False)])
def test_what_is_put_off_has_no_step_before_its_time(state: str, not_before: float, is_due: bool) -> None:
    said = {"has_news": True, "follow_up_due": True}

    found = processor(**said).next_step(message(request(state, not_before=not_before)), slot_free=True)

    assert (found is not None) == is_due


@pytest.mark.parametrize(
    ("states", "next_state"),
    [
        (("new", "replying"), "replying"),
        (("submitting", "replying"), "replying"),
        (("answered", "submitting"), "submitting"),
        (("answered", "new"), "new"),
        (("new", "submitting"), "submitting"),
    ],
)
def test_of_several_requests_the_most_urgent_goes_first(states: tuple[str, str], next_state: str) -> None:
    requests = [request(state, key=state) for state in states]

    found = processor(follow_up_due=True).next_step(message(*requests), slot_free=True)

    assert found is not None
    assert found.request.state == next_state


def test_of_requests_alike_the_first_in_the_message_goes_first() -> None:
    found = processor().next_step(message(request("new", key="a"), request("new", key="b")), slot_free=True)

    assert found is not None
    assert found.request.key == "a"


@pytest.mark.parametrize(
    ("state", "said", "not_before", "waits"),
    [
        ("new", {}, 0.0, True),
        ("running", {}, 0.0, True),
        ("running", {}, NOW + 60, True),
        ("running", {}, NOW + 61, False),
        ("answered", {}, 0.0, False),
        ("answered", {"follow_up_due": True}, 0.0, True),
        ("settled", {"follow_up_due": True}, 0.0, False),
        ("settled", {"mark_due": True}, 0.0, True),
    ],
)
def test_a_tick_waits_for_what_may_still_come_before_its_deadline(
    state: str, said: dict[str, bool], not_before: float, waits: bool
) -> None:
    unanswered = processor(**said).unanswered(message(request(state, not_before=not_before)), deadline=NOW + 60)

    assert unanswered is waits


def test_what_is_put_off_is_tried_again_when_the_first_is_due() -> None:
    put_off = message(request("new", key="a", not_before=NOW + 5), request("new", key="b", not_before=NOW + 9))

    assert sorted(processor().times_to_try_again([put_off])) == [NOW + 5, NOW + 7, NOW + 9]
