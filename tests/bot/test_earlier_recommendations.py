"""Two requests for one account: the later answer names the earlier, with whatever else was recommended for it."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest

from src import paths
from src.bot.work_pool import InlinePool
from src.history.reader import History
from src.recheck.differences import differences
from src.state.object_store import ObjectStore
from tests.bot.harness import TICK_EVERY, BotHarness, threaded
from tests.bot.test_bad_days import alarms
from tests.bot.test_killed_everywhere import A_PROCESS_DIES, Died, DiesAtCall, calls_of_a_tick, deaths
from tests.clocks import PatientClock
from tests.conftest import Figure

ACCOUNT = "AC" + "5" * 32
INDEX = paths.account_index_prefix(ACCOUNT)


def counted(number: int, amount: str) -> str:
    many, in_all = ("s", " in all") if number > 1 else ("", "")
    words = f"{number} earlier recommendation{many} for this account within 31 days of this window"
    return f"{words}, {amount}{in_all}; not netted."


def put(harness: BotHarness, key: str, body: bytes) -> None:
    bot = harness.bot()
    bot.services.clients.s3.put_object(Bucket=bot.services.settings.s3_output_bucket, Key=key, Body=body)


def recommended(harness: BotHarness, number: int, **changes: Any) -> str:
    """An entry as an earlier release has left it: its key."""
    entry = {
        "execution_id": f"20250901_000000_{number:08x}",
        "account_sid": ACCOUNT,
        "fraud_start": "2025-07-01",
        "fraud_end": "2025-07-31",
        "credit_amount": 100.1,
        "currency": "USD",
        "channel": "C1",
        "ts": "1.0",
        **changes,
    }
    key = paths.account_index(ACCOUNT, entry["fraud_end"], str(entry["execution_id"]))
    put(harness, key, json.dumps(entry).encode())
    return key


def audited(harness: BotHarness, ts: str) -> Any:
    """What the audit record says of a message's answer; the message's record says the same."""
    key = paths.ExecutionPaths(harness.execution_of(ts)).audit
    told = json.loads(harness.content(key))["earlier"]
    assert told == harness.record(ts)["requests"][0]["earlier"]
    return told


@pytest.mark.parametrize("threads", [False, True])
def test_of_two_links_of_one_account_in_one_tick_the_later_at_least_names_the_earlier(
    harness: BotHarness, threads: bool
) -> None:
    asked = [harness.ask(account=ACCOUNT) for _ in range(2)]
    harness.time = PatientClock(time.time())
    pool = threaded() if threads else InlinePool()
    harness.time.at_work = lambda: not pool.idle()

    harness.bot(pool=pool).run()
    harness.ticks_until_quiet()

    [first], [second] = (harness.answers(ts) for ts in asked)
    names = [harness.execution_of(asked[1]) in first, harness.execution_of(asked[0]) in second]
    assert any(names), (first, second)
    assert [counted(1, "4,948.80 USD") in said for said in (first, second)] == names
    assert [audited(harness, ts)["count"] for ts in asked] == [int(named) for named in names]


@pytest.mark.usefixtures("long_ticks")
def test_files_that_fail_for_45_minutes_hold_up_no_record_and_no_mark_and_a_third_link_hears_of_both(
    harness: BotHarness,
) -> None:
    harness.box.faults.add("error_5xx", service="slack", operation="files.*")
    asked = [harness.ask(account=ACCOUNT) for _ in range(2)]
    harness.tick()
    for ts in asked:
        record = harness.record(ts)
        assert harness.box.slack.reactions(ts=ts) == ["eyes", "white_check_mark"]
        assert audited(harness, ts) is not None
        [request] = record["requests"]
        assert {"audit", "link"} <= set(request["done"])
        assert (request["state"], request["status"], record["mark"]) == ("answered", "Completed", "white_check_mark")
    assert sorted(json.loads(body)["state"] for body in harness.objects(f"{paths.ROOT}/state/links/").values()) == [
        "answered",
        "answered",
    ]
    assert len(harness.open()) == 2  # their reports are still to come

    asked.append(harness.ask(account=ACCOUNT))
    for _ in range(2):
        harness.time.sleep(TICK_EVERY)
        harness.tick()

    [third] = harness.answers(asked[-1])
    assert counted(2, "9,897.60 USD") in third
    assert all(harness.execution_of(ts) in third for ts in asked[:2])
    assert harness.box.slack.files() == []
    assert len(alarms(harness)) >= 1

    harness.box.faults.clear()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()
    assert len(harness.box.slack.files()) == 3
    assert [len(harness.answers(ts)) for ts in asked] == [1, 1, 1]
    assert [harness.box.slack.reactions(ts=ts) for ts in asked] == [["eyes", "white_check_mark"]] * 3


def test_a_mark_that_fails_for_a_whole_tick_is_set_by_a_later_one_and_the_answer_stays_one(harness: BotHarness) -> None:
    ts = harness.ask(account=ACCOUNT)
    harness.box.faults.add("error_5xx", service="slack", operation="reactions.add")
    harness.tick()
    assert harness.record(ts)["requests"][0]["state"] == "settled"

    harness.box.faults.clear()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()

    assert ["credit recommended" in text for text in harness.replies(ts)] == [True]
    assert harness.box.slack.reactions(ts=ts) == ["white_check_mark"]


@pytest.mark.parametrize("service", ["the audit record", "the link's record"])
def test_a_record_that_cannot_be_written_holds_up_neither_the_report_nor_the_mark(
    harness: BotHarness, service: str
) -> None:
    ts = harness.ask(account=ACCOUNT)
    path = "*/audit/*" if service == "the audit record" else "*/state/links/*"
    harness.box.faults.add(
        "error_5xx", service="s3", operation="PutObject", path=path, skip=service != "the audit record"
    )

    harness.tick()

    assert len(harness.box.slack.files()) == 1
    assert harness.box.slack.reactions(ts=ts) == ["eyes", "white_check_mark"]
    harness.box.faults.clear()
    harness.ticks_until_quiet()
    assert audited(harness, ts)["count"] == 0


def test_the_index_is_summed_whole_and_what_cannot_be_read_costs_a_word_and_on_call_is_told(
    harness: BotHarness,
) -> None:
    ids = [number for number in range(6) if recommended(harness, number)]
    recommended(harness, 10, fraud_start=None, fraud_end=None, credit_amount=0.5, currency="EUR")
    recommended(harness, 11, fraud_start="2024-01-01", fraud_end="2024-01-31")
    recommended(harness, 12, fraud_start="2025-11-02", fraud_end="2025-11-02")
    nobody = recommended(harness, 13)
    put(harness, paths.reached_nobody(nobody), b"{}")
    damaged, foreign = recommended(harness, 14), recommended(harness, 15, account_sid="AC" + "6" * 32)
    put(harness, damaged, b"{")

    ts = harness.ask(account=ACCOUNT)
    harness.tick()

    [answer] = harness.answers(ts)
    assert "7 earlier recommendations for this account within 31 days of this window (1 of them: window not known)" in (
        answer
    )
    assert "0.50 EUR and 600.60 USD in all; not netted. 2 earlier recommendations for this account cannot be read." in (
        answer
    )
    shown = [line.split("|")[1].split(">")[0][-8:] for line in answer.splitlines() if line.startswith("• ")]
    assert shown == ["0000000a", *(f"{number:08x}" for number in reversed(ids))][:5]
    assert audited(harness, ts)["sums"] == {"EUR": "0.50", "USD": "600.60"}
    said = " ".join(alarms(harness))
    assert damaged in said
    assert foreign in said


def test_an_answer_whose_message_was_deleted_is_told_of_to_nobody(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "5")
    gone = harness.ask("result after 1200", account=ACCOUNT)
    harness.tick()
    harness.box.slack.delete_message(ts=gone)
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()

    ts = harness.ask(account=ACCOUNT)
    harness.ticks_until_quiet()

    assert "earlier" not in harness.answers(ts)[0]
    bot = harness.bot()
    store = ObjectStore(bot.services.clients, bot.services.settings.s3_output_bucket)
    found = [record["execution_id"] for record in History(store).of_account(ACCOUNT)]
    assert found == [harness.execution_of(gone), harness.execution_of(ts)]
    assert len(harness.keys(INDEX)) == 3


def test_an_answer_that_an_earlier_release_was_about_to_post_names_the_earlier_one_too(harness: BotHarness) -> None:
    first = harness.ask(account=ACCOUNT)
    harness.ticks_until_quiet()
    ts = harness.ask(account=ACCOUNT)
    posting = Posting()
    with contextlib.suppress(Died):
        harness.tick(calls=posting.log)
    [key] = [key for key in harness.objects(f"{paths.ROOT}/state/messages/") if key.endswith(f"{ts}.json")]
    record = json.loads(harness.content(key))
    assert record["requests"][0]["state"] == "replying"
    del record["requests"][0]["earlier"]
    put(harness, key, json.dumps(record).encode())
    for entry in harness.keys(INDEX):
        if harness.execution_of(ts) in entry:  # entered with its audit record then
            harness.bot().services.clients.s3.delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=entry)

    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()

    assert harness.execution_of(first) in harness.answers(ts)[0]
    assert audited(harness, ts)["count"] == 1
    assert len(harness.keys(INDEX)) == 2


class Posting(DiesAtCall):
    """Dies before its first post."""

    def __init__(self) -> None:
        super().__init__(0)

    def _before(self, service: str, operation: str) -> None:
        self._die_if(operation == "chat.postMessage")


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@A_PROCESS_DIES
def test_a_process_killed_at_any_call_of_an_answer_leaves_one_entry_and_one_list_of_earlier_ones(
    harness: BotHarness, figure: Figure
) -> None:
    """What was recommended after its list was saved is in neither the reply nor the audit record."""

    def begin() -> str:
        harness.box.reset()
        harness.time.now = time.time()
        recommended(harness, 1)
        return harness.ask(account=ACCOUNT)

    begin()
    calls = calls_of_a_tick(harness)
    every_death = deaths(calls, first=calls.index(("sagemaker", "CreateProcessingJob")) + 2)
    for dying in every_death:
        ts = begin()
        with contextlib.suppress(Died):
            harness.tick(calls=dying.log)
        assert dying.dead or dying.made < dying.number, dying
        recommended(harness, 2)
        harness.time.sleep(TICK_EVERY)
        harness.ticks_until_quiet()
        [answer] = harness.answers(ts)
        told = audited(harness, ts)
        assert told["count"] in {1, 2}, dying
        assert counted(told["count"], f"{told['count'] * 100.1:.2f} USD") in answer, (dying, answer)
        assert [one["execution_id"] in answer for one in told["latest"]] == [True] * told["count"], dying
        assert len(harness.keys(INDEX)) == 3, dying
        bot = harness.bot()
        kept = ObjectStore(bot.services.clients, bot.services.settings.s3_output_bucket)
        of_index = [one for one in differences(kept, harness.execution_of(ts)) if INDEX in one]
        assert of_index == [], dying
    figure(
        f"killed while it answers for an account with an earlier one: {len(every_death)} states of {len(calls)} calls"
    )
