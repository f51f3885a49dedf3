"""What a tick answers, and where: messages in, threads and direct messages out."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from sandbox.aws.script import scripted
from src import paths
from src.calls import CallLog
from tests.bot.harness import VERIFY, BotHarness


def test_a_link_is_answered_in_its_thread_with_the_amount_and_the_report(harness: BotHarness) -> None:
    ts = harness.ask("result")

    summary = harness.tick()

    [answer] = harness.answers(ts)
    assert "credit recommended" in answer
    assert [file["name"] for message in harness.box.slack.thread(ts=ts) for file in message.get("files", [])]
    assert harness.box.slack.reactions(ts=ts) == ["eyes", "white_check_mark"]
    assert (summary.seen, summary.answered, summary.failed, summary.running) == (1, 1, 0, 0)
    [audit] = [json.loads(body) for body in harness.objects(paths.AUDIT_PREFIX).values()]
    assert summary.cost_usd_estimate == audit["cost_estimate"]["usd"] > 0


def test_a_failure_is_one_line_in_the_thread_and_a_direct_message_to_whoever_asked(harness: BotHarness) -> None:
    ts = harness.ask("error")

    harness.tick()

    [line] = harness.answers(ts)
    assert line.startswith("No recommendation:")
    [message] = harness.box.slack.dms(user="U0SUPPORT1")
    [execution] = harness.record(ts)["requests"][0]["attempts"]
    assert execution["execution_id"] in message["text"]
    assert execution["job_arn"] in message["text"]
    assert f"/p{ts.replace('.', '')}" in message["text"]
    assert harness.box.slack.reactions(ts=ts) == ["eyes", "x"]


@pytest.mark.parametrize(
    ("outcome", "on_call"), [("out_of_memory", "U0ONCALL01"), ("out_of_memory", ""), ("error", "U0ONCALL01")]
)
def test_the_thread_says_that_on_call_has_been_told_where_it_was(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch, outcome: str, on_call: str
) -> None:
    monkeypatch.setenv("SLACK_ERROR_USER", on_call)
    ts = harness.ask(outcome)

    harness.tick()

    [line] = harness.answers(ts)
    told = len(harness.box.slack.dms(user="U0ONCALL01"))
    assert line.count("On-call has been told.") == told == (outcome == "out_of_memory" and on_call != "")


def test_answers_and_reports_of_many_keep_to_slacks_pace_answers_first(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the thread is a post, too."""
    monkeypatch.setenv("SLACK_POST_INTERVAL", "1")
    shown: list[tuple[str, float]] = []

    def note(_service: str, operation: str) -> None:
        if operation in {"chat.postMessage", "files.completeUploadExternal"}:
            shown.append((operation, harness.time()))

    asked = [harness.ask("result") for _ in range(3)]
    harness.tick(calls=CallLog(before=note))

    assert [operation for operation, _ in shown] == ["chat.postMessage"] * 3 + ["files.completeUploadExternal"] * 3
    assert all(later - earlier >= 1 for (_, earlier), (_, later) in pairwise(shown))
    assert [len(harness.answers(ts)) for ts in asked] == [1, 1, 1]


