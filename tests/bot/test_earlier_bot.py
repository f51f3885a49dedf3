"""From the earlier bot to this one and back, at any time: its list says which messages are done."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sandbox.aws.script import scripted
from src import paths
from tests.bot.earlier_bot import KEEPINGS, EarlierBot
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness
from tests.bot.test_killed_everywhere import A_PROCESS_DIES, calls_of_a_tick, deaths, ticks_after_a_death
from tests.conftest import Figure

DONE = "1700000000.000100"
REFUSED = "https://{host}/dashboards/7"


@pytest.fixture
def one_day(harness: BotHarness) -> None:
    """On-call is told of the same once a day (UTC): the ticks of a test are on one."""
    if harness.time.now % 86400 > 82800:
        harness.time.now += 3600


def put(harness: BotHarness, content: Any) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    harness.box.client("s3").put_object(
        Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=paths.PROCESSED_MESSAGES, Body=body
    )


def listed(harness: BotHarness) -> Any:
    return json.loads(harness.content(paths.PROCESSED_MESSAGES))


def on_call(harness: BotHarness) -> list[str]:
    said = harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"])
    return [message["text"] for message in said if paths.PROCESSED_MESSAGES in message["text"]]


def every_outcome(harness: BotHarness) -> dict[str, str]:
    """Messages that end in each way, by the beginning of their answer."""
    return {
        harness.ask("result"): "",
        harness.ask("presto_down"): "No recommendation",
        harness.post(harness.query("SELECT 1 FROM other.table")): "Not a Verify query",
        harness.post(REFUSED.format(host=harness.host)): "",
    }


def all_replies(harness: BotHarness, asked: list[str]) -> list[int]:
    return [len(harness.answers(ts)) for ts in asked]


WHOLE_DAY, SHORT_DAY = (12, 8, 8, 4, 4), (1, 1, 1, 1, 1)
"""Messages before, beside those of every outcome (in the whole day), and after each change of bots."""


@pytest.mark.parametrize(
    ("keeping", "day"), [("a list of objects", WHOLE_DAY), *((keeping, SHORT_DAY) for keeping in KEEPINGS)]
)
def test_messages_are_answered_once_each_from_the_earlier_bot_to_this_one_and_back(
    harness: BotHarness, keeping: str, day: tuple[int, ...]
) -> None:
    earlier = EarlierBot(harness.box, KEEPINGS[keeping])

    def ask(messages: int) -> list[str]:
        return [harness.ask() for _ in range(messages)]

    first, *others = day
    asked = ask(first)
    assert earlier.run() == asked
    outcomes = every_outcome(harness) if day is WHOLE_DAY else {}
    asked += [*outcomes, *ask(others[0])]
    harness.ticks_until_quiet()
    asked += ask(others[1])
    assert earlier.run() == asked[-others[1] :]
    asked += ask(others[2])
    harness.ticks_until_quiet()
    asked += ask(others[3])
    assert earlier.run() == asked[-others[3] :]
    harness.ticks_until_quiet()

    assert len(asked) == sum(day) + len(outcomes)
    assert all_replies(harness, asked) == [1] * len(asked)
    assert len(harness.jobs()) == others[0] + others[2] + (2 if outcomes else 0)


def test_whatever_the_answer_is_its_message_is_listed_behind_what_was_there(harness: BotHarness) -> None:
    put(harness, {"last_run": "2025-01-15T12:00:00Z", "processed": [DONE]})
    asked = every_outcome(harness)

    harness.ticks_until_quiet()

    for ts, beginning in asked.items():
        [answer] = harness.answers(ts)
        assert answer.startswith(beginning)
    after = listed(harness)
    assert (after["last_run"], after["processed"][0]) == ("2025-01-15T12:00:00Z", DONE)
    assert sorted(after["processed"][1:]) == sorted(asked)


def test_without_a_list_none_is_made(harness: BotHarness) -> None:
    harness.ask()
    harness.ticks_until_quiet()
    assert harness.objects(paths.PROCESSED_MESSAGES) == {}


def test_a_message_with_two_links_is_listed_once_both_are_answered(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "10")
    put(harness, [])
    ts = harness.post(harness.query(VERIFY), harness.query(scripted(VERIFY, "result after 1200")))
    harness.tick()
    assert (len(harness.answers(ts)), listed(harness)) == (1, [])

    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()

    assert (len(harness.answers(ts)), listed(harness)) == (2, [ts])


def test_an_edit_of_a_message_that_this_bot_answered_and_listed_is_answered_though_the_cursor_is_lost(
    harness: BotHarness,
) -> None:
    put(harness, [DONE])
    first = harness.query(VERIFY)
    ts = harness.post(first)
    harness.ticks_until_quiet()
    harness.box.client("s3").delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=paths.CURSOR)
    harness.box.slack.edit(ts=ts, text=f"<{first}> and <{harness.query(VERIFY)}>")

    harness.ticks_until_quiet()

    assert len(harness.answers(ts)) == 2
    assert listed(harness) == [DONE, ts]


@pytest.mark.usefixtures("short_ticks")
def test_a_message_begun_here_and_answered_by_the_earlier_bot_meanwhile_is_left_at_that(harness: BotHarness) -> None:
    earlier = EarlierBot(harness.box, KEEPINGS["a list of time stamps"])
    ts = harness.ask("result after 1200")
    harness.tick()
    assert earlier.run() == [ts]

    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()

    assert harness.answers(ts) == ["Credit: $4,948.80"]
    assert listed(harness) == [ts]


def test_what_another_writes_meanwhile_is_not_lost(harness: BotHarness) -> None:
    put(harness, [])
    ts = harness.ask()
    bot = harness.bot()
    [begun] = bot.inbox.read()
    put(harness, [DONE])
    begun.record.requests[0].state = "answered"

    bot.services.state.note_processed(begun, harness.time())

    assert listed(harness) == [DONE, ts]


@pytest.mark.usefixtures("one_day")
@pytest.mark.parametrize("content", [b'["done"]', b'{"version": 1}', b"{", b'[{"user": "U1"}]'])
def test_a_file_that_lists_no_message_stops_the_answers_until_it_is_mended_and_on_call_hears_of_it_once(
    harness: BotHarness, content: bytes
) -> None:
    put(harness, content)
    asked = [harness.ask() for _ in range(3)]
    for _ in range(3):
        harness.tick()
        harness.time.sleep(10)
    assert (all_replies(harness, asked), harness.jobs(), len(on_call(harness))) == ([0, 0, 0], [], 1)

    put(harness, asked[:1])
    harness.ticks_until_quiet()

    assert all_replies(harness, asked) == [0, 1, 1]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"processed": {}}', b"null"])
def test_an_empty_file_stops_nothing(harness: BotHarness, content: bytes) -> None:
    put(harness, content)
    ts = harness.ask()
    harness.ticks_until_quiet()
    assert len(harness.answers(ts)) == 1
    assert ts in json.dumps(listed(harness))


@pytest.mark.usefixtures("one_day")
def test_a_list_that_may_not_be_written_costs_nobody_an_answer_and_on_call_hears_of_it_once(
    harness: BotHarness,
) -> None:
    put(harness, [DONE])
    harness.box.faults.add("status", service="s3", operation="PutObject", path="*processed_messages.json", status=403)
    asked = [harness.ask() for _ in range(3)]
    harness.ticks_until_quiet()
    asked.append(harness.ask())
    harness.ticks_until_quiet()

    assert all_replies(harness, asked) == [1] * 4
    [said] = on_call(harness)
    assert "s3:PutObject" in said
    assert "before the earlier bot comes back" in said


@pytest.mark.usefixtures("one_day")
def test_a_list_that_others_change_at_every_try_is_written_by_a_later_tick(harness: BotHarness) -> None:
    put(harness, [DONE])
    harness.box.faults.add("status", service="s3", operation="PutObject", path="*processed_messages.json", status=412)
    asked = [harness.ask() for _ in range(3)]
    for _ in range(2):
        harness.tick()
        harness.time.sleep(TICK_EVERY)
    assert (all_replies(harness, asked), len(on_call(harness)), len(harness.open())) == ([1] * 3, 1, 3)

    harness.box.faults.clear()
    harness.ticks_until_quiet()

    assert (all_replies(harness, asked), listed(harness)) == ([1] * 3, [DONE, *asked])


def test_a_write_whose_answer_was_lost_is_found_done(harness: BotHarness) -> None:
    put(harness, [DONE])
    harness.box.faults.add("drop", service="s3", operation="PutObject", path="*processed_messages.json", count=1)
    ts = harness.ask()
    harness.ticks_until_quiet()
    assert (len(harness.answers(ts)), listed(harness)) == (1, [DONE, ts])


def test_an_idle_tick_pays_nothing_for_the_list(harness: BotHarness) -> None:
    put(harness, [DONE])
    harness.ask()
    harness.ticks_until_quiet()

    assert harness.calls_of_an_idle_tick() == 4


def test_an_answer_pays_one_read_for_the_tick_and_one_write_for_each_message(harness: BotHarness) -> None:
    put(harness, [DONE])
    for _ in range(5):
        harness.ask()
    harness.box.clear_calls()

    harness.ticks_until_quiet()

    calls = [call["path"] for call in harness.box.calls(service="s3") if "processed_messages" in call["path"]]
    assert len(calls) == 1 + 5


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@A_PROCESS_DIES
def test_a_process_killed_at_any_call_of_an_answer_leaves_the_list_with_the_message_once(
    harness: BotHarness, figure: Figure
) -> None:
    def begin() -> str:
        harness.box.reset()
        harness.time.now = time.time()
        put(harness, [DONE])
        return harness.ask("result")

    begin()
    calls = calls_of_a_tick(harness)
    answering = deaths(calls, first=calls.index(("sagemaker", "CreateProcessingJob")) + 2)
    for dying in answering:
        asked = begin()
        ticks_after_a_death(harness, dying)
        assert (all_replies(harness, [asked]), sorted(listed(harness))) == ([1], [DONE, asked]), dying
    figure(
        f"killed while it answers, with the earlier bot's list: {len(answering)} states of {len(calls)} outside calls"
    )
