"""One object in the bucket that is not what the bot writes, or lies where it does not belong: it costs at most the one
message it is about, and on-call hears of it once.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from src import paths
from src.errors import ConfigurationError
from tests.bot.harness import MESSAGES, TICK_EVERY, VERIFY, BotHarness
from tests.bot.test_answered_bytes import ask
from tests.bot.test_bad_days import alarms

CHANNEL, NAME = "C0CREDITS1", "credit-requests"
LEASES = f"{paths.ROOT}/state/leases/"
DIGEST = "0" * 16

NO_MARKERS = [
    f"{CHANNEL}-123456789012345678901.000000",
    f"{CHANNEL}-1768480000",
    f"folder/{CHANNEL}-1768480000.000100",
    "",
    "schöne-Grüße",
]


def put(harness: BotHarness, **objects: object) -> None:
    harness.box.aws.put_objects(objects=objects)


def begun(harness: BotHarness, count: int = 1) -> list[str]:
    """Messages begun by a bot that is gone, its lease long over."""
    asked = [harness.ask("result") for _ in range(count)]
    harness.bot().inbox.read()
    harness.time.sleep(TICK_EVERY)
    return asked


def told_of(harness: BotHarness, words: str) -> list[str]:
    return [text for text in alarms(harness) if words in text]


def two_ticks(harness: BotHarness) -> str:
    """A good message and two ticks, both of which end well; the good one's answers."""
    good = harness.ask("result")
    for _ in range(2):
        harness.tick()
        harness.time.sleep(TICK_EVERY)
    [answer] = harness.answers(good)
    return answer


def test_markers_that_name_no_message_are_told_of_once_and_hold_up_nothing(harness: BotHarness) -> None:
    put(harness, **{f"{paths.OPEN_PREFIX}{name}": "" for name in NO_MARKERS})

    assert "credit recommended" in two_ticks(harness)

    for name in NO_MARKERS:
        assert len(told_of(harness, f"{paths.OPEN_PREFIX}{name} names no message")) == 1


def test_records_that_cannot_be_believed_cost_their_own_messages_and_are_told_of_once_with_a_link_to_each(
    harness: BotHarness,
) -> None:
    """Broken, without a request, and another message's under this one's key."""
    asked = begun(harness, 3)
    broken, empty, anothers = keys = [paths.message_record(CHANNEL, ts) for ts in asked]
    records = {key: json.loads(body) for key, body in harness.objects(MESSAGES).items()}
    put(
        harness,
        **{
            broken: json.dumps(records[broken] | {"seen_at": "yesterday"}),
            empty: json.dumps(records[empty] | {"requests": []}),
            anothers: json.dumps(records[broken]),
        },
    )

    assert "credit recommended" in two_ticks(harness)

    assert [harness.answers(ts) for ts in asked] == [[], [], []]
    for key, ts in zip(keys, asked, strict=True):
        [told] = told_of(harness, f"{key} is not what this bot writes")
        assert f"/archives/{CHANNEL}/p{ts.replace('.', '')}" in told


def test_a_record_that_on_call_deletes_as_told_is_begun_anew_and_answered_once(harness: BotHarness) -> None:
    [asked] = begun(harness)
    [record] = harness.objects(MESSAGES)
    put(harness, **{record: "{"})
    two_ticks(harness)
    harness.box.client("s3").delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=record)

    harness.ticks_until_quiet()

    assert len(harness.answers(asked)) == 1
    assert len(told_of(harness, record)) == 1


def test_a_record_that_is_deleted_after_its_reply_brings_no_second_one(harness: BotHarness) -> None:
    harness.box.faults.add("error_5xx", service="slack", operation="files.*")  # the reply is there, its report is not
    asked = harness.ask("result")
    harness.tick()
    [record] = harness.objects(MESSAGES)
    harness.box.client("s3").delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=record)
    harness.box.faults.clear()
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    assert len(harness.answers(asked)) == 1
    assert len(harness.jobs_by_execution()) == 1
    assert len(harness.keys(f"{paths.ROOT}/index/")) == 1
    assert harness.open() == []


