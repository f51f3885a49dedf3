"""A claim that the job would refuse is refused before a job is started, where the job's reader is the bot's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws.script import scripted
from src import paths, runs
from src.config import DEFAULT_ALLOWED_TABLES, BotSettings
from tests.bot.harness import ACCOUNT, READER, TICK_EVERY, VERIFY, WITHOUT_FRAUD, BotHarness, make_known

OTHER = "AC" + "b" * 32
FILTERED = f"{VERIFY} AND country_iso IN ('NG', 'KE') AND attempts > 3"


@pytest.fixture
def known(harness: BotHarness) -> BotHarness:
    """Its jobs' reader is the bot's own."""
    make_known(harness)
    return harness


def audits(harness: BotHarness) -> list[dict[str, Any]]:
    return [json.loads(body) for body in harness.objects(paths.AUDIT_PREFIX).values()]


def refused_audit(harness: BotHarness) -> dict[str, Any]:
    [record] = [record for record in audits(harness) if record["outcome"] == "refused"]
    return record


def test_a_claim_that_the_job_would_refuse_is_refused_in_the_tick_and_no_job_is_started(known: BotHarness) -> None:
    ts = known.post(known.query(WITHOUT_FRAUD, ACCOUNT))

    summary = known.tick()

    [said] = known.answers(ts)
    assert said.startswith("No recommendation: The SQL has no is_fraud = true: honest traffic would be credited.")
    assert "Add that filter in Looker." in said
    assert f"{ACCOUNT}, 2025-07-01 to 2025-09-30" in said
    assert "(The link: " not in said  # there is no other
    assert known.jobs() == []
    assert (summary.answered, summary.failed, summary.refused) == (0, 0, 1)
    assert known.open() == []
    assert known.box.slack.reactions(ts=ts)[-1] == "x"
    assert known.box.slack.dms(user="U0SUPPORT1") == []
    assert known.box.slack.dms(user=known.box.env["SLACK_ERROR_USER"]) == []
    known.check_state_is_readable()


def test_of_two_refused_claims_in_one_message_each_says_which_link_it_is(known: BotHarness) -> None:
    links = [known.query(WITHOUT_FRAUD) for _ in range(2)]
    ts = known.post(*links)

    known.tick()

    named = [said.partition("(The link: ")[2] for said in known.answers(ts)]
    assert sorted(name.rstrip(").")[-10:] for name in named) == sorted(link[-10:] for link in links)


def test_what_it_filters_by_is_said_as_far_as_it_was_read(known: BotHarness) -> None:
    ts = known.post(known.query(FILTERED, ACCOUNT))

    known.tick()

    [said] = known.answers(ts)
    assert "filters by attempts &gt; 3" in said
    assert f"{ACCOUNT}, 2025-07-01 to 2025-09-30, countries KE, NG" in said


def test_a_refused_claim_is_kept_with_its_sql_its_reason_and_its_scope_and_without_a_cost(
    known: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    ts = known.post(known.query(WITHOUT_FRAUD, ACCOUNT))
    known.tick()

    execution_id, record = known.execution_of(ts), refused_audit(known)
    assert record["execution_id"] == execution_id
    assert record["failure"]["category"] == "claim"
    assert record["failure"]["requester_mends"]
    assert (record["result"], record["job_status"], record["cost_estimate"]) == (None, None, None)
    assert record["understood"]["account_sid"] == ACCOUNT
    assert record["attempts"][0]["created_at"] is None
    assert WITHOUT_FRAUD in known.kept_query(execution_id)
    assert paths.ExecutionPaths(execution_id).query in record["files_sha256"]

    def said(*arguments: str) -> Any:
        capsys.readouterr()
        assert runs.main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    [run] = said("search", "--state", "refused")
    assert (run["execution_id"], run["state"], run["account_sid"]) == (execution_id, "refused", ACCOUNT)
    assert (run["fraud_start"], run["fraud_end"], run["failure_category"]) == ("2025-07-01", "2025-09-30", "claim")
    assert [run["state"] for run in said("list")] == ["refused"]
    total = said("cost")["total"]
    assert (total["executions"], total["refused"], total["unpriced"]) == (0, 1, 0)
    assert said("verify", execution_id) == {execution_id: []}
    assert said("show", execution_id)["outcome"] == "refused"


def test_a_refused_claim_frees_its_link(known: BotHarness) -> None:
    link = known.query(WITHOUT_FRAUD)
    first = known.post(link)
    known.tick()
    again = known.post(link)
    known.tick()

    assert known.answers(again) == known.answers(first)
    assert known.jobs() == []


def test_a_good_claim_is_answered_as_before(known: BotHarness) -> None:
    ts = known.ask("result")

    summary = known.tick()

    assert "4,948.80 USD credit recommended" in known.answers(ts)[0]
    assert (summary.answered, summary.refused) == (1, 0)


def test_while_the_jobs_reader_is_not_known_a_job_is_started_and_its_valid_result_makes_it_known(
    harness: BotHarness,
) -> None:
    harness.box.aws.set_reader(sha256=READER)
    harness.post(harness.query(WITHOUT_FRAUD))
    harness.tick()
    assert len(harness.jobs()) == 1  # scripted: it judges nothing

    ts = harness.post(harness.query(WITHOUT_FRAUD))
    harness.tick()

    assert "No job was started" in harness.answers(ts)[0]
    assert len(harness.jobs()) == 1


def of_another_reader(harness: BotHarness, _: pytest.MonkeyPatch) -> None:
    make_known(harness, "0" * 64)


def of_other_tables(_harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_TABLES", f"{','.join(DEFAULT_ALLOWED_TABLES)},authy.more")


def of_another_notebook(_harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOK", "own.ipynb")


def of_an_image_older_than_the_question(harness: BotHarness, _: pytest.MonkeyPatch) -> None:
    make_known(harness, None)


def of_another_image(_harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BotSettings, "job_place", "registry/another:tag")


def of_another_notebook_that_keeps_our_profile(_harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOK", "own.ipynb")
    monkeypatch.setenv("RESULT_PROFILE", "verify_credit/1")


def of_files_that_cannot_be_hashed(_harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify_credit.looker_sql.identity._BESIDE", ("none.py",))


def of_what_cannot_be_read(harness: BotHarness, _: pytest.MonkeyPatch) -> None:
    harness.box.aws.put_objects(objects={paths.READER: "[]"})


def of_a_reader_out_of_time(_harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify_credit.looker_sql.STEPS_IN_PLACE", 0)
    monkeypatch.setattr("verify_credit.looker_sql.reading_process.CPU_SECONDS", 0)


@pytest.mark.parametrize(
    "job",
    [
        of_another_reader,
        of_other_tables,
        of_another_notebook,
        of_another_notebook_that_keeps_our_profile,
        of_files_that_cannot_be_hashed,
        of_an_image_older_than_the_question,
        of_another_image,
        of_what_cannot_be_read,
        of_a_reader_out_of_time,
    ],
)
@pytest.mark.usefixtures("short_ticks")
def test_a_job_that_may_read_otherwise_judges_by_itself(
    known: BotHarness, monkeypatch: pytest.MonkeyPatch, job: Callable[[BotHarness, pytest.MonkeyPatch], None]
) -> None:
    job(known, monkeypatch)
    known.post(known.query(scripted(WITHOUT_FRAUD, "error")))

    known.tick()

    assert len(known.jobs()) == 1
    assert [record["outcome"] for record in audits(known)].count("refused") == 0


def test_a_sql_whose_meaning_presto_s_session_may_change_is_left_to_the_job(known: BotHarness) -> None:
    known.post(known.query(WITHOUT_FRAUD.replace("authy.", "").replace("FROM", "/* authy */ FROM")))

    known.tick()

    assert len(known.jobs()) == 1


def dies_with_its_sql_unkept(harness: BotHarness, sql: str) -> str:
    """A bot dies once it is to start a job for a good claim; Looker gives this SQL by then."""
    link = harness.query(VERIFY, ACCOUNT)
    harness.box.faults.add("throttle", service="sagemaker", operation="CreateProcessingJob")
    ts = harness.post(link)
    harness.tick()
    harness.box.faults.clear()
    harness.box.looker.add_query(slug=link.rsplit("/", 1)[1], sql=sql)
    for key in harness.objects(f"{paths.ROOT}/inputs/"):
        harness.box.client("s3").delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=key)
    harness.time.sleep(TICK_EVERY)
    return ts


@pytest.mark.usefixtures("short_ticks")
def test_another_sql_that_looker_gives_after_a_death_is_looked_at_as_well(known: BotHarness) -> None:
    ts = dies_with_its_sql_unkept(known, WITHOUT_FRAUD)

    known.ticks_until_quiet()

    assert "No job was started" in known.answers(ts)[0]
    assert known.jobs() == []


@pytest.mark.usefixtures("short_ticks")
def test_a_sql_that_was_kept_as_refused_is_not_the_one_of_another_that_looker_gives_later(known: BotHarness) -> None:
    ts = dies_with_its_sql_unkept(known, VERIFY)
    key = paths.ExecutionPaths(known.execution_of(ts)).query
    known.box.aws.put_objects(objects={key: WITHOUT_FRAUD})

    known.ticks_until_quiet()

    assert "credit recommended" in known.answers(ts)[0]
    assert known.kept_query(known.execution_of(ts)) == VERIFY


def link_with_account(harness: BotHarness, sql: str, sid: str) -> str:
    """A link that filters by an account, of an explore whose SQL is another's in spite of it."""
    harness.box.looker.add_explore(model="verify", view="usage", sql=sql)
    return f"{harness.query(sql, ACCOUNT)}?f[usage.account_sid]={sid}"


