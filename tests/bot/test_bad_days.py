"""Jobs that are late, lost, stopped or wrong; services that are away; what on-call hears of it."""

from __future__ import annotations

import json

import pytest

from src import paths
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness


def alarms(harness: BotHarness) -> list[str]:
    return [message["text"] for message in harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"])]


def test_a_job_that_outlives_the_budget_is_answered_by_a_later_tick(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "10")
    ts = harness.ask("result after 1200")
    summary = harness.tick()
    assert (summary.running, harness.answers(ts)) == (1, [])

    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.tick()

    assert "credit recommended" in harness.answers(ts)[0]
    assert len(harness.jobs()) == 1


def test_a_job_the_platform_lost_is_run_once_more_and_linked_to_the_first(harness: BotHarness) -> None:
    ts = harness.ask("platform_lost")

    harness.ticks_until_quiet()

    first, second = harness.record(ts)["requests"][0]["attempts"]
    assert first["replaced_because"]
    records = harness.objects(paths.EXECUTIONS_PREFIX)
    assert json.loads(records[paths.ExecutionPaths(second["execution_id"]).record])["replaces"] == first["execution_id"]
    [answer] = harness.answers(ts)
    assert answer.startswith("No recommendation")


@pytest.mark.usefixtures("short_ticks")
def test_without_capacity_a_request_waits_and_is_told_so_after_ten_minutes(harness: BotHarness) -> None:
    harness.box.aws.set_quota(jobs=0)
    ts = harness.ask("result")
    harness.tick()
    assert harness.replies(ts) == []
    harness.time.sleep(TICK_EVERY)
    harness.tick()
    assert any(text.startswith("Still waiting") for text in harness.replies(ts))
    assert harness.answers(ts) == []

    harness.box.aws.set_quota(jobs=None)
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()

    assert "credit recommended" in harness.answers(ts)[0]
    assert sum(text.startswith("Still waiting") for text in harness.replies(ts)) == 1


def test_a_job_that_failed_for_capacity_is_tried_again_under_a_new_id(harness: BotHarness) -> None:
    ts = harness.ask("capacity once")

    harness.ticks_until_quiet()

    assert "credit recommended" in harness.answers(ts)[0]
    assert len(harness.record(ts)["requests"][0]["attempts"]) == 2
    [audit] = [json.loads(body) for body in harness.objects(paths.AUDIT_PREFIX).values()]
    assert audit["execution_id"] == harness.execution_of(ts) == audit["attempts"][1]["execution_id"]


def test_a_job_over_its_time_is_stopped_and_the_requester_told(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "60")
    ts = harness.ask("result after 12000")
    harness.tick()

    harness.time.sleep(1800 + 601)
    harness.tick()

    [answer] = harness.answers(ts)
    assert "was stopped" in answer
    [job] = harness.jobs()
    assert job["status"] in {"Stopping", "Stopped"}


@pytest.mark.parametrize("outcome", ["none", "invalid"])
def test_a_job_that_ends_without_a_valid_result_is_a_failure_that_on_call_hears_of(
    harness: BotHarness, outcome: str
) -> None:
    ts = harness.ask(outcome)

    harness.tick()

    [answer] = harness.answers(ts)
    assert "result.json" in answer
    assert len(alarms(harness)) == 1


def test_a_valid_result_is_answered_even_where_the_job_ends_as_failed_and_on_call_hears_of_it(
    harness: BotHarness,
) -> None:
    ts = harness.ask("result then failed")

    harness.tick()

    assert "credit recommended" in harness.answers(ts)[0]
    assert any("ended as Failed" in text for text in alarms(harness))


def test_ten_failures_of_one_cause_make_one_alarm_and_ten_answers(harness: BotHarness) -> None:
    asked = [harness.ask("presto_down") for _ in range(10)]

    harness.tick()

    assert [len(harness.answers(ts)) for ts in asked] == [1] * 10
    assert len(harness.box.slack.dms(user="U0SUPPORT1")) == 10
    [alarm] = alarms(harness)
    assert "10 requests failed for one cause" in alarm


def test_the_failure_message_goes_out_without_logs_and_says_so(harness: BotHarness) -> None:
    harness.box.faults.add("error_5xx", service="logs", operation="*")
    harness.ask("error")

    harness.tick()

    [message] = harness.box.slack.dms(user="U0SUPPORT1")
    assert "log" in message["text"].lower()
    assert "could not be had" in message["text"]


def test_an_unreadable_record_costs_its_own_message_and_no_other(harness: BotHarness) -> None:
    broken = harness.ask("result")
    bot = harness.bot()
    channel = bot.inbox.window()[0].channel
    for key, body in ((paths.message_record(channel, broken), b"{"), (paths.open_marker(channel, broken), b"")):
        bot.services.clients.s3.put_object(Bucket=bot.services.settings.s3_output_bucket, Key=key, Body=body)
    well = harness.ask("result")

    harness.tick()

    assert len(harness.answers(well)) == 1
    assert any(paths.message_record(channel, broken) in text for text in alarms(harness))


def test_looker_being_away_for_a_moment_costs_time_only(harness: BotHarness) -> None:
    harness.box.faults.add("error_5xx", service="looker", operation="*", count=2)
    ts = harness.ask("result")

    harness.tick()

    assert "credit recommended" in harness.answers(ts)[0]


def test_no_more_jobs_run_at_once_than_allowed_and_the_oldest_go_first(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "2")
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "20")
    asked = [harness.ask("result after 1200") for _ in range(5)]
    summary = harness.tick()
    assert (summary.running, summary.waiting) == (2, 3)
    assert [harness.record(ts)["requests"][0]["state"] for ts in asked] == ["running", "running", "new", "new", "new"]


def test_an_idle_tick_makes_four_calls_besides_the_metric(harness: BotHarness) -> None:
    harness.ask("result")
    harness.ticks_until_quiet()

    assert harness.calls_of_an_idle_tick() == 4


def test_links_with_a_query_a_name_or_an_error_that_pings_ping_nobody(harness: BotHarness) -> None:
    link = harness.query(f"{VERIFY} /* <!channel> <@U0BOSS> script: error <!here> */")
    harness.box.slack.post(user="U0SUPPORT1", text=f"<{link}|<!channel>>")

    harness.tick()

    assert harness.box.slack.pings() == []