def test_leases_that_cannot_be_believed_hold_up_no_message_and_are_told_of_once(harness: BotHarness) -> None:
    """Of the future, broken, and another bot's under this one's key: whose messages all are answered."""
    asked = [begun(harness)[0] for _ in range(3)]
    future, broken, anothers = leases = [f"{LEASES}{harness.record(ts)['owner']}.json" for ts in asked]
    owners = [harness.record(ts)["owner"] for ts in asked]
    now = harness.time()
    put(
        harness,
        **{
            future: json.dumps({"owner": owners[0], "renewed_at": now + 3e7}),
            broken: "{",
            anothers: json.dumps({"owner": owners[0], "renewed_at": now}),
        },
    )

    two_ticks(harness)

    assert [len(harness.answers(ts)) for ts in asked] == [1, 1, 1]
    assert [len(told_of(harness, key)) for key in leases] == [1, 1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"known": {"no number": DIGEST}},
        {"known": {"1768480000.000100": 1}},
        {"known": {"2999999999.000000": DIGEST}},
        {"channel_id": "no id"},
        {"channel_id": "C0NOSUCHID1"},
        {"looked_up_at": 3e9},
    ],
    ids=str,
)
def test_a_hint_that_makes_no_sense_is_made_anew(harness: BotHarness, changes: dict[str, Any]) -> None:
    cursor = {"channel_name": harness.box.env["SLACK_CHANNEL"], "channel_id": CHANNEL, "known": {}}
    put(harness, **{paths.CURSOR: json.dumps(cursor | changes)})
    asked = harness.ask("result")

    harness.tick()

    assert len(harness.answers(asked)) == 1
    kept = json.loads(harness.content(paths.CURSOR))
    assert (kept["channel_id"], list(kept["known"])) == (CHANNEL, [asked])