@pytest.mark.usefixtures("long_ticks")
@pytest.mark.parametrize(("times", "told"), [(2, 0), (100, 1)])
def test_what_follows_an_answer_is_tried_again_before_on_call_hears_of_it(
    harness: BotHarness, times: int, told: int
) -> None:
    ts = harness.ask("result")
    harness.box.faults.add("throttle", service="slack", operation="files.completeUploadExternal", count=times)

    harness.tick()

    assert len(harness.answers(ts)) == 1
    said = [message["text"] for message in harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"])]
    assert len(said) == told
    assert all("files.completeUploadExternal" in text for text in said)


@pytest.mark.usefixtures("long_ticks")
@pytest.mark.parametrize(("times", "told"), [(3, 0), (100, 1)])
def test_a_reply_is_tried_again_before_on_call_hears_of_it(harness: BotHarness, times: int, told: int) -> None:
    harness.post(harness.query("SELECT 1 FROM sales.orders"))
    harness.box.faults.add("error_5xx", service="slack", operation="chat.postMessage", holds="thread_ts", count=times)

    harness.tick()

    said = [message["text"] for message in harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"])]
    assert len(said) == told
    assert all("chat.postMessage" in text for text in said)


def test_a_query_that_is_not_verify_gets_one_line_and_no_job(harness: BotHarness) -> None:
    ts = harness.post(harness.query("SELECT 1 FROM sales.orders"))

    harness.tick()

    [line] = harness.answers(ts)
    assert line.startswith("Not a Verify query")
    assert harness.jobs() == []


def test_chatter_gets_no_word(harness: BotHarness) -> None:
    ts = harness.box.slack.post(user="U0SUPPORT1", text="Good morning, see https://example.com/x/abc")

    harness.tick()

    assert harness.replies(ts) == []


def test_links_in_replies_inside_a_thread_are_not_requests(harness: BotHarness) -> None:
    first = harness.box.slack.post(user="U0SUPPORT1", text="hello")
    harness.box.slack.post(user="U0SUPPORT1", text=f"<{harness.query(VERIFY)}>", thread_ts=first)

    harness.tick()

    assert harness.jobs() == []


def test_several_links_in_one_message_get_an_answer_each(harness: BotHarness) -> None:
    ts = harness.post(harness.query(VERIFY), harness.query(VERIFY))

    harness.tick()

    assert len(harness.answers(ts)) == 2
    assert len(harness.jobs()) == 2


def test_the_same_link_twice_in_a_message_is_answered_once_and_says_so(harness: BotHarness) -> None:
    link = harness.query(VERIFY)
    ts = harness.post(link, link)

    harness.tick()

    [answer] = harness.answers(ts)
    assert "the same link twice" in answer
    assert len(harness.jobs()) == 1


def test_a_link_that_was_answered_is_pointed_to_its_answer(harness: BotHarness) -> None:
    link = harness.query(VERIFY)
    first = harness.post(link)
    harness.tick()

    again = harness.post(link)
    harness.tick()

    [answer] = harness.answers(again)
    assert "This query was answered" in answer
    assert first.replace(".", "") in answer
    assert len(harness.jobs()) == 1


def test_a_link_that_is_running_is_pointed_to_its_thread(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "5")
    link = harness.query(scripted(VERIFY, "result after 1200"))
    harness.post(link)
    harness.tick()

    again = harness.post(link)
    harness.tick()

    [answer] = harness.answers(again)
    assert "is being worked on already" in answer


def test_a_failed_link_posted_again_is_run_again(harness: BotHarness) -> None:
    link = harness.query(scripted(VERIFY, "error"))
    harness.post(link)
    harness.tick()

    again = harness.post(link)
    harness.tick()

    assert harness.answers(again)[0].startswith("No recommendation")
    assert len(harness.jobs()) == 2


def test_a_message_edited_to_hold_another_link_is_a_new_request(harness: BotHarness) -> None:
    ts = harness.ask("result")
    harness.tick()

    harness.box.slack.edit(ts=ts, text=f"I meant <{harness.query(VERIFY)}>")
    harness.ticks_until_quiet()

    assert len(harness.answers(ts)) == 2
    assert len(harness.jobs()) == 2


def test_an_edit_that_asks_nothing_new_changes_nothing(harness: BotHarness) -> None:
    link = harness.query(VERIFY)
    ts = harness.post(link)
    harness.tick()

    harness.box.slack.edit(ts=ts, text=f"Typo fixed: <{link}>")
    harness.tick()

    assert len(harness.answers(ts)) == 1


def test_messages_of_the_earlier_bots_list_count_as_done(harness: BotHarness) -> None:
    done, new = harness.ask("result"), harness.ask("result")
    bot = harness.bot()
    listed = json.dumps({"processed": [done]}).encode()
    bot.services.clients.s3.put_object(
        Bucket=bot.services.settings.s3_output_bucket, Key=paths.PROCESSED_MESSAGES, Body=listed
    )

    harness.tick()

    assert harness.answers(done) == []
    assert len(harness.answers(new)) == 1


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("https://{host}/dashboards/7", "dashboard"),
        ("https://{host}/x/nosuchslug1", "Looker"),
        ("https://{host}.evil.example/x/abcdef", "is not our Looker"),
    ],
)
def test_a_link_without_sql_gets_its_own_answer_and_no_job(harness: BotHarness, link: str, words: str) -> None:
    ts = harness.post(link.format(host=harness.host))

    harness.tick()

    [answer] = harness.answers(ts)
    assert words in answer
    assert harness.jobs() == []


def test_ten_thousand_links_in_one_message_are_bounded_and_answered(harness: BotHarness) -> None:
    ts = harness.box.slack.post(
        user="U0SUPPORT1", text=" ".join(f"<https://{harness.host}/x/slug{n:07d}>" for n in range(10_000))
    )

    harness.tick()

    answers = harness.answers(ts)
    assert 1 < len(answers) <= 25
    assert any("Post the other" in answer for answer in answers)


def audits_written(harness: BotHarness) -> int:
    return sum("/audit/" in call["path"] for call in harness.box.calls(service="s3", operation="PutObject"))


def test_an_audit_record_is_written_once_where_the_job_ends_soon_after_its_result(harness: BotHarness) -> None:
    harness.ask("result")
    harness.box.clear_calls()

    harness.tick()

    assert audits_written(harness) == 1


def test_an_audit_record_is_there_though_the_jobs_end_is_not_known_for_long(harness: BotHarness) -> None:
    harness.box.faults.add("error_5xx", service="sagemaker", operation="DescribeProcessingJob", count=1000)
    ts = harness.ask("result")
    harness.box.clear_calls()

    harness.tick()

    assert len(harness.answers(ts)) == 1
    assert audits_written(harness) == 1
    harness.box.faults.clear()
    harness.ticks_until_quiet()
    assert audits_written(harness) == 2


def test_the_audit_record_of_an_answer_is_found_by_day_and_by_account(harness: BotHarness) -> None:
    ts = harness.ask("result")

    harness.tick()

    [(key, body)] = harness.objects(paths.AUDIT_PREFIX).items()
    record = json.loads(body)
    [execution] = harness.record(ts)["requests"][0]["attempts"]
    assert key == paths.ExecutionPaths(execution["execution_id"]).audit
    assert record["requester"] == "U0SUPPORT1"
    assert record["job_status"] == "Completed"
    assert record["cost_estimate"]["usd"] is not None
    assert record["result"]["execution_id"] == execution["execution_id"]
    assert len(harness.objects(paths.account_index_prefix(record["result"]["account_sid"]))) == 1


def test_a_bot_that_asks_has_its_failures_told_to_the_error_user(harness: BotHarness) -> None:
    link = harness.query(scripted(VERIFY, "error"))
    harness.box.slack.post(user="U0OTHERB01", text=f"<{link}>", bot_id="B0OTHERB01")

    harness.tick()

    [message, *_] = harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"])
    assert "No credit recommendation" in message["text"]
