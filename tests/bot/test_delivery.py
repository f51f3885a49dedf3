"""Where a reply goes that Slack refuses: the thread again, a direct message, or nobody; and what is saved before."""

from __future__ import annotations

from typing import Any

import pytest

from src.bot.delivery import note_unreached
from src.bot.notifier import Unreached
from src.errors import CreditsError
from src.slack.errors import (
    ChannelRefused,
    MessageGone,
    MissingScope,
    SlackRefused,
    SlackUnavailable,
    TokenRefused,
    Undeliverable,
)
from src.state.records import Failure
from tests.bot.parts import LINK, ON_CALL, TS, Parts, request

ARCHIVED = ChannelRefused("archived", "is_archived")
NOT_VERIFY: Any = {"state": "replying", "reply": "not_verify"}


@pytest.mark.parametrize(
    ("refusals", "waited", "to"),
    [
        pytest.param([], 0, TS, id="taken: in the thread"),
        pytest.param([ARCHIVED], 3600, "U0SUPPORT1", id="the channel is not fixed within an hour: directly"),
        pytest.param([SlackRefused("no", "msg_too_long")] * 2, 0, "U0SUPPORT1", id="no form is taken: directly"),
    ],
)
def test_a_reply_reaches_somebody(refusals: list[CreditsError], waited: float, to: str) -> None:
    parts = Parts()
    since = parts.clock.now - waited
    claimed = parts.claimed(request(**NOT_VERIFY, refused_since=since))
    parts.slack.refuses["post_reply"] = list(refusals)
    posted = parts.delivery.reach(claimed, claimed.record.requests[0], None)
    assert [said.to for said in parts.slack.said] == [to]
    assert (posted is not None) is (to == TS)
    assert ["was sent directly" in problem for problem in claimed.problems] == [True] * (to != TS)


@pytest.mark.parametrize(
    ("error", "waited"),
    [
        pytest.param(ARCHIVED, 0, id="a channel that its people may fix"),
        pytest.param(ARCHIVED, 3599, id="until an hour is over"),
        pytest.param(TokenRefused("token", "invalid_auth"), 1e6, id="the token: for as long as it takes"),
        pytest.param(MissingScope("scope", "missing_scope"), 1e6, id="a scope"),
        pytest.param(SlackUnavailable("away"), 1e6, id="Slack is away"),
        pytest.param(MessageGone("gone", "thread_not_found"), 0, id="the thread was deleted: it ends with that"),
    ],
)
def test_what_may_be_fixed_is_waited_for_and_sent_nowhere_else(error: CreditsError, waited: float) -> None:
    parts = Parts()
    claimed = parts.claimed(request(**NOT_VERIFY, refused_since=parts.clock.now - waited))
    parts.slack.refuses["post_reply"] = [error]
    with pytest.raises(type(error)):
        parts.delivery.reach(claimed, claimed.record.requests[0], None)
    assert parts.slack.said == []
    assert not parts.saved(claimed).requests[0].directly


def test_since_when_and_why_a_channel_refuses_is_saved_at_its_first_refusal() -> None:
    parts = Parts()
    claimed = parts.claimed(request(**NOT_VERIFY))
    [one], began = claimed.record.requests, parts.clock.now
    for _ in range(2):
        parts.slack.refuses["post_reply"] = [ARCHIVED]
        with pytest.raises(ChannelRefused):
            parts.delivery.reach(claimed, one, None)
        parts.clock.sleep(60)
    saved = parts.saved(claimed).requests[0]
    assert (saved.refusal, saved.refused_since, saved.directly) == ("is_archived", began, False)


def test_that_the_thread_is_given_up_is_saved_before_anything_is_sent_directly() -> None:
    parts = Parts()
    claimed = parts.claimed(request(**NOT_VERIFY))
    parts.slack.refuses["post_reply"] = [SlackRefused("no", "msg_too_long")] * 2
    given_up: list[bool] = []
    parts.slack.on_post = lambda: given_up.append(parts.saved(claimed).requests[0].directly)
    parts.delivery.reach(claimed, claimed.record.requests[0], None)
    assert given_up == [True]


def test_a_thread_that_was_given_up_is_not_tried_again() -> None:
    parts = Parts()
    claimed = parts.claimed(request(**NOT_VERIFY, directly=True, refusal="msg_too_long"))
    assert parts.delivery.reach(claimed, claimed.record.requests[0], None) is None
    assert "post_reply" not in parts.slack.calls


@pytest.mark.parametrize(("reply", "done"), [("failure", ["dm"]), ("refused", []), ("not_verify", [])])
def test_a_failure_that_was_sent_directly_needs_no_other_direct_message(reply: Any, done: list[str]) -> None:
    parts = Parts()
    why = Failure(category="failed", message="No memory.")
    claimed = parts.claimed(request(state="replying", reply=reply, failure=why, directly=True))
    parts.delivery.reach(claimed, claimed.record.requests[0], None)
    assert claimed.record.requests[0].done == done


GONE, BOT = Undeliverable("gone", "user_disabled"), Undeliverable("bot", "user_is_bot")


@pytest.mark.parametrize(
    ("user", "refusals", "to"),
    [
        pytest.param({"user": "U0SUPPORT1"}, [], "U0SUPPORT1", id="to who posted the link"),
        pytest.param({"user": "U0SUPPORT1"}, [GONE], ON_CALL, id="who has left: to on-call"),
        pytest.param({"user": "U0BOT", "user_is_bot": True}, [], ON_CALL, id="a bot: to on-call"),
        pytest.param({"user": None}, [], ON_CALL, id="nobody known: to on-call"),
        pytest.param({"user": "U0SUPPORT1"}, [GONE, BOT], None, id="neither can be reached: nobody"),
    ],
)
def test_who_gets_it_directly(user: dict[str, Any], refusals: list[CreditsError], to: str | None) -> None:
    parts = Parts()
    claimed = parts.claimed(request(**NOT_VERIFY, directly=True), **user)
    parts.slack.refuses["send_dm"] = list(refusals)
    if to is None:
        with pytest.raises(Unreached) as unreached:
            parts.delivery.reach(claimed, claimed.record.requests[0], None)
        assert unreached.value.reason == "requester: user_disabled, SLACK_ERROR_USER: user_is_bot"
    else:
        parts.delivery.reach(claimed, claimed.record.requests[0], None)
    assert [said.to for said in parts.slack.said] == [to] * (to is not None)


@pytest.mark.parametrize(
    ("error", "unreached", "problems"),
    [
        pytest.param(MessageGone("gone", "thread_not_found"), "deleted: thread_not_found", 0, id="deleted"),
        pytest.param(
            Unreached("no", reason="requester: a bot"), "thread: is_archived, requester: a bot", 1, id="on-call hears"
        ),
    ],
)
def test_that_nobody_was_reached_is_noted(error: Any, unreached: str, problems: int) -> None:
    claimed = Parts().claimed(request(refusal="is_archived"))
    [one] = claimed.record.requests
    note_unreached(claimed, one, error)
    assert (one.unreached, len(claimed.problems)) == (unreached, problems)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({}, "execution 20260115_123456_00000001", id="its execution"),
        pytest.param({"attempts": []}, f"the link {LINK}", id="it got none: its link"),
    ],
)
def test_on_call_is_told_whom_to_tell_of_what(fields: dict[str, Any], named: str) -> None:
    claimed = Parts().claimed(request(**fields))
    note_unreached(claimed, claimed.record.requests[0], Unreached("no", reason="requester: a bot"))
    [problem] = claimed.problems
    assert named in problem
    assert f"the message {TS} in C1 by U0SUPPORT1" in problem
