"""What the bot holds a result to before it posts it: the SQL that was asked, its account, its days."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from sandbox.aws.outcomes import canned_result
from sandbox.aws.script import scripted
from src import paths
from src.bot.claims import Claimed
from src.bot.result_check import ResultCheck
from src.config import DEFAULT_ALLOWED_TABLES, load_settings
from src.errors import ResultInvalid, TransientError
from src.executor import ReadResult
from src.notebook_choice import OUR_PROFILE
from src.recheck.claims import make_reader
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness

pytestmark = pytest.mark.usefixtures("short_ticks")

REVISION = "0123456789ab"
OTHER = "AC" + "9" * 32
UNREADABLE = f"{VERIFY} HAVING SUM(amount) > 0"
NOT_CHECKED = "Window not checked by the bot"

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def of_one_revision(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bot and job are built of the same commit."""
    image = harness.box.env["SAGEMAKER_IMAGE_URI"].rpartition(":")[0]
    monkeypatch.setenv("SAGEMAKER_IMAGE_URI", f"{image}:{REVISION}")
    monkeypatch.setattr("src.config.own_revision", lambda: REVISION)


def answered(harness: BotHarness, change: Change, sql: str = VERIFY, *, query: str = "") -> str:
    """What the thread says of a job that leaves its result changed so; query: what becomes of the kept SQL."""
    ts = harness.post(harness.query(scripted(sql, "none after 36000")))
    harness.tick()
    files = paths.ExecutionPaths(harness.record(ts)["requests"][0]["attempts"][0]["execution_id"])
    asked = harness.kept_query(files.execution_id)
    result = canned_result(files.execution_id, query or asked, None)
    change(result)
    harness.box.aws.put_objects(objects={files.result: json.dumps(result), files.query: query or asked})
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.tick()
    [said] = harness.answers(ts)
    return said


