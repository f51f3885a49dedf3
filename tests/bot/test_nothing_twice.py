"""Answers that were lost, bots that died halfway, services that stay away: still one job, one message, one alarm."""

from __future__ import annotations

import pytest

from src import paths
from src.calls import CallLog
from src.state.lease import RENEW_EVERY
from tests.bot.harness import TICK_EVERY, BotHarness
from tests.bot.test_bad_days import alarms
from tests.bot.test_killed_everywhere import FreezesAtCall


def test_a_job_whose_creation_was_never_confirmed_is_adopted_not_created_again(harness: BotHarness) -> None:
    harness.box.faults.add("drop", service="sagemaker", operation="CreateProcessingJob", count=5)
    ts = harness.ask("result")

    harness.ticks_until_quiet()

    [answer] = harness.answers(ts)
    assert "credit recommended" in answer
    assert len(harness.jobs()) == 1


def test_an_edit_seen_while_another_bot_has_the_message_is_answered_later(harness: BotHarness) -> None:
    ts = harness.ask("result")
    harness.bot().inbox.read()  # a bot that begins the message, and dies
    harness.box.slack.edit(ts=ts, text=f"I meant <{harness.query('SELECT 1 FROM authy.verification_usage')}>")

    harness.tick()  # its lease still lives
    assert harness.answers(ts) == []
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()

    assert len(harness.answers(ts)) == 2


class Died(BaseException):
    """The process is gone."""


class DiesAfter:
    """Dies once these calls were carried out in this order, others in between."""

    def __init__(self, *operations: str) -> None:
        self._left = list(operations)
        self.log = CallLog(before=self._before, after=self._after)

    def _before(self, service: str, operation: str) -> None:
        if not self._left:
            raise Died

    def _after(self, service: str, operation: str) -> None:
        if operation == self._left[0]:
            self._left.pop(0)
        if not self._left:
            raise Died


def test_an_alarm_for_many_is_not_repeated_by_the_bot_that_goes_on(harness: BotHarness) -> None:
    """Three failures of one cause: 3 replies, 3 direct messages, the alarm; then the first of 3 records of it."""
    asked = [harness.ask("presto_down") for _ in range(3)]
    with pytest.raises(Died):
        harness.tick(calls=DiesAfter(*["chat.postMessage"] * 7, "PutObject").log)
    assert len(alarms(harness)) == 1
    harness.time.sleep(TICK_EVERY)
    asked.append(harness.ask("result"))

    harness.ticks_until_quiet()

    assert ["3 requests failed for one cause" in text for text in alarms(harness)] == [True]
    assert [len(harness.answers(ts)) for ts in asked] == [1] * 4


def test_an_alarm_whose_answer_was_lost_is_looked_for_before_it_is_posted_again(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_SECONDS", "120")
    harness.ask("presto_down")
    harness.box.faults.add("drop", service="slack", operation="chat.postMessage", skip=2, count=1)

    harness.tick()

    assert len(alarms(harness)) == 1
    assert harness.open() == []


def test_a_bot_frozen_past_its_lease_while_it_writes_an_alarm_does_not_post_it_again(harness: BotHarness) -> None:
    """The job's log is read twice: for the requester's message, then for on-call's."""
    asked = harness.ask("presto_down")
    freezing = FreezesAtCall(harness, 2, only="DescribeLogStreams")

    harness.tick(calls=freezing.log)
    harness.ticks_until_quiet()

    assert freezing.froze_at
    assert len(alarms(harness)) == 1
    assert len(harness.answers(asked)) == 1


def test_a_tick_that_only_waits_to_try_again_looks_up_to_renew_its_lease(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses between tries grow to minutes; one who then finds too little of its lease left gives its work up."""
    pauses: list[float] = []
    pause = harness.time.pause
    monkeypatch.setattr(harness.time, "pause", lambda seconds: (pauses.append(seconds), pause(seconds)))
    harness.ask("result")
    harness.box.faults.add("throttle", service="slack", operation="files.completeUploadExternal", count=100)

    harness.tick()

    assert 10 < max(pauses) <= RENEW_EVERY


def test_a_tick_that_waits_for_a_job_renews_its_lease_every_half_minute(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "125")
    harness.ask("result after 3600")

    harness.tick()

    written = harness.box.calls(service="s3", operation="PutObject")
    assert sum("/leases/" in call["path"] for call in written) == 1 + 4


def test_on_call_hears_of_a_failure_in_the_tick_that_saw_it_however_long_other_jobs_run(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "60")
    harness.ask("result after 3600")
    harness.ask("presto_down")

    harness.tick()

    assert len(alarms(harness)) == 1


def test_s3_away_for_minutes_in_the_middle_of_a_tick_does_not_end_it(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lease and open messages are asked for again and again; one failed look is not the tick's end."""
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "600")
    ts = harness.ask("result after 3600")
    harness.box.faults.add("error_5xx", service="s3", operation="ListObjectsV2", skip=1, count=15)
    harness.box.faults.add("error_5xx", service="s3", operation="PutObject", skip=12, count=15)

    summary = harness.tick()

    assert summary.running == 1 or harness.open()
    harness.box.faults.clear()
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()
    assert len(harness.answers(ts)) == 1
    assert len(harness.jobs()) == 1


@pytest.mark.usefixtures("short_ticks")
def test_whoever_waits_for_others_jobs_to_end_is_told_so_after_ten_minutes(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "1")
    harness.ask("result after 3600")
    waiting = harness.ask("result")
    harness.tick()
    harness.time.sleep(TICK_EVERY)

    harness.tick()

    assert [text[:13] for text in harness.replies(waiting)] == ["Still waiting"]
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()
    assert len(harness.answers(waiting)) == 1


def test_a_request_that_waits_for_capacity_keeps_its_execution(harness: BotHarness) -> None:
    harness.box.aws.set_quota(jobs=0)
    ts = harness.ask("result")
    harness.tick()
    harness.box.aws.set_quota(jobs=None)
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    [attempt] = harness.record(ts)["requests"][0]["attempts"]
    assert list(harness.objects(paths.EXECUTIONS_PREFIX)) == [paths.ExecutionPaths(attempt["execution_id"]).record]
