"""What each kind of reply says in the thread, and what the direct message of a failure holds besides."""

from __future__ import annotations

from typing import Any

import pytest

from src.errors import TransientError
from src.slack import reply
from src.slack.errors import MessageGone, SlackRefused
from src.state.records import Failure, Understood
from tests.bot.parts import ACCOUNT, ON_CALL, TS, Parts, attempt, request

CLAIM = Failure(category="claim", message="The SQL has HAVING.", advice="Take it out.", requester_mends=True)
BAD_LINK = Failure(category="request", message="A dashboard has no one SQL.", requester_mends=True)
WHAT = "No memory. Ask for fewer days."
NO_MEMORY = Failure(category="failed", message="No memory.", advice="Ask for fewer days.")
DATA = Failure(category="data", message="No rows.", requester_mends=True)
POINTS: Any = {"reply": "repeat", "points_to": "C1:1768470000.000100"}
WORKING = reply.progress(0, 0, 100.0)
PERSON, BOT = {"user": "U0SUPPORT1"}, {"user": "U0BOT", "user_is_bot": True}


@pytest.mark.parametrize(
    ("fields", "message", "said"),
    [
        pytest.param({"reply": "not_verify"}, PERSON, ["Not a Verify query"], id="no Verify query"),
        pytest.param(POINTS, PERSON, ["This query was answered", "slack.example/C1/1768470000"], id="answered before"),
        pytest.param(
            {**POINTS, "points_to_running": True},
            PERSON,
            ["is being worked on already", "slack.example/C1/1768470000"],
            id="being worked on",
        ),
        pytest.param(
            {"reply": "refused", "failure": CLAIM, "understood": Understood(account_sid=ACCOUNT)},
            PERSON,
            ["No recommendation: The SQL has HAVING. Take it out. Understood of it: ", ACCOUNT, "No job was started."],
            id="a claim that is refused",
        ),
        pytest.param(
            {"reply": "refused", "failure": BAD_LINK},
            PERSON,
            ["A dashboard has no one SQL. (The link: "],
            id="a link that is refused",
        ),
        pytest.param(
            {"reply": "failure", "failure": NO_MEMORY},
            PERSON,
            [f"No recommendation: {WHAT} On-call has been told. Details are in your direct messages."],
            id="a failure",
        ),
        pytest.param(
            {"reply": "failure", "failure": DATA},
            PERSON,
            ["No recommendation: No rows. Details are in your direct messages."],
            id="a failure that the requester mends",
        ),
        pytest.param(
            {"reply": "failure", "failure": NO_MEMORY},
            BOT,
            [f"No recommendation: {WHAT} On-call has been told."],
            id="a bot's failure",
        ),
        pytest.param(
            {"reply": "failure"}, BOT, ["No recommendation: The request could not be answered."], id="nothing is known"
        ),
    ],
)
def test_each_kind_of_reply(fields: dict[str, Any], message: dict[str, Any], said: list[str]) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="replying", **fields), **message)
    parts.delivery.reach(claimed, claimed.record.requests[0], None)
    [shown] = parts.slack.said
    assert shown.to == TS
    for words in said:
        assert words in shown.text
    assert ("direct messages" in shown.text) is ("direct messages" in " ".join(said))


def test_without_on_call_nobody_is_said_to_have_been_told() -> None:
    parts = Parts(slack_error_user="")
    claimed = parts.claimed(request(state="replying", reply="failure", failure=NO_MEMORY))
    parts.delivery.reach(claimed, claimed.record.requests[0], None)
    assert "On-call" not in parts.slack.said[0].text


@pytest.mark.parametrize("running", [True, False])
def test_a_repeat_of_a_message_that_was_deleted_says_so(running: bool) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="replying", **POINTS, points_to_running=running))
    parts.slack.refuses["permalink"] = [MessageGone("gone", "message_not_found")]
    parts.delivery.reach(claimed, claimed.record.requests[0], None)
    assert ("worked on for a message that was deleted" in parts.slack.said[0].text) is running
    assert ("answered in a thread that was deleted" in parts.slack.said[0].text) is not running


@pytest.mark.parametrize("several", [True, False])
def test_of_several_links_a_refusal_says_which_one_it_is_about(several: bool) -> None:
    parts = Parts()
    refused = request(1, state="replying", reply="refused", failure=CLAIM)
    claimed = parts.claimed(refused, *[request(2, state="new")] * several)
    parts.delivery.reach(claimed, refused, None)
    assert ("(The link: " in parts.slack.said[0].text) is several


@pytest.mark.parametrize(
    ("created", "log", "said"),
    [
        pytest.param(
            True,
            ["Killed"],
            ["Its log has more than may be said here."],
            id="its log, of which only our own lines are said",
        ),
        pytest.param(
            True,
            TransientError("The log is away."),
            ["The log could not be had (The log is away)."],
            id="a log that cannot be had",
        ),
        pytest.param(False, ["Killed"], [], id="no job, no log"),
    ],
)
def test_the_direct_message_of_a_failure_has_the_jobs_log(created: bool, log: Any, said: list[str]) -> None:
    parts = Parts()
    one = attempt(1) if created else attempt(1, created_at=None)
    claimed = parts.claimed(request(state="answered", reply="failure", failure=NO_MEMORY, attempts=[one]))

    def log_tail(*_: Any) -> list[str]:
        if isinstance(log, Exception):
            raise log
        return list(log)

    parts.executor.log_tail = log_tail  # type: ignore[method-assign]
    parts.notifier.tell_requester(claimed, claimed.record.requests[0])
    [dm] = parts.slack.said
    assert dm.to == "U0SUPPORT1"
    for words in ("No memory.", "Ask for fewer days.", one.execution_id, f"slack.example/C1/{TS}", *said):
        assert words in dm.text
    assert "Killed" not in dm.text
    assert ("log" in dm.text) is created
    assert ("notebook_output.ipynb" in dm.text) is created


