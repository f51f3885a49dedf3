"""The setting NOTEBOOK: whose notebook it names, what is then demanded of results, and that it is the one that runs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sandbox.client import ROOT, Sandbox
from sandbox.warehouse import SAMPLE_SQL
from src import paths
from src.config import BotSettings, Settings
from src.errors import ConfigurationError
from src.notebook_executor import NotebookExecutor
from tests.own_notebook.notebooks import NAME, least_notebook, notebook_folder

OURS = "Verify - Credit Recommendation.ipynb"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/credits-automation-notebook"
ID = "20260115_123456_3fa94c01"
REVISION, FOLDER = "0123456789ab", "cafe12345678"


@pytest.mark.parametrize(
    ("settings", "demanded"),
    [
        ({}, True),
        ({"notebook": OURS}, True),
        ({"notebook": str(ROOT / "notebooks" / OURS)}, True),
        ({"notebook": f"/opt/notebook/{OURS}"}, True),
        ({"notebook_dir": str(ROOT / "notebooks")}, True),
        ({"sagemaker_image_uri": f"{IMAGE}:{REVISION}"}, True),
        ({"sagemaker_image_uri": f"{IMAGE}@sha256:{'0' * 64}"}, True),
        ({"notebook": "own.ipynb"}, False),
        ({"notebook": f"/home/analyst/{OURS}"}, False),
        ({"notebook_dir": "/home/analyst"}, False),
        ({"sagemaker_image_uri": f"{IMAGE}:{REVISION}-{FOLDER}"}, False),
        ({"sagemaker_image_uri": f"{IMAGE}:{REVISION}-{FOLDER}@sha256:{'0' * 64}"}, False),
        ({"notebook": OURS, "sagemaker_image_uri": f"{IMAGE}:{REVISION}-{FOLDER}"}, False),
    ],
)
def test_the_bot_demands_our_profile_of_our_notebook_alone_and_a_library_of_none(
    settings: dict[str, str], demanded: bool
) -> None:
    assert BotSettings(**settings).demanded_profile == ("verify_credit/1" if demanded else "")
    assert Settings(**settings).demanded_profile == ""


def test_a_profile_that_is_set_is_demanded_whoevers_notebook_it_is() -> None:
    assert BotSettings(notebook="own.ipynb", result_profile="verify_credit/1").demanded_profile == "verify_credit/1"


def test_a_profile_that_nobody_knows_is_refused_before_anything_is_called(sandbox: Sandbox) -> None:
    settings = Settings(s3_output_bucket="bucket", result_profile="strict")
    with pytest.raises(ConfigurationError, match="RESULT_PROFILE is 'strict'"):
        NotebookExecutor(settings).execute(SAMPLE_SQL)


@pytest.fixture
def installed(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of the sandbox, and a folder for notebooks."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("how", ["absolute", "relative to NOTEBOOK_DIR"])
def test_the_notebook_that_the_setting_names_runs_on_this_machine(
    installed: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = least_notebook(installed)
    monkeypatch.setenv("NOTEBOOK", str(path) if how == "absolute" else NAME)
    if how != "absolute":
        monkeypatch.setenv("NOTEBOOK_DIR", str(path.parent))
    executor = NotebookExecutor(jobs_dir=installed / "jobs", sleep=_little)

    job = executor.execute(SAMPLE_SQL)
    status = executor.wait_for_completion(job["job_name"])

    assert status["outcome"] == "completed", executor.log_tail(job["job_name"])
    result = executor.get_results(job["execution_id"])
    assert result["credit_amount"] == 12.5
    assert result["output_df"] == [{"mode": "SMS", "credit": 12.5}]


def test_settings_that_name_no_notebook_run_ours_whatever_the_process_has_in_its_environment(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = installed / "seen"
    entrypoint = installed / "entrypoint.sh"
    entrypoint.write_text(f'env > "{seen}"')
    monkeypatch.setenv("NOTEBOOK", "/somewhere/else.ipynb")
    monkeypatch.setenv("RESULT_PROFILE", "strict")
    settings = Settings(notebook="", result_profile="")
    executor = NotebookExecutor(settings, jobs_dir=installed / "jobs", entrypoint=entrypoint, sleep=_little)

    executor.wait_for_completion(executor.execute(SAMPLE_SQL)["job_name"])

    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert names.isdisjoint({"NOTEBOOK", "NOTEBOOK_DIR", "RESULT_PROFILE"})


def test_a_notebook_that_is_not_there_is_refused_by_its_path_before_a_job_begins(installed: Path) -> None:
    folder = notebook_folder(installed, "credit_amount = 1")
    executor = NotebookExecutor(Settings(notebook="gone.ipynb", notebook_dir=str(folder)), jobs_dir=installed / "jobs")
    with pytest.raises(ConfigurationError, match=f"there is no {folder / 'gone.ipynb'}"):
        executor.execute(SAMPLE_SQL, execution_id=ID)
    assert executor.poll([paths.job_name(ID)]) == {}


def _little(seconds: float) -> None:
    """Real processes take real time, but less than the executor would wait."""
    time.sleep(min(seconds, 0.05))
