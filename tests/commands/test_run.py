"""`credits run`, `credits runs get`, and what past executions were for: by hand, without Slack and Looker."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.script import scripted
from src import credits as entry
from src import paths, runs
from tests.bot.conftest import harness
from tests.bot.harness import VERIFY, WITHOUT_FRAUD, BotHarness, make_known
from tests.commands.in_process import Done, call
from tests.commands.test_credits import SCRIPT

__all__ = ["harness"]

NEITHER_SLACK_NOR_LOOKER = {name: "" for name in os.environ if name.startswith(("SLACK_", "LOOKER"))} | dict.fromkeys(
    ("SLACK_BOT_TOKEN", "SLACK_CHANNEL", "LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID"), ""
)


def by_hand(*arguments: str | Path, sql: str = "") -> Done:
    return call(entry.main, "run", *arguments, sql=sql, **NEITHER_SLACK_NOR_LOOKER)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert runs.main([*arguments, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def claim(tmp_path: Path) -> Path:
    file = tmp_path / "claim.sql"
    file.write_text(f"{VERIFY} /* é */\n")
    return file


def test_a_file_of_sql_is_answered_without_slack_and_looker(harness: BotHarness, claim: Path) -> None:
    done = subprocess.run(
        [str(SCRIPT), "run", str(claim)],
        env={**os.environ, **NEITHER_SLACK_NOR_LOOKER},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "credit recommended" in done.stdout
    assert "started as job credits-automation-" in done.stdout
    assert harness.box.count_calls(service="slack") == {}
    [(key, query)] = harness.objects(f"{paths.ROOT}/inputs/").items()
    assert (key.rsplit("/", 1)[1], query) == ("query.sql", claim.read_bytes())


def test_a_claim_that_its_job_would_refuse_starts_none(harness: BotHarness, claim: Path) -> None:
    make_known(harness)
    claim.write_text(WITHOUT_FRAUD)

    done = by_hand(claim)

    assert (done.returncode, done.stdout, harness.jobs()) == (1, "", [])
    assert "The SQL has no is_fraud = true" in done.stderr
    [audit] = harness.objects(paths.AUDIT_PREFIX).values()
    assert (json.loads(audit)["outcome"], json.loads(audit)["purpose"]) == ("refused", "script")


def test_for_machines_standard_output_is_the_result_alone(harness: BotHarness) -> None:
    done = by_hand("-", "--json", sql=VERIFY)
    assert json.loads(done.stdout)["credit_amount"] == 4948.80
    assert "started as job" in done.stderr


def test_its_files_are_brought_with_it(harness: BotHarness, claim: Path, tmp_path: Path) -> None:
    done = by_hand(claim, "--get", tmp_path / "claim")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "claim" / "query.sql").read_bytes() == claim.read_bytes()
    assert json.loads((tmp_path / "claim" / "result.json").read_bytes())["credit_amount"] == 4948.80


def test_a_failed_execution_ends_with_1_says_why_and_its_files_are_brought_all_the_same(
    harness: BotHarness, tmp_path: Path
) -> None:
    done = by_hand("-", "--get", tmp_path / "claim", sql=scripted(VERIFY, "error"))
    assert done.returncode == 1
    assert "job arn:aws:sagemaker:" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert (tmp_path / "claim" / "error.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no-such-file.sql"], 2, "no-such-file.sql cannot be read: No such file"),
        (["-"], 1, "The SQL is empty"),
        (["-", "--get", "."], 2, "is not an empty folder"),
        (["-", "--executor", "kubernetes"], 2, "invalid choice"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is_started(
    harness: BotHarness, arguments: list[str], code: int, words: str
) -> None:
    done = by_hand(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert harness.jobs() == []


def test_sql_that_is_no_utf_8_is_named(harness: BotHarness, tmp_path: Path) -> None:
    file = tmp_path / "latin.sql"
    file.write_bytes(b"SELECT '\xe9'")
    done = by_hand(file)
    assert done.returncode == 2
    assert "is not UTF-8: byte 9" in done.stderr


def test_executor_and_notebook_are_for_this_execution(harness: BotHarness, claim: Path) -> None:
    by_hand(claim, "--executor", "sagemaker", "--notebook", "theirs/other.ipynb")
    [job] = harness.jobs()
    assert job["environment"]["NOTEBOOK"] == "theirs/other.ipynb"


# What executions were for


@pytest.fixture
def of_every_kind(harness: BotHarness, claim: Path) -> BotHarness:
    """An answered message, a link, and a script."""
    harness.ask("result")
    harness.tick()
    assert call(entry.main, "tick", "--link", harness.query(VERIFY)).returncode == 0
    assert by_hand(claim).returncode == 0
    return harness


def test_messages_are_shown_and_the_others_when_they_are_asked_for(
    of_every_kind: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("list", "search"):
        assert [run["purpose"] for run in listed(capsys, command)] == ["message"]
        for purpose in ("link", "script"):
            assert [run["purpose"] for run in listed(capsys, command, "--purpose", purpose)] == [purpose]
        everything = [run["purpose"] for run in listed(capsys, command, "--purpose", "all")]
        assert sorted(everything) == ["link", "message", "script"]
    assert listed(capsys, "list", "--purpose", "compare") == []
    assert [run["link"][:8] for run in listed(capsys, "list", "--purpose", "link")] == ["https://"]


def test_export_and_cost_count_the_others_when_they_are_asked_for(
    of_every_kind: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    for purpose, number in (("message", 1), ("all", 3), ("script", 1)):
        assert runs.main(["export", "--purpose", purpose]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1 + number
        assert runs.main(["cost", "--purpose", purpose, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["total"]["executions"] == number


def test_only_the_answer_to_a_message_is_in_the_accounts_index(of_every_kind: BotHarness) -> None:
    assert len(of_every_kind.objects(paths.AUDIT_PREFIX)) == 3
    assert len(of_every_kind.objects(f"{paths.ROOT}/index/")) == 1


# Files


@pytest.fixture
def answered(harness: BotHarness) -> str:
    """The id of an answered message's execution."""
    harness.ask("result")
    harness.tick()
    [key] = harness.objects(paths.AUDIT_PREFIX)
    return key.rsplit("/", 1)[1].removesuffix(".json")


