"""The wheel with packages from the index: the lowest versions that are allowed, the newest, and the newest Python."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from sandbox.aws.script import scripted
from sandbox.client import ROOT, Sandbox
from sandbox.warehouse import SAMPLE_SQL
from src.credits import COMMANDS
from tests.library.foreign_bot import ForeignBot
from tests.library.installed import FOREIGN, UV, Installed, build_wheel, make_foreign
from tests.own_notebook.four import FOUR, write_four

MOTO = f"moto[server]=={version('moto')}"
PYTEST = f"pytest=={version('pytest')}"
PYTHONS = os.environ["LIBRARY_PYTHONS"].split(":")  # oldest first
ENVIRONMENTS = [
    (PYTHONS[0], "lowest-direct"),
    *((python, "highest") for python in PYTHONS),
]
NOTEBOOK = """
import json
from credits_automation import NotebookExecutor

executor = NotebookExecutor()
job = executor.execute(open("query.sql").read())
executor.wait_for_completion(job["job_name"])
print(json.dumps(executor.get_results(job["execution_id"])["credit_amount"]))
"""


@pytest.fixture(scope="module", params=ENVIRONMENTS, ids=lambda way: f"{Path(way[0]).name}-{way[1]}")
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An empty environment with the wheel, its dependencies, moto and pytest: what another bot has."""
    interpreter, resolution = request.param
    folder = tmp_path_factory.mktemp("library")
    subprocess.run([UV, "venv", "--quiet", "--python", interpreter, folder / "venv"], check=True)
    library = Installed(folder / "venv" / "bin" / "python", make_foreign(folder / "foreign"))
    install(library, resolution, build_wheel(folder / "wheel"), MOTO, PYTEST)
    return library


def install(library: Installed, resolution: str, wheel: Path, *more: str, extras: Sequence[str] = ()) -> None:
    """The wheel with these extras. What it depends on is "direct" only where it is read from pyproject.toml."""
    into = [UV, "pip", "install", "--quiet", "--python", library.python]
    named = [f"--extra={extra}" for extra in extras]
    subprocess.run([*into, "--resolution", resolution, "-r", ROOT / "pyproject.toml", *named, *more], check=True)
    wanted = f"[{','.join(extras)}]" if extras else ""
    subprocess.run([*into, f"credits-automation{wanted} @ {wheel.as_uri()}"], check=True)


def test_the_executor_alone_starts_an_execution(installed: Installed) -> None:
    answer = installed.four_lines()
    assert answer["status"] == "Completed"
    assert {name.split(".")[0] for name in answer["modules"]}.isdisjoint({"slack_sdk", "looker_sdk", "pandas"})


def test_four_notebooks_that_import_nothing_of_ours_give_their_amounts(
    installed: Installed, sandbox: Sandbox, tmp_path: Path
) -> None:
    said = installed.own_notebooks(write_four(tmp_path), SAMPLE_SQL, {**sandbox.env, **FOREIGN})
    failed = said.pop("s3, then fails")
    assert said == {name: one.amount for name, one in FOUR.items() if one.amount is not None}
    assert failed.startswith("ExecutionFailed: ")
    assert "ZeroDivisionError" in failed


def test_somebody_elses_bot_answers_tells_of_failures_and_passes_its_test(installed: Installed, tmp_path: Path) -> None:
    bot = ForeignBot(installed, tmp_path / "bot")
    bot.change()
    messages = [{"ts": "1", "sql": "SELECT 1"}, {"ts": "2", "sql": scripted("SELECT 1", "platform_lost")}]
    with Sandbox.start(jobs="scripted", presto="none") as box:
        answer, told = bot.run(messages, **box.env)
    assert answer == {"thread": "1", "text": "Recommended credit: 4,948.80"}
    assert "The platform lost the execution: InternalServerError" in told["text"]
    assert "2 passed" in bot.run_own_test()


def test_with_its_extras_every_command_runs_and_the_notebook_gives_the_sample_accounts_credit(
    installed: Installed, sandbox: Sandbox, request: pytest.FixtureRequest
) -> None:
    [wheel] = installed.folder.parent.glob("wheel/*.whl")
    resolution = request.node.callspec.params["installed"][1]
    install(installed, resolution, wheel, extras=("bot", "local", "parquet"))
    for name in COMMANDS:
        assert f"usage: credits {name}" in installed.run(installed.script("credits"), name, "--help")
    environment = {**sandbox.env, "TMPDIR": str(installed.folder)}
    assert isinstance(
        json.loads(installed.run(installed.script("credits"), "runs", "list", "--json", **environment)), list
    )
    (installed.folder / "query.sql").write_text(SAMPLE_SQL)
    assert json.loads(installed.run(installed.python, "-c", NOTEBOOK, **environment, PYTHONPATH="")) == 4948.80