@pytest.mark.parametrize("reader", [READER, None, "0" * 64], ids=["its own", "unknown", "another"])
def test_a_link_that_names_another_account_than_its_sql_starts_no_job(harness: BotHarness, reader: str | None) -> None:
    make_known(harness, reader)
    ts = harness.post(link_with_account(harness, VERIFY, OTHER))

    summary = harness.tick()

    [said] = harness.answers(ts)
    assert f"The link asks about {OTHER}, its SQL is about {ACCOUNT}" in said
    assert harness.jobs() == []
    assert summary.refused == 1


def test_it_starts_none_for_a_notebook_of_the_companys_own_either(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTEBOOK", "own.ipynb")
    ts = harness.post(link_with_account(harness, VERIFY, OTHER))

    harness.tick()

    assert f"The link asks about {OTHER}" in harness.answers(ts)[0]
    assert harness.jobs() == []


@pytest.mark.usefixtures("short_ticks")
def test_a_result_of_another_account_than_the_links_is_no_answer(harness: BotHarness) -> None:
    ts = harness.post(link_with_account(harness, f"{VERIFY} /* {OTHER} */", OTHER))

    harness.tick()

    [said] = harness.answers(ts)
    assert f"its account is {ACCOUNT}, the link asks about {OTHER}" in said
    assert len(harness.jobs()) == 1


@pytest.mark.parametrize("sid", [ACCOUNT, f"AC{'0' * 32}"])
def test_a_link_that_names_its_sqls_account_is_answered(known: BotHarness, sid: str) -> None:
    ts = known.post(link_with_account(known, VERIFY, sid))

    known.tick()

    assert "credit recommended" in known.answers(ts)[0]
