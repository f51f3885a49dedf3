"""While a job takes long: one message in the thread that says where it stands, and nothing of it in the end."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from src import paths
from src.bot import polling
from src.calls import CallLog
from tests.bot.harness import ACCOUNT, VERIFY, BotHarness
from tests.bot.test_killed_everywhere import A_PROCESS_DIES, Call, Died, DiesAtCall, deaths
from tests.conftest import Figure

SLOW = "result after 1200"
"""Longer than any of these tests takes: it ends when told to."""
FIRST, BETWEEN = 90, 30
"""Seconds of a tick before the message and between its edits."""
EDITS = 3


@pytest.fixture(autouse=True)
def one_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "RESULT_EVERY", 10.0)  # how soon a result is found is not what is tried
    monkeypatch.setenv("TICK_BUDGET_SECONDS", str(FIRST + BETWEEN + 10))


@pytest.fixture
def several_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", str(FIRST + EDITS * BETWEEN + 20))


def statuses(harness: BotHarness, ts: str) -> list[str]:
    return [text for text in harness.replies(ts) if "Working: " in text]


def tell_progress(harness: BotHarness, ts: str, done: int, waiting_for: list[str]) -> None:
    [execution] = harness.record(ts)["requests"][0]["attempts"]
    said = {"done": done, "total": done + len(waiting_for), "waiting_for": waiting_for}
    bot = harness.bot()
    key = paths.ExecutionPaths(execution["execution_id"]).progress
    bot.services.clients.s3.put_object(
        Bucket=bot.services.settings.s3_output_bucket, Key=key, Body=json.dumps(said).encode()
    )


@pytest.mark.usefixtures("several_edits")
def test_a_long_job_is_said_to_be_at_work_in_one_message_that_is_edited(harness: BotHarness) -> None:
    ts = harness.ask(SLOW)

    harness.tick()

    account = harness.record(ts)["requests"][0]["understood"]["account_sid"]
    scope = f"{account}, 2025-07-01 to 2025-09-30"
    assert statuses(harness, ts) == [f"{scope}. Working: the job is starting; 3 min 0 s."]
    edits = harness.box.count_calls(service="slack", operation="chat.update")
    assert edits == {"slack.chat.update": EDITS}


def test_it_names_the_query_that_is_waited_for(harness: BotHarness) -> None:
    ts = harness.ask(SLOW)
    harness.tick()
    tell_progress(harness, ts, 3, ["blocking_events", "mrr", "usage", "looker"])

    harness.time.sleep(900)
    harness.tick()

    [said] = statuses(harness, ts)
    assert said.partition(". ")[2].startswith("Working: query 4 of 7 (blocking events and 3 more); ")


def test_it_says_how_long_answers_usually_take(harness: BotHarness) -> None:
    for _ in range(3):
        harness.ask("result")
    harness.tick()
    ts = harness.ask(SLOW)

    harness.tick()

    [said] = statuses(harness, ts)
    assert ", usually " in said


def test_a_quick_job_has_none(harness: BotHarness) -> None:
    ts = harness.ask("result")

    harness.tick()

    assert len(harness.replies(ts)) == 1
    assert harness.box.count_calls(service="slack", operation="chat.[ud]*") == {}


@pytest.mark.parametrize("outcome", ["result", "error"])
def test_it_is_gone_once_the_answer_or_the_failure_is_there(harness: BotHarness, outcome: str) -> None:
    ts = harness.ask(f"{outcome} after 1200")
    harness.tick()
    assert statuses(harness, ts)

    harness.box.aws.finish_all()
    harness.ticks_until_quiet()

    assert len(harness.replies(ts)) == 1
    assert statuses(harness, ts) == []


def test_the_answer_is_there_before_the_status_message_goes(harness: BotHarness) -> None:
    harness.ask(SLOW)
    harness.tick()
    harness.box.aws.finish_all()
    harness.box.clear_calls()

    harness.ticks_until_quiet()

    writing = [call["operation"] for call in harness.box.calls(service="slack", operation="chat.[pd]*")]
    assert writing == ["chat.postMessage", "chat.delete"]


def test_a_status_message_that_slack_refuses_costs_no_answer(harness: BotHarness) -> None:
    ts = harness.ask(SLOW)
    harness.tick()
    harness.box.faults.add("status", service="slack", operation="chat.update", status=503)
    harness.time.sleep(900)
    harness.tick()

    harness.box.aws.finish_all()
    harness.ticks_until_quiet()

    assert len(harness.replies(ts)) == 1


def test_somebody_who_deletes_it_sees_no_other(harness: BotHarness) -> None:
    ts = harness.ask(SLOW)
    harness.tick()
    [status] = harness.box.slack.thread(ts=ts)[1:]
    harness.box.slack.delete_message(ts=status["ts"])
    harness.time.sleep(900)

    harness.tick()

    assert statuses(harness, ts) == []


@pytest.mark.heavy
@pytest.mark.usefixtures("several_edits")
def test_status_messages_of_many_keep_the_channel_free(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_POST_INTERVAL", "1")
    monkeypatch.setattr(polling, "RESULT_EVERY", 1.0)  # each of these looks may post one status message
    messages = [harness.ask(SLOW) for _ in range(5)]

    harness.tick()

    assert [len(statuses(harness, ts)) for ts in messages] == [1] * 5
    assert harness.box.count_calls(service="slack", operation="chat.update")["slack.chat.update"] <= 5 * 4


def begin(harness: BotHarness) -> str:
    harness.box.reset()
    harness.time.now = time.time()
    return harness.ask(SLOW)


def first_tick(harness: BotHarness, calls: CallLog | None) -> str:
    """A job that takes long, and its progress message edited once, under a process that may die."""
    ts = begin(harness)
    with contextlib.suppress(Died):
        harness.tick(calls=calls)
    return ts


def last_tick(harness: BotHarness, calls: CallLog | None) -> str:
    """The answer to such a job, under a process that may die."""
    ts = begin(harness)
    harness.tick()
    assert statuses(harness, ts)
    harness.box.aws.finish_all()
    harness.time.sleep(900)
    with contextlib.suppress(Died):
        harness.tick(calls=calls)
    return ts


Scenario = Callable[[BotHarness, CallLog | None], str]


def check_answered_once_and_nothing_left(harness: BotHarness, ts: str, at: str) -> None:
    harness.time.sleep(900)
    harness.tick()
    harness.box.aws.finish_all()
    harness.time.sleep(900)
    harness.ticks_until_quiet()
    replies = harness.replies(ts)
    assert len(replies) == 1, (at, replies)
    assert "credit recommended" in replies[0], at
    assert list(harness.jobs_by_execution().values()) == [1], at
    harness.check_state_is_readable()


LOOKS = (("s3", "HeadObject"), ("sagemaker", "ListProcessingJobs"))


def from_the_job_on(calls: Sequence[Call]) -> list[int]:
    """Numbers of the calls once a job runs, of several alike in a row the first: every look at the job is alike."""
    creation = ("sagemaker", "CreateProcessingJob")
    began = calls.index(creation) if creation in calls else 0
    kinds = ["look" if call in LOOKS else call for call in calls]
    pairs = enumerate(pairwise(kinds), start=2)
    return [number for number, (one, next_) in pairs if one != next_ and number > began]


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@A_PROCESS_DIES
@pytest.mark.parametrize("scenario", [first_tick, last_tick])
def test_a_process_killed_at_any_call_leaves_no_status_message(
    harness: BotHarness, scenario: Scenario, figure: Figure
) -> None:
    outliving = DiesAtCall(0)
    scenario(harness, outliving.log)
    calls = outliving.calls
    assert ("slack", "chat.postMessage") in calls
    every_death = deaths(calls, first=from_the_job_on(calls)[0])
    for dying in every_death:
        ts = scenario(harness, dying.log)
        check_answered_once_and_nothing_left(harness, ts, f"{dying}, {calls[dying.number - 1]}")
    figure(
        f"progress message, {scenario.__name__}: killed in each of the {len(every_death)} states of {len(calls)} calls"
    )


class Freezes:
    """Stands still before call `number` for longer than its lease; another bot answers meanwhile."""

    def __init__(self, harness: BotHarness, number: int) -> None:
        self.made = 0
        self._harness = harness
        self._number = number
        self.log = CallLog(before=self._before)

    def _before(self, service: str, operation: str) -> None:
        self.made += 1
        if self.made == self._number:
            self._harness.time.sleep(900)
            self._harness.tick()
            self._harness.box.aws.finish_all()
            self._harness.ticks_until_quiet()


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_a_process_frozen_past_its_lease_at_any_call_leaves_no_status_message(harness: BotHarness) -> None:
    outliving = DiesAtCall(0)
    first_tick(harness, outliving.log)
    for number in from_the_job_on(outliving.calls):
        ts = first_tick(harness, Freezes(harness, number).log)
        check_answered_once_and_nothing_left(harness, ts, f"frozen at call {number}, {outliving.calls[number - 1]}")


def test_an_earlier_recommendation_for_overlapping_days_is_said_first_with_its_amount_and_link(
    harness: BotHarness,
) -> None:
    asked = VERIFY.replace(ACCOUNT, "AC" + "7" * 32)
    harness.post(harness.query(asked))
    harness.tick()
    [earlier] = [job["environment"]["EXECUTION_ID"] for job in harness.jobs()]

    again = harness.post(harness.query(f"{asked} AND 1 = 1"))
    harness.tick()

    [message] = [one for one in harness.box.slack.thread(ts=again)[1:] if not one.get("files")]
    first = json.dumps(message["blocks"][0])
    for said in (first, message["text"].split("credit recommended")[0]):
        assert "1 earlier recommendation for this account within 31 days of this window, 4,948.80 USD" in said
        assert "4,948.80 USD for 2025-07-01 to 2025-09-30" in said
        assert earlier in said
        assert f"outputs/{earlier}/report.html".replace("/", "%2F") in said or f"outputs/{earlier}/report.html" in said
