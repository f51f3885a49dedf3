"""The messages in hand: what is kept, dropped and counted while steps run in other threads."""

from __future__ import annotations

from typing import Any, cast

import pytest

from src.bot.in_hand import InHand
from src.state.records import MessageRecord, Request
from src.state.state_manager import ClaimedMessage


def claimed(*states: str) -> ClaimedMessage:
    requests = [Request(key=f"k{i}", link="https://l/x/s", state=cast("Any", s)) for i, s in enumerate(states)]
    record = MessageRecord(
        channel="C1", ts="1768480000.000100", user="U1", digest="d", seen_at="2026-01-15T12:34:56Z", requests=requests
    )
    return ClaimedMessage(record, "etag", recovered=False)


def test_a_message_that_is_dropped_is_not_in_hand_and_its_problems_are_kept_for_on_call() -> None:
    in_hand, message = InHand(), claimed("new")
    in_hand.add(message)
    message.problems.append("the audit trail is not writable")

    in_hand.drop(message)

    assert in_hand.messages() == []
    assert in_hand.problems == ["the audit trail is not writable"]
    assert message.problems == []


def test_a_message_taken_up_anew_with_an_edits_links_stays_when_the_earlier_version_of_it_is_dropped() -> None:
    in_hand, before, edited = InHand(), claimed("new"), claimed("new", "new")
    in_hand.add(before)
    in_hand.add(edited)

    in_hand.drop(before)

    assert in_hand.messages() == [edited]


@pytest.mark.parametrize(
    ("states", "starting", "jobs"),
    [
        (["new"], [], 0),
        (["new"], [0], 1),
        (["submitting"], [], 1),
        (["submitting"], [0], 1),
        (["running", "running", "new"], [2], 3),
        (["replying", "answered", "settled", "failed"], [], 0),
    ],
)
def test_a_message_has_this_many_jobs(states: list[str], starting: list[int], jobs: int) -> None:
    in_hand, message = InHand(), claimed(*states)
    in_hand.add(message)
    for number in starting:
        in_hand.begin_step(message, message.record.requests[number], starts_job=True)

    assert in_hand.jobs(message) == jobs


def test_a_message_is_busy_while_one_of_its_steps_runs_and_a_step_without_a_job_takes_no_slot() -> None:
    in_hand, message = InHand(), claimed("new")
    in_hand.add(message)
    request = message.record.requests[0]

    in_hand.begin_step(message, request, starts_job=False)
    assert in_hand.is_busy(message.key)
    assert in_hand.is_busy()
    assert in_hand.jobs(message) == 0

    in_hand.end_step(message, request)
    assert not in_hand.is_busy(message.key)
    assert not in_hand.is_busy()


def test_a_job_that_was_not_started_after_all_gives_its_slot_back() -> None:
    in_hand, message = InHand(), claimed("new")
    in_hand.add(message)

    in_hand.begin_step(message, message.record.requests[0], starts_job=True)
    in_hand.end_step(message, message.record.requests[0])

    assert in_hand.jobs(message) == 0
