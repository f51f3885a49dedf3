"""How long a request waits for a machine or its turn, what its thread hears meanwhile, and when it is given up."""

from __future__ import annotations

import pytest

from tests.bot.parts import Parts, request


@pytest.mark.parametrize(
    ("waited_minutes", "told_before", "words", "given_up"),
    [
        pytest.param(None, False, 0, False, id="its first refusal: nothing is said"),
        pytest.param(9.9, False, 0, False, id="under ten minutes: nothing"),
        pytest.param(10, False, 1, False, id="ten minutes: a word in the thread"),
        pytest.param(60, True, 0, False, id="said already: not again"),
        pytest.param(359, True, 0, False, id="under six hours: still waits"),
        pytest.param(360, True, 0, True, id="six hours: given up"),
    ],
)
def test_without_a_machine(waited_minutes: float | None, told_before: bool, words: int, given_up: bool) -> None:
    parts = Parts()
    since = None if waited_minutes is None else parts.clock.now - waited_minutes * 60
    claimed = parts.claimed(request(state="submitting", waiting_since=since, told_waiting=told_before))
    parts.executions.wait_for_capacity(claimed, claimed.record.requests[0], "ResourceLimitExceeded")
    [saved] = parts.saved(claimed).requests
    assert len(parts.slack.said) == words
    assert saved.state == ("replying" if given_up else "submitting")
    if not given_up:
        assert saved.not_before == parts.clock.now + 60
        assert saved.waiting_since == (since or parts.clock.now)
        assert saved.told_waiting is (told_before or bool(words))


def test_whoever_asked_hears_why_and_that_posting_it_again_may_help() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="submitting", waiting_since=parts.clock.now - 6 * 3600))
    parts.executions.wait_for_capacity(claimed, claimed.record.requests[0], "ResourceLimitExceeded")
    [saved] = parts.saved(claimed).requests
    assert (saved.reply, saved.not_before) == ("failure", 0.0)
    why = saved.failure
    assert why is not None
    assert (why.category, why.retry_helps, why.requester_mends) == ("capacity", True, False)
    assert why.message == "There was no machine for 6 hours: ResourceLimitExceeded"


def test_that_it_waits_is_saved_before_it_is_said() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="submitting", waiting_since=parts.clock.now - 600))
    saved: list[bool] = []
    parts.slack.on_post = lambda: saved.append(parts.saved(claimed).requests[0].told_waiting)
    parts.executions.wait_for_capacity(claimed, claimed.record.requests[0], "ResourceLimitExceeded")
    assert saved == [True]


@pytest.mark.parametrize(
    ("waited_minutes", "told", "has_to"),
    [
        pytest.param(None, False, True, id="it has just begun: noted"),
        pytest.param(9, False, False, id="noted, and nothing to say yet"),
        pytest.param(10, False, True, id="ten minutes: to be said"),
        pytest.param(60, True, False, id="said"),
    ],
)
def test_while_as_many_jobs_run_as_may(waited_minutes: float | None, told: bool, has_to: bool) -> None:
    parts = Parts()
    since = None if waited_minutes is None else parts.clock.now - waited_minutes * 60
    assert parts.executions.has_to_wait(request(waiting_since=since, told_waiting=told)) is has_to
