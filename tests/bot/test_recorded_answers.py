"""What of an answer is recorded that reached nobody, or whose result has changed since a bot that died read it."""

from __future__ import annotations

from typing import Any

import pytest

from src import paths
from src.slack.errors import MessageGone
from src.state.lease import DURATION
from src.state.records import Request
from src.state.state_manager import ClaimedMessage
from tests.bot.parts import TS, Parts, attempt, request


def replying(parts: Parts) -> tuple[ClaimedMessage, Request]:
    """A request whose result was read and entered among its account's recommendations."""
    claimed = parts.claimed(request(state="running"))
    [one] = claimed.record.requests
    parts.leave_result(one)
    parts.signals.results = {attempt(1).execution_id}
    parts.executions.collect(claimed, one)
    return claimed, one


def entered(parts: Parts) -> tuple[str, bool]:
    """The account's one recommendation; whether it counts for later answers."""
    entry, *beside = sorted(key for key in parts.bucket.objects if key.startswith(f"{paths.ROOT}/index/"))
    assert beside in ([], [paths.reached_nobody(entry)])
    return entry, not beside


@pytest.mark.parametrize(
    ("refusal", "counts", "counted_as"),
    [
        pytest.param([], True, "answered", id="posted: it counts"),
        pytest.param(
            [MessageGone("gone", "thread_not_found")], False, "failed", id="its thread was deleted: no later answer"
        ),
    ],
)
def test_a_recommendation_counts_for_later_answers_where_somebody_was_given_it(
    refusal: list[Any], counts: bool, counted_as: str
) -> None:
    parts = Parts()
    claimed, one = replying(parts)
    parts.slack.refuses["post_reply"] = refusal
    parts.answers.reply(claimed, one)
    assert one.earlier is not None
    assert entered(parts) == (one.earlier.entry, counts)
    assert parts.answers.counts == {counted_as: 1}


@pytest.mark.parametrize("was_posted", [True, False], ids=["posted: it stays", "not posted: there is no answer"])
def test_where_a_result_has_changed_since_it_was_read_on_call_is_told(was_posted: bool) -> None:
    first = Parts()
    claimed, one = replying(first)
    if was_posted:
        first.notifier.reply(claimed, one, first.results.of(one))  # it died before it saved that
    second = Parts(bucket=first.bucket, slack=first.slack)
    second.clock.sleep(DURATION)
    taken = second.state.claim("C1", TS)
    assert taken is not None
    [again] = taken.record.requests
    second.leave_result(again, "b" * 64)

    second.answers.reply(taken, again)

    saved = second.saved(taken).requests[0]
    assert (saved.state, saved.reply) == (("answered", "answer") if was_posted else ("replying", "failure"))
    assert ["changed after it was read" in problem for problem in taken.problems] == [True] * was_posted
    assert entered(second)[1] is was_posted