def put(harness: BotHarness, key: str, content: bytes) -> None:
    harness.box.client("s3").put_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=key, Body=content)


def test_all_files_of_an_execution_are_brought(harness: BotHarness, answered: str, tmp_path: Path) -> None:
    assert runs.main(["get", answered, str(tmp_path)]) == 0
    there = {
        name.split(f"{answered}/", 1)[1]: body
        for name, body in harness.objects(f"{paths.ROOT}/").items()
        if f"puts/{answered}/" in name
    }
    brought = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if not path.is_dir()}
    assert brought == there
    assert {"query.sql", "result.json", "report.html"} <= brought.keys()


def test_a_file_that_was_changed_or_is_gone_is_refused_by_name_and_the_others_are_brought(
    harness: BotHarness, answered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = paths.ExecutionPaths(answered)
    put(harness, files.report, b"another report")
    harness.box.client("s3").delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=files.notebook)

    assert runs.main(["get", answered, str(tmp_path)]) == 1

    said = capsys.readouterr().err
    assert f"{files.report} was not brought: it is not what was recorded" in said
    assert f"{files.notebook} is missing" in said
    assert not (tmp_path / "report.html").exists()
    assert (tmp_path / "result.json").exists()


def test_a_result_that_was_changed_is_refused(
    harness: BotHarness, answered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = paths.ExecutionPaths(answered)
    result = json.loads(harness.content(files.result))
    put(harness, files.result, json.dumps({**result, "credit_amount": 1.0}).encode())
    assert runs.main(["get", answered, str(tmp_path)]) == 1
    assert f"{files.result} was not brought" in capsys.readouterr().err


def test_what_came_later_is_brought_and_said_to_have_no_hash(
    harness: BotHarness, answered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = f"{paths.ExecutionPaths(answered).output_prefix}later.txt"
    put(harness, key, b"x")
    assert runs.main(["get", answered, str(tmp_path)]) == 0
    assert f"{key}: no hash was recorded of it" in capsys.readouterr().err


def test_without_an_audit_record_the_files_are_held_to_the_result(
    harness: BotHarness, answered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = paths.ExecutionPaths(answered)
    harness.box.client("s3").delete_object(Bucket=harness.box.env["S3_OUTPUT_BUCKET"], Key=files.audit)
    put(harness, files.report, b"another report")
    assert runs.main(["get", answered, str(tmp_path)]) == 1
    assert f"{files.report} was not brought" in capsys.readouterr().err
    assert (tmp_path / "result.json").is_file()


@pytest.mark.parametrize("name", ["20200101_000000_00000000", "../../state", "x"])
def test_an_execution_that_never_was_has_no_files(
    harness: BotHarness, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runs.main(["get", name, str(tmp_path)]) == 1
    assert "no such execution" in capsys.readouterr().err


def test_files_of_two_executions_do_not_mix(
    harness: BotHarness, answered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runs.main(["get", answered, str(tmp_path)]) == 0
    assert runs.main(["get", answered, str(tmp_path)]) == 2
    assert "is not an empty folder" in capsys.readouterr().err
