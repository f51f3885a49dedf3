"""What Slack refuses for good ends: as plain text, sent directly, or as reaching nobody; no tick fails for it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from src import paths, runs
from src.bot.delivery import CHANNEL_FIXED_WITHIN
from src.errors import ConfigurationError
from src.slack.errors import SlackRefused
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness
from tests.bot.test_bad_days import alarms
from tests.bot.test_killed_everywhere import A_PROCESS_DIES, calls_of_a_tick, deaths, ticks_after_a_death
from tests.conftest import Figure

POST = "chat.postMessage"
NOT_VERIFY = "SELECT 1 FROM other.table"
TO_A_PERSON = '"channel": "D'
BLOCKS, METADATA = '"blocks"', '"metadata"'
FOR_GOOD = [
    "msg_too_long",
    "invalid_blocks",
    "invalid_blocks_format",
    "no_text",
    "too_many_attachments",
    "invalid_arguments",
    "metadata_too_large",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "markdown_text_conflict",
    "duplicate_channel_not_found",
    "slack_connect_file_link_sharing_blocked",
    "channel_type_not_supported",
    "a_code_of_next_year",
]


def refuse(harness: BotHarness, code: str, operation: str = POST, **which: Any) -> None:
    harness.box.faults.add("status", service="slack", operation=operation, status=200, says=code, **which)


def in_thread(ts: str) -> str:
    return f'"thread_ts": "{ts}"'


def sent(harness: BotHarness, user: str = "U0SUPPORT1") -> list[str]:
    return [message["text"] for message in harness.box.slack.dms(user=user)]


def posts_of_a_tick(harness: BotHarness) -> int:
    harness.time.sleep(TICK_EVERY)
    harness.box.clear_calls()
    harness.tick()
    return harness.box.count_calls("slack", POST).get(f"slack.{POST}", 0)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert runs.main([*arguments, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_reply_refused_for_good_is_posted_twice_then_sent_directly_and_ends_in_one_tick(harness: BotHarness) -> None:
    asked = {code: harness.post(harness.query(NOT_VERIFY)) for code in FOR_GOOD}
    for code, ts in asked.items():
        refuse(harness, code, holds=in_thread(ts))

    summary = harness.tick()

    assert {fault["says"]: fault["struck"] for fault in harness.box.faults.list()} == dict.fromkeys(FOR_GOOD, 2)
    told = sent(harness)
    assert len(told) == len(FOR_GOOD)
    for code, ts in asked.items():
        [words] = [text for text in told if f"({code})" in text]
        assert "Not a Verify query" in words
        assert f"p{ts.replace('.', '')}" in words  # which message it is about
        assert harness.answers(ts) == []
    assert harness.open() == []
    assert summary.problems == len(FOR_GOOD)
    assert len(alarms(harness)) == 1
    assert posts_of_a_tick(harness) == 0


def test_an_answer_refused_in_its_thread_is_shown_with_slacks_code_and_its_query_can_be_asked_again(
    harness: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    link = harness.query(VERIFY)
    ts = harness.post(link)
    refuse(harness, "msg_too_long", holds=in_thread(ts))

    harness.ticks_until_quiet()
    again = harness.post(link)
    harness.ticks_until_quiet()

    [words] = sent(harness)
    assert "4,948.80 USD credit recommended" in words
    assert "4,948.80 USD credit recommended" in harness.answers(again)[0]
    shown = [(run["state"], run["slack_refusal"]) for run in listed(capsys, "list")]
    assert shown == [("answered", None), ("answered", "msg_too_long")]


def test_what_is_refused_for_its_blocks_alone_comes_as_plain_text(harness: BotHarness) -> None:
    answered, failed = harness.ask("result"), harness.ask("presto_down")
    refuse(harness, "invalid_blocks", holds=BLOCKS)

    harness.ticks_until_quiet()

    [answer], [line] = harness.answers(answered), harness.answers(failed)
    assert answer.startswith("*4,948.80 USD credit recommended*")
    assert line.startswith("No recommendation")
    [failure] = sent(harness)
    assert "Presto" in failure
    assert len(alarms(harness)) == 1
    assert harness.box.slack.reactions(ts=answered)[-1] == "white_check_mark"


def test_what_is_refused_for_its_metadata_is_found_again_by_its_last_word(harness: BotHarness) -> None:
    ts = harness.post(harness.query(NOT_VERIFY))
    refuse(harness, "metadata_too_large", holds=METADATA)
    harness.box.faults.add("drop", service="slack", operation=POST, count=1)

    harness.ticks_until_quiet()

    [answer] = harness.answers(ts)
    assert answer.startswith("Not a Verify query")


def test_a_reply_whose_direct_message_had_no_answer_is_not_sent_again(harness: BotHarness) -> None:
    ts = harness.post(harness.query(NOT_VERIFY))
    refuse(harness, "no_text", holds=in_thread(ts))
    harness.box.faults.add("drop", service="slack", operation=POST, holds=TO_A_PERSON, count=1)

    harness.ticks_until_quiet()

    assert len(sent(harness)) == 1


def test_a_failure_refused_in_its_thread_is_told_directly_once(harness: BotHarness) -> None:
    ts = harness.ask("presto_down")
    refuse(harness, "msg_too_long", holds=in_thread(ts))

    harness.ticks_until_quiet()

    [words] = sent(harness)
    assert "Presto cannot be reached" in words
    assert harness.record(ts)["requests"][0]["state"] == "failed"


def test_a_reply_that_its_requester_cannot_be_sent_either_goes_to_on_call(harness: BotHarness) -> None:
    harness.box.slack.add_user(user_id="U0GONE0001", name="gone", deleted=True)
    ts = harness.post(harness.query(NOT_VERIFY), user="U0GONE0001")
    refuse(harness, "restricted_action_thread_locked", holds=in_thread(ts))
    harness.tick()
    harness.time.sleep(CHANNEL_FIXED_WITHIN)

    harness.tick()

    assert any("U0GONE0001" in text and "Not a Verify query" in text for text in alarms(harness))
    assert harness.record(ts)["requests"][0]["unreached"] is None
    assert harness.open() == []


@pytest.mark.parametrize("code", ["msg_too_long", "restricted_action"])
def test_a_reply_refused_everywhere_ends_as_unreached_which_runs_shows(
    harness: BotHarness, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    ts = harness.ask("result")
    refuse(harness, code)

    harness.ticks_until_quiet()

    [fault] = harness.box.faults.list()
    assert fault["struck"] <= 16
    [request] = harness.record(ts)["requests"]
    assert request["state"] == "settled"
    assert request["unreached"] == f"thread: {code}, requester: {code}, SLACK_ERROR_USER: {code}"
    assert harness.box.slack.reactions(ts=ts)[-1] == "x"
    assert posts_of_a_tick(harness) == 0
    [run] = listed(capsys, "search", "--state", "unreached")
    assert (run["state"], run["credit_amount"], run["slack_refusal"]) == ("unreached", 4948.8, request["unreached"])
    assert listed(capsys, "search", "--state", "answered") == []
    assert runs.main(["show", run["execution_id"]]) == 0
    assert f"thread: {code}" in capsys.readouterr().out


def test_without_somebody_to_tell_a_reply_refused_for_good_ends_as_well(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_ERROR_USER", "")
    ts = harness.post(harness.query(NOT_VERIFY))
    refuse(harness, "no_text")

    harness.tick()

    assert harness.record(ts)["requests"][0]["unreached"].endswith("SLACK_ERROR_USER: not set")
    assert harness.open() == []


@pytest.mark.parametrize("fixed", [True, False])
def test_a_channel_that_takes_no_replies_has_an_hour_to_be_mended_in(
    harness: BotHarness, capsys: pytest.CaptureFixture[str], fixed: bool
) -> None:
    harness.time.sleep_past_midnight_if_within(3 * TICK_EVERY)  # on-call is told once a day
    ts = harness.post(harness.query(NOT_VERIFY))
    refuse(harness, "restricted_action_read_only_channel", holds=in_thread(ts))
    posts = [posts_of_a_tick(harness) for _ in range(2)]
    assert posts == [2, 1]  # the reply, which on-call is told of once
    assert "read-only for the bot" in alarms(harness)[0]
    [waits] = listed(capsys, "search", "--state", "running")
    assert (waits["state"], waits["slack_refusal"]) == ("replying", "restricted_action_read_only_channel")

    if fixed:
        harness.box.faults.clear()
    harness.time.sleep(CHANNEL_FIXED_WITHIN)
    harness.tick()

    assert (len(harness.answers(ts)), len(sent(harness))) == ((1, 0) if fixed else (0, 1))
    assert harness.open() == []


def test_a_reply_that_got_through_before_the_hour_ended_is_not_sent_directly_as_well(harness: BotHarness) -> None:
    ts = harness.post(harness.query(NOT_VERIFY))
    refuse(harness, "restricted_action", holds=in_thread(ts), count=1)
    harness.box.faults.add("drop", service="slack", operation=POST, holds=in_thread(ts), count=1)
    posts_of_a_tick(harness)
    posts_of_a_tick(harness)
    harness.time.sleep(CHANNEL_FIXED_WITHIN)

    harness.ticks_until_quiet()

    assert (len(harness.answers(ts)), sent(harness)) == (1, [])


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (POST, "invalid_blocks"),
        ("conversations.open", "messages_tab_disabled"),
        ("conversations.open", "channel_not_found"),
        ("conversations.open", "token_revoked"),
    ],
)
def test_on_call_being_out_of_reach_fails_no_tick_and_is_not_tried_for_ever(
    harness: BotHarness, operation: str, code: str
) -> None:
    """An alarm, and a problem that no requester hears of."""
    user = harness.box.env["SLACK_ERROR_USER"]
    ts = harness.ask("presto_down")
    refuse(harness, code, operation=operation, holds=f"D{user[1:]}" if operation == POST else f"users={user}")

    summary = harness.bot().tick.run(["a problem"])

    assert (summary.failed, summary.problems) == (1, 1)
    assert harness.record(ts)["requests"][0]["state"] == "failed"
    assert harness.objects(f"{paths.ROOT}/state/leases/") == {}
    assert alarms(harness) == []


def test_a_channel_that_cannot_be_read_holds_up_no_answer_that_is_in_hand(harness: BotHarness) -> None:
    ts = harness.ask("result")
    harness.bot().inbox.read()
    harness.time.sleep(TICK_EVERY)
    refuse(harness, "not_in_channel", "conversations.history", holds="C0CREDITS1")

    with pytest.raises(ConfigurationError, match="not in"):
        harness.tick()

    assert "credit recommended" in harness.answers(ts)[0]
    assert any("invite the bot" in text for text in alarms(harness))


def test_a_direct_message_that_lacks_its_scope_is_waited_for(harness: BotHarness) -> None:
    ts = harness.post(harness.query(NOT_VERIFY))
    refuse(harness, "invalid_blocks", holds=in_thread(ts))
    refuse(harness, "missing_scope", "conversations.open")
    harness.tick()
    assert (harness.record(ts)["requests"][0]["state"], harness.record(ts)["requests"][0]["unreached"]) == (
        "replying",
        None,
    )
    harness.box.faults.clear()
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    [told] = sent(harness)
    assert "Not a Verify query" in told


def test_a_thread_that_may_not_be_looked_through_is_not_given_up(harness: BotHarness) -> None:
    ts = harness.post(harness.query(NOT_VERIFY))
    harness.box.faults.add("drop", service="slack", operation=POST, count=1)
    refuse(harness, "a_code_of_next_year", "conversations.replies")
    harness.tick()
    assert sent(harness) == []
    harness.box.faults.clear()
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    assert len(harness.answers(ts)) == 1
    assert sent(harness) == []


def test_a_tick_that_fails_gives_its_lease_up(harness: BotHarness) -> None:
    harness.post(harness.query(NOT_VERIFY))
    harness.bot().inbox.read()  # a bot that begins the message, and dies
    harness.time.sleep(TICK_EVERY)
    refuse(harness, "invalid_arguments", operation="conversations.history")
    before = harness.objects(f"{paths.ROOT}/state/leases/")

    with pytest.raises(SlackRefused):
        harness.tick()

    assert harness.objects(f"{paths.ROOT}/state/leases/") == before


@pytest.mark.parametrize(
    "refused",
    [
        {
            "reactions.add": "too_many_reactions",
            "files.getUploadURLExternal": "invalid_arguments",
            "chat.getPermalink": "message_not_found",
            "conversations.replies": "channel_type_not_supported",
        },
        {"reactions.add": "not_reactable", "files.completeUploadExternal": "restricted_action"},
        {"upload": None},
    ],
    ids=lambda refused: "+".join(refused),
)
def test_what_is_refused_besides_the_reply_holds_up_nothing(
    harness: BotHarness, refused: dict[str, str | None]
) -> None:
    for operation, code in refused.items():
        if code:
            refuse(harness, code, operation=operation)
        else:
            harness.box.faults.add("status", service="slack", operation=operation, status=413)
    ts = harness.ask("result")

    harness.tick()

    assert "credit recommended" in harness.answers(ts)[0]
    assert harness.open() == []


def test_a_mark_that_slack_does_not_take_for_now_is_set_later_and_answers_nothing_anew(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_SECONDS", "780")  # long enough for more tries than a step before the reply has
    ts = harness.ask("result")
    harness.box.faults.add("error_5xx", service="slack", operation="reactions.add")
    harness.tick()
    harness.box.faults.clear()
    harness.time.sleep(TICK_EVERY)

    harness.tick()

    assert len(harness.answers(ts)) == 1
    assert harness.box.slack.reactions(ts=ts) == ["white_check_mark"]
    assert harness.open() == []


@pytest.mark.usefixtures("short_ticks")
def test_a_word_about_waiting_that_is_refused_costs_nobody_an_answer(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "1")
    refuse(harness, "restricted_action_thread_only_channel", holds="Still waiting")
    _, waits = harness.ask("result after 1200"), harness.ask("result")
    for _ in range(2):
        harness.tick()
        harness.time.sleep(TICK_EVERY)
    harness.box.aws.finish_all()

    harness.ticks_until_quiet()

    assert harness.box.faults.list()[0]["struck"] == 1
    assert "credit recommended" in harness.answers(waits)[0]


def test_asking_what_was_answered_in_a_thread_that_is_deleted_by_now_is_answered(harness: BotHarness) -> None:
    link = harness.query(VERIFY)
    first = harness.post(link)
    harness.ticks_until_quiet()
    harness.box.slack.delete_message(ts=first)
    again = harness.post(link)

    harness.ticks_until_quiet()

    [answer] = harness.answers(again)
    assert "in a thread that was deleted" in answer


def refused_anew(harness: BotHarness, holds: str, code: str) -> str:
    harness.box.reset()
    harness.time.now = time.time()
    ts = harness.post(harness.query(NOT_VERIFY))
    refuse(harness, code, holds=holds)
    return ts


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@A_PROCESS_DIES
@pytest.mark.parametrize(
    ("holds", "code", "reached"),
    [(BLOCKS, "invalid_blocks", (1, 0)), ('"thread_ts"', "msg_too_long", (0, 1)), ("", "no_text", (0, 0))],
    ids=["blocks", "thread", "everything"],
)
def test_a_process_killed_at_any_call_while_its_reply_is_refused_reaches_whom_it_can_once_and_ends(
    harness: BotHarness, figure: Figure, holds: str, code: str, reached: tuple[int, int]
) -> None:
    refused_anew(harness, holds, code)
    calls = calls_of_a_tick(harness)
    every_death = deaths(calls)
    for dying in every_death:
        ts = refused_anew(harness, holds, code)
        ticks_after_a_death(harness, dying)
        assert (len(harness.answers(ts)), len(sent(harness))) == reached, dying
        assert len(alarms(harness)) <= 1, dying
        assert bool(harness.record(ts)["requests"][0]["unreached"]) == (reached == (0, 0)), dying
        harness.check_state_is_readable()
    figure(f"killed while {code} is refused: K = {len(calls)} outside calls, {len(every_death)} states")