def test_a_failure_that_can_be_told_to_nobody_ends_there() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="answered", reply="failure", failure=NO_MEMORY))
    parts.slack.refuses["send_dm"] = [SlackRefused("no", "odd")] * 9
    parts.notifier.tell_requester(claimed, claimed.record.requests[0])
    assert parts.slack.said == []


def test_no_failure_no_direct_message() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="answered", reply="answer"))
    parts.notifier.tell_requester(claimed, claimed.record.requests[0])
    assert parts.slack.said == []


@pytest.mark.parametrize("error", [MessageGone("gone", "message_not_found"), TransientError("away")])
def test_a_direct_message_without_a_link_to_the_message_is_sent_all_the_same(error: Any) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="answered", reply="failure", failure=NO_MEMORY, attempts=[]))
    parts.slack.refuses["permalink"] = [error]
    parts.notifier.tell_requester(claimed, claimed.record.requests[0])
    [dm] = parts.slack.said
    assert "No memory." in dm.text
    assert "slack.example" not in dm.text


@pytest.mark.parametrize(
    ("known", "posted", "deleted"), [("1768480001.000100", False, 1), (None, True, 1), (None, False, 0)]
)
def test_a_progress_message_is_taken_away_where_there_is_one(known: str | None, posted: bool, deleted: int) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="answered", reply="answer", progress_ts=known))
    [one] = claimed.record.requests
    if posted:
        parts.notifier.post_progress(claimed, one, WORKING, look_first=False)
    parts.notifier.remove_progress(claimed, one)
    assert parts.slack.calls.count("delete") == deleted


@pytest.mark.parametrize(("recovered", "look_first"), [(True, False), (False, True), (False, False)])
def test_a_progress_message_that_may_be_there_is_looked_for(recovered: bool, look_first: bool) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running"))
    [one] = claimed.record.requests
    first = parts.notifier.post_progress(claimed, one, WORKING, look_first=False)
    claimed.recovered = recovered
    again = parts.notifier.post_progress(claimed, one, WORKING, look_first=look_first)
    assert (again == first) is (recovered or look_first)


def test_what_slack_refuses_of_progress_and_waiting_costs_nothing() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running", progress_ts=TS))
    [one] = claimed.record.requests
    parts.slack.refuses["delete"] = [SlackRefused("no", "odd")]
    parts.slack.refuses["post_reply"] = [SlackRefused("no", "odd")]
    parts.slack.refuses["react eyes"] = [SlackRefused("no", "odd")]
    parts.notifier.remove_progress(claimed, one)
    parts.notifier.waiting(claimed, one, 30)
    parts.notifier.eyes(claimed)
    parts.notifier.waiting(claimed, one, 31)
    assert ["after 31 min" in said.text for said in parts.slack.said] == [True]


def test_on_call_hears_of_a_problem_once_and_of_none_not_at_all() -> None:
    parts = Parts()
    parts.notifier.report_problems([], "day")
    for _ in range(2):
        parts.notifier.report_problems(["S3 is away.", "Looker is away."], "day")
    [said] = parts.slack.said
    assert (said.to, "Looker is away. S3 is away." in said.text) == (ON_CALL, True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"reply": "failure", "failure": NO_MEMORY}, "No credit recommendation", id="its details"),
        pytest.param({"reply": "refused", "failure": CLAIM}, "No job was started.", id="a refusal: as in the thread"),
        pytest.param({"reply": "not_verify"}, "Not a Verify query", id="no Verify query: as in the thread"),
    ],
)
def test_what_a_thread_does_not_take_is_sent_directly(fields: dict[str, Any], said: str) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="replying", directly=True, refusal="is_archived", **fields))
    parts.delivery.reach(claimed, claimed.record.requests[0], None)
    [dm] = parts.slack.said
    assert dm.to == "U0SUPPORT1"
    assert "Slack did not take this" in dm.text
    assert said in dm.text


@pytest.mark.parametrize(("tries", "recovered", "again"), [(0, False, True), (1, False, False), (0, True, False)])
def test_a_direct_message_that_may_be_there_is_looked_for_before_it_is_sent_again(
    tries: int, recovered: bool, again: bool
) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="answered", reply="failure", failure=NO_MEMORY))
    [one] = claimed.record.requests
    parts.notifier.tell_requester(claimed, one)
    one.tries, claimed.recovered = tries, recovered
    parts.notifier.tell_requester(claimed, one)
    assert len(parts.slack.said) == 1 + again


def test_on_call_is_sent_what_a_bot_cannot_be_told_once_however_often_it_is_tried() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="answered", reply="failure", failure=NO_MEMORY), **BOT)
    for _ in range(2):
        parts.notifier.tell_requester(claimed, claimed.record.requests[0])
    assert [said.to for said in parts.slack.said] == [ON_CALL]