@pytest.fixture
def by_name(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> BotHarness:
    """One tick of a bot that was given its channel's name."""
    monkeypatch.setenv("SLACK_CHANNEL", f"#{NAME}")
    harness.tick()
    return harness


def test_a_channel_that_was_made_anew_under_its_name_is_read_at_once(by_name: BotHarness) -> None:
    harness = by_name
    harness.box.slack.add_channel(channel_id=CHANNEL, name=NAME, archived=True)
    harness.box.slack.add_channel(channel_id="C0CREDITS2", name=NAME)
    asked = harness.box.slack.post(text=f"<{harness.query(VERIFY)}>", channel="C0CREDITS2")

    harness.tick()

    assert len(harness.box.slack.thread(ts=asked, channel="C0CREDITS2")) > 1
    assert len(told_of(harness, f"is the channel C0CREDITS2 now; before it was {CHANNEL}")) == 1


def test_a_name_that_has_gone_over_to_another_channel_is_followed_within_the_hour(by_name: BotHarness) -> None:
    """The one that had it lives on under another name, and may be read as before."""
    harness = by_name
    harness.box.slack.add_channel(channel_id=CHANNEL, name="old-requests")
    harness.box.slack.add_channel(channel_id="C0CREDITS2", name=NAME)
    asked = harness.box.slack.post(text=f"<{harness.query(VERIFY)}>", channel="C0CREDITS2")
    harness.time.sleep(3600)

    harness.tick()

    assert len(harness.box.slack.thread(ts=asked, channel="C0CREDITS2")) > 1


def test_a_channel_with_another_name_by_now_is_read_on_and_on_call_hears_of_it(by_name: BotHarness) -> None:
    harness = by_name
    harness.box.slack.add_channel(channel_id=CHANNEL, name="renamed")
    asked = harness.ask("result")
    harness.time.sleep(3600)

    harness.tick()

    assert len(harness.answers(asked)) == 1
    assert len(told_of(harness, "check SLACK_CHANNEL")) == 1


def test_a_marker_without_a_record_is_begun_from_slack_or_where_it_is_too_old_told_of_and_taken_away(
    harness: BotHarness,
) -> None:
    asked = harness.ask("result")
    old = harness.box.slack.post(text="a link", ts=f"{harness.time() - 60 * 3600:.6f}")
    put(harness, **{paths.open_marker(CHANNEL, ts): "" for ts in (asked, old, "2999999999.000000")})

    two_ticks(harness)

    assert len(harness.answers(asked)) == 1
    assert harness.open() == []
    [told] = told_of(harness, paths.open_marker(CHANNEL, old))
    assert "post its link again" in told
    assert f"/archives/{CHANNEL}/p{old.replace('.', '')}" in told


def test_a_marker_is_not_taken_away_before_on_call_knows_of_it(harness: BotHarness) -> None:
    marker = paths.open_marker(CHANNEL, "1768480000.000100")
    put(harness, **{marker: ""})
    harness.box.faults.add("error_5xx", service="slack", operation="conversations.open")
    harness.tick()
    assert list(harness.objects(paths.OPEN_PREFIX)) == [marker]

    harness.box.faults.clear()
    harness.tick()

    assert harness.objects(paths.OPEN_PREFIX) == {}
    assert len(told_of(harness, marker)) == 1


def test_an_object_that_s3_keeps_and_does_not_give_costs_its_own_message(harness: BotHarness) -> None:
    [asked] = begun(harness)
    key = paths.message_record(CHANNEL, asked)
    harness.box.faults.add("status", service="s3", operation="GetObject", path=f"*{asked}*", status=405)

    two_ticks(harness)

    assert harness.answers(asked) == []
    assert len(told_of(harness, key)) == 1


def test_pauses_longer_than_any_that_this_bot_makes_are_cut(harness: BotHarness) -> None:
    [asked] = begun(harness)
    [(key, body)] = harness.objects(MESSAGES).items()
    record = json.loads(body)
    record["requests"][0] |= {"not_before": 3.9e9, "tries": 10**12}
    put(harness, **{key: json.dumps(record)})

    harness.ticks_until_quiet()

    assert len(harness.answers(asked)) == 1


def test_times_that_are_still_to_come_are_taken_for_now(harness: BotHarness) -> None:
    """Else the job would never be over its time, and nobody would hear of it."""
    asked = harness.ask("none after 360000")
    harness.tick()
    [(key, body)] = harness.objects(MESSAGES).items()
    record = json.loads(body)
    record["requests"][0]["attempts"][0]["created_at"] = "2090-01-01T00:00:00.000Z"
    put(harness, **{key: json.dumps(record)})
    for _ in range(4):
        harness.time.sleep(TICK_EVERY)
        harness.tick()

    [said] = harness.answers(asked)
    assert "had no result after 40 minutes" in said


def test_a_link_record_that_breaks_while_its_job_runs_is_made_anew(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "20")
    asked, _ = ask(harness)
    [link] = harness.objects(f"{paths.ROOT}/state/links/")
    put(harness, **{link: "{"})

    harness.ticks_until_quiet()

    assert len(harness.answers(asked)) == 1
    assert harness.open() == []
    assert json.loads(harness.content(link))["state"] == "answered"


def test_a_link_that_another_messages_request_is_said_to_have_is_answered_by_itself(harness: BotHarness) -> None:
    """The link record of one query under the key of another."""
    first, link = harness.ask("result"), harness.query(VERIFY)
    second = harness.post(link)
    harness.ticks_until_quiet()
    ones, others = (paths.link_record(harness.record(ts)["requests"][0]["sql_digest"]) for ts in (first, second))
    put(harness, **{others: harness.content(ones).decode()})

    third = harness.post(link)
    harness.ticks_until_quiet()

    assert "credit recommended" in harness.answers(third)[0]
    assert len(told_of(harness, others)) == 1


@pytest.mark.usefixtures("short_ticks")
def test_an_execution_record_under_anothers_key_stops_no_job_and_holds_up_no_other(harness: BotHarness) -> None:
    asked = [harness.ask("result after 36000") for _ in range(2)]
    harness.tick()
    one, other = (
        paths.ExecutionPaths(harness.record(ts)["requests"][0]["attempts"][0]["execution_id"]).record for ts in asked
    )
    put(harness, **{one: harness.content(other).decode()})
    harness.box.client("s3").delete_object(
        Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=paths.message_record(CHANNEL, asked[1])
    )
    harness.time.sleep(2 * TICK_EVERY)

    said = harness.bot().reaper.run()

    assert sorted(one in line for line in said) == [False, True]
    assert sorted(job["status"] == "InProgress" for job in harness.jobs()) == [False, True]


def test_a_channel_that_may_not_be_read_and_has_no_successor_says_which_it_is_and_what_to_do(
    by_name: BotHarness,
) -> None:
    by_name.box.slack.add_channel(channel_id=CHANNEL, name=NAME, archived=True)

    with pytest.raises(ConfigurationError, match=f"in no channel named #{NAME}.*{CHANNEL} is archived: unarchive it"):
        by_name.tick()