def told(harness: BotHarness) -> str:
    """What on-call was told."""
    return "\n".join(message["text"] for message in harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"]))


def unchanged(_result: dict[str, Any]) -> None:
    """As the job left it."""


def of_another_account(result: dict[str, Any]) -> None:
    result.update(account_sid=OTHER, parent_account_sid=OTHER)


def of_another_window(result: dict[str, Any]) -> None:
    result["fraud_end"] = "2025-10-31"


def of_another_sql(result: dict[str, Any]) -> None:
    result["provenance"]["sql_sha256"] = "0" * 64


def without_provenance(result: dict[str, Any]) -> None:
    del result["provenance"]


def of_a_mode_credited_more_than_charged(result: dict[str, Any]) -> None:
    result["output_df"][0]["credit"] += 5000
    result["credit_amount"] += 5000


def of_another_execution(result: dict[str, Any]) -> None:
    result["execution_id"] = "20250101_000000_00000000"


def another_executions_under_this_id(result: dict[str, Any]) -> None:
    """As it was answered once: its own modes sum to 4,948.80."""
    other = canned_result(result["execution_id"], VERIFY.replace("2025-07-01", "2025-08-01"), None)
    result.clear()
    result.update(other, credit_amount=999_999.99)


def the_same_with_its_sum_right(result: dict[str, Any]) -> None:
    another_executions_under_this_id(result)
    result["credit_amount"] = 4948.80


def less_a_few_keys(result: dict[str, Any]) -> None:
    """What is left keeps the contract of any notebook."""
    result["credit_amount"] = 999_999.99
    for key in ("schema_version", "policy_version", "provenance", "scope", "summary"):
        del result[key]


def of_a_sum_a_cent_more(result: dict[str, Any]) -> None:
    result["credit_amount"] = 4948.81


def of_fractions_of_a_cent(result: dict[str, Any]) -> None:
    result["output_df"][1]["credit"] -= 0.004
    result["output_df"][2]["credit"] += 0.004


def test_a_result_of_the_sql_that_was_asked_is_posted_and_on_call_hears_of_nothing(harness: BotHarness) -> None:
    assert "4,948.80 USD credit recommended" in answered(harness, unchanged)
    assert told(harness) == ""


@pytest.mark.parametrize(
    "change",
    [
        of_another_account,
        of_another_sql,
        without_provenance,
        of_a_mode_credited_more_than_charged,
        of_another_execution,
        another_executions_under_this_id,
        the_same_with_its_sum_right,
        less_a_few_keys,
        of_a_sum_a_cent_more,
        of_fractions_of_a_cent,
    ],
)
def test_a_result_that_fails_a_check_is_never_posted_and_on_call_hears_of_it(
    harness: BotHarness, change: Change
) -> None:
    said = answered(harness, change)
    assert said.startswith("No recommendation:")
    assert "Nothing you posted is wrong" in said
    assert "999,999.99 USD credit" not in said
    assert "result.json is not a result" in told(harness)


def test_a_query_that_was_changed_in_s3_is_not_that_of_the_request(harness: BotHarness) -> None:
    said = answered(harness, unchanged, query=VERIFY.replace("2025-07-01", "2024-07-01"))
    assert "query.sql is not the SQL that Looker gave for the link" in said


@pytest.mark.parametrize(
    ("sql", "change", "why"),
    [
        (VERIFY, of_another_window, "its window is 2025-07-01 to 2025-10-31, its SQL's 2025-07-01 to 2025-09-30"),
        (UNREADABLE, unchanged, "the bot refuses its SQL (The SQL has HAVING"),
    ],
)
def test_days_that_a_bot_of_another_revision_reads_otherwise_are_flagged_and_on_call_is_told(
    harness: BotHarness, sql: str, change: Change, why: str
) -> None:
    said = answered(harness, change, sql)
    assert "credit recommended" in said
    assert f"{NOT_CHECKED}: {why}" in said
    assert f"{NOT_CHECKED}: {why}" in told(harness)
    [audit] = harness.objects(paths.AUDIT_PREFIX).values()
    assert [flag["code"] for flag in json.loads(audit)["result"]["flags"]] == ["window_not_checked"]


@pytest.mark.usefixtures("of_one_revision")
@pytest.mark.parametrize(("sql", "change"), [(VERIFY, of_another_window), (UNREADABLE, unchanged)])
def test_of_one_revision_the_same_is_no_result(harness: BotHarness, sql: str, change: Change) -> None:
    assert answered(harness, change, sql).startswith("No recommendation:")


def test_an_account_that_does_not_stand_in_a_sql_that_cannot_be_read_is_no_result(harness: BotHarness) -> None:
    said = answered(harness, of_another_account, UNREADABLE)
    assert f"its account {OTHER} does not stand in its SQL" in said


@pytest.mark.usefixtures("of_one_revision")
@pytest.mark.parametrize(("account", "posted"), [("AC" + "1" * 32, True), (OTHER, False)])
def test_where_time_ran_out_the_account_must_stand_in_the_sql(harness: BotHarness, account: str, posted: bool) -> None:
    def read(_sql: str, _as_of: date) -> Claimed:
        raise TransientError("time ran out while its SQL was read")

    sql = VERIFY.replace("AC" + "0" * 32, "AC" + "1" * 32)
    result: Any = {**canned_result("20260115_123456_3fa94c01", sql, None), "account_sid": account}
    check = ResultCheck(load_settings(), read)
    if posted:
        [flag] = check.checked(ReadResult(result, "", OUR_PROFILE), sql)["flags"]
        assert "time ran out" in flag["text"]
    else:
        with pytest.raises(ResultInvalid, match="does not stand"):
            check.checked(ReadResult(result, "", OUR_PROFILE), sql)


@pytest.mark.parametrize(("begun", "now"), [("own.ipynb", ""), ("", "own.ipynb")])
def test_a_result_is_held_to_what_was_demanded_when_its_execution_began(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch, begun: str, now: str
) -> None:
    def of_the_own_notebook(result: dict[str, Any]) -> None:
        result["output_df"] = [{"anything": 1}]
        monkeypatch.setenv("NOTEBOOK", now)

    monkeypatch.setenv("NOTEBOOK", begun)
    said = answered(harness, of_the_own_notebook)
    assert ("credit recommended" in said) == bool(begun)
    assert "does not know" not in said


def test_the_bot_reads_account_and_days_as_the_notebook_does() -> None:
    read = make_reader(DEFAULT_ALLOWED_TABLES)
    account = "AC" + "0" * 32
    assert read(VERIFY, date(2026, 1, 15)) == Claimed(account, "2025-07-01", "2025-09-30")


def test_looker_that_gives_another_sql_after_a_death_is_answered_by_that(harness: BotHarness) -> None:
    link = harness.query(VERIFY)
    harness.box.faults.add("throttle", service="sagemaker", operation="CreateProcessingJob")
    ts = harness.post(link)
    harness.tick()
    harness.box.faults.clear()
    slug = link.rsplit("/", 1)[1]
    harness.box.looker.add_query(slug=slug, sql=f"{VERIFY} AND 1 = 1")
    for key in harness.objects(f"{paths.ROOT}/inputs/"):
        harness.box.client("s3").delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=key)
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    assert ["credit recommended" in said for said in harness.answers(ts)] == [True]
