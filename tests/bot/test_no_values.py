"""What a table holds is not in Slack when a job fails on it: not in the thread, a DM, or the log lines there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import Sandbox
from src import paths
from src.config import load_settings
from src.credit_bot import make_bot
from src.execution.job_log import sayable
from src.executors import make_executor
from src.waiting import Waiter
from tests.canary import CARD
from tests.own_notebook.four import ASKED_BY
from tests.own_notebook.notebooks import NAME, notebook_folder

ACCOUNT = "AC" + "c" * 32
CAST = (
    "SELECT SUM(CAST(service_sid AS BIGINT)) AS attempts,\n  SUM(amount) AS amount FROM authy.verification_usage\n"
    f"WHERE is_fraud = true AND account_sid = '{ACCOUNT}' "
    "AND usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-10-01'"
)
MISSPELT = CAST.replace("SUM(CAST(service_sid AS BIGINT))", "SUM(attempts)").replace("SUM(amount)", "SUM(amounts)")
FOREIGN = (f"import os, warnings\nprint('{CARD}')\nwarnings.warn('{CARD}')\nos.write(2, b'{CARD}')", f"int('{CARD}')")
LINE = "2026-01-15T12:34:56 20260115_123456_3fa94c01"


@pytest.fixture
def box(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sandbox:
    sandbox.reset()
    place = f"'{ACCOUNT}', '{CARD}', DATE '2025-07-10', 'NG', '621', true, 10, 5.0, 'USD'"
    sandbox.presto.execute(sql=f"INSERT INTO authy.verification_usage VALUES ({place})")
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("src.bot.polling.STATUS_EVERY", 1.0)
    return sandbox


def tick(box: Sandbox, sql: str) -> tuple[str, str, dict[str, Any]]:
    """What Slack was told of a link of this SQL, in all, and ExitMessage; its job's log; its error.json."""
    host = box.env["LOOKER_HOSTS"].split(",")[0]
    box.looker.add_query(slug="canary", sql=sql)
    ts = box.slack.post(user=ASKED_BY, text=f"<https://{host}/x/canary>")
    bot = make_bot(load_settings(), waiting=Waiter())
    bot.run()
    exits = [job["exit_message"] for job in box.aws.jobs()]
    told = json.dumps([box.slack.thread(ts=ts)[1:], box.slack.dms(), exits])
    s3, bucket = box.client("s3"), box.env["S3_OUTPUT_BUCKET"]
    [found] = s3.list_objects_v2(Bucket=bucket, Prefix=f"{paths.ROOT}/inputs/")["Contents"]
    files = paths.ExecutionPaths(found["Key"].split("/")[2])
    error = json.loads(s3.get_object(Bucket=bucket, Key=files.error)["Body"].read())
    executor = make_executor(bot.services.settings, clients=bot.services.clients, sleep=Waiter().sleep)
    return told, "\n".join(executor.log_tail(paths.job_name(files.execution_id), 200)), error


@pytest.mark.parametrize("executor", ["sagemaker", pytest.param("local", marks=pytest.mark.heavy)])
def test_a_value_that_presto_quotes_is_in_the_jobs_log_alone(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    monkeypatch.setenv("EXECUTOR", executor)

    told, log, error = tick(box, CAST)

    assert "INVALID_CAST_ARGUMENT, a value cannot be converted" in told
    assert CARD not in told
    assert CARD not in json.dumps(error)
    assert f"detail: Presto said of the looker query: Cannot cast '{CARD}'" in log
    assert "INFO the notebook begins" in told


@pytest.mark.heavy
def test_a_misspelt_column_is_named_with_line_and_column(box: Sandbox) -> None:
    told, _, _ = tick(box, MISSPELT)

    assert "SYNTAX_ERROR, there is no such column, at line 2, column 7: amounts" in told


@pytest.mark.heavy
@pytest.mark.parametrize("executor", ["sagemaker", "local"])
def test_of_a_foreign_error_its_class_is_told_and_of_what_the_notebook_prints_nothing(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, executor: str
) -> None:
    monkeypatch.setenv("EXECUTOR", executor)
    monkeypatch.setenv("NOTEBOOK", str(notebook_folder(tmp_path, *FOREIGN) / NAME))

    told, log, error = tick(box, CAST)

    assert "A cell of the notebook failed: ValueError." in told
    assert CARD not in told
    assert CARD not in error["message"] + error["advice"]
    assert f"detail: ValueError: invalid literal for int() with base 10: '{CARD}'" in log


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{LINE} INFO the notebook begins", True),
        (f"{LINE} INFO 3 of 8 queries done", True),
        (f"{LINE} INFO failed: query", True),
        (f"{LINE} INFO done in 12.3 s", True),
        (f"{LINE} INFO done in 12.3 s {CARD}", False),
        (f"{LINE} INFO the notebook's kernel {CARD} is run on python3", False),
        (f"{LINE} ERROR query: Presto refused the looker query: Cannot cast '{CARD}' to BIGINT", False),
        (f"{LINE} ERROR detail: {CARD}", False),
        (f"{LINE} ERROR kernel: {CARD}", False),
        (f"{LINE} WARNING {CARD}", False),
        (f"{CARD} 20260115_123456_3fa94c01 INFO the notebook begins", False),
        (f"{LINE} INFO done in 1.0 s\n{CARD}", False),
        ("", False),
        (CARD, False),
    ],
)
def test_of_a_jobs_log_the_lines_of_its_steps_may_be_posted_and_no_other(line: str, said: bool) -> None:
    assert sayable([line]) == ([line] if said else [])
