"""Documentation/YOUR_OWN.md, "Your notebook": its notebooks give their amounts, its commands print what it says.

All is taken from the document; tests/library/test_foreign_bot.py does so for "Your bot".
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

import src
from sandbox.client import ROOT, Sandbox
from sandbox.demo import EXPECTED
from src import errors
from src.config import Settings
from src.execution.base_executor import BaseExecutor
from src.executor import CreditResult
from src.notebook_executor import NotebookExecutor
from src.sagemaker_executor import SageMakerExecutor
from tests.documentation.blocks import DOCUMENTS, blocks
from tests.own_notebook.notebooks import NAME as OWN
from tests.own_notebook.notebooks import notebook_folder

sys.path.insert(0, str(ROOT / "sagemaker"))

from runner import workdir
from runner.inside_kernel import FIELDS

NAME = "YOUR_OWN.md"
TEXT = (DOCUMENTS / NAME).read_text(encoding="utf-8")
FILES, *COMMANDS = blocks(NAME, "bash")
[READS_PRESTO] = [block for block in blocks(NAME, "python") if "prestodb" in block.code]
CHARGED = sum(mode[2] for mode in EXPECTED.values())

Run = Callable[[Path], CreditResult]


@pytest.fixture
def mine(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the document makes, in a home of its own; the environment is what `python -m sandbox` prints."""
    folder = tmp_path / "mine"
    here = {"HOME": str(tmp_path), "PATH": _path(), "NOTEBOOK": str(folder / "credits.ipynb")}
    for name, value in {**sandbox.env, **here}.items():
        monkeypatch.setenv(name, value)
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NOTEBOOK_DIR"):
        monkeypatch.delenv(name, raising=False)
    bash(FILES.code)
    return folder


def bash(commands: str) -> str:
    """What they print, in the top folder of this checkout."""
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{commands}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def _path() -> str:
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.fixture(params=[NotebookExecutor, SageMakerExecutor], ids=["local", "job"])
def run(request: pytest.FixtureRequest, mine: Path, tmp_path: Path) -> Run:
    """Runs a notebook for the document's query on this machine, or as a processing job."""

    def run(notebook: Path) -> CreditResult:
        settings = Settings(notebook=str(notebook))
        more = {"jobs_dir": tmp_path / "jobs"} if request.param is NotebookExecutor else {}
        executor: BaseExecutor = request.param(settings, sleep=_little, **more)
        return executor.run((mine / "claim.sql").read_text())

    return run


def _little(seconds: float) -> None:
    """Real processes take real time, but less than the executor would wait."""
    time.sleep(min(seconds, 0.05))


@pytest.mark.parametrize("run", [NotebookExecutor], indirect=True, ids=["local"])  # as a job: the demo's, and below
def test_the_least_notebook_gives_its_amount(run: Run, mine: Path) -> None:
    result = run(mine / "credits.ipynb")
    assert (result["credit_amount"], result["output_df"]) == (12.5, [])


def test_with_the_cell_that_reads_presto_it_gives_what_the_query_finds(run: Run, mine: Path) -> None:
    notebook = mine / "credits.ipynb"
    content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    content.cells[-1].source = READS_PRESTO.code
    nbformat.write(content, notebook)  # type: ignore[no-untyped-call]

    result = run(notebook)

    assert result["credit_amount"] == pytest.approx(CHARGED)
    assert result["output_df"][0].keys() == {"usage_date", "charged"}


def test_a_notebook_that_asks_for_every_parameter_that_is_named_gets_it(run: Run, tmp_path: Path) -> None:
    told = TEXT.partition("- **Parameters:**")[2].partition("\n- **")[0]
    names = re.findall("`([a-z_]+)`", told)
    cell = f"credit_amount = sum(value is not None for value in ({', '.join(names)}))"
    folder = notebook_folder(tmp_path, cell, parameters="".join(f"{name} = None\n" for name in names))
    assert run(folder / OWN)["credit_amount"] == len(names) > 1


def test_the_least_notebook_is_ten_lines() -> None:
    [notebook] = re.findall(r"(?s)credits\.ipynb\" <<'IPYNB'\n(.*?)IPYNB\n", FILES.code)
    assert len(notebook.splitlines()) <= 10


@pytest.mark.heavy
def test_the_commands_print_what_the_document_says(mine: Path) -> None:
    for block in COMMANDS:
        said = bash(block.code)
        for line in block.expected:
            assert line in said, f"{block.heading}: {line!r} is not in\n{said}"


@pytest.mark.heavy
def test_the_sandbox_that_the_document_starts_has_the_notebook_in_the_environment_that_it_prints(mine: Path) -> None:
    [command] = [block.code for block in blocks(NAME, "sh") if "-m sandbox" in block.code]
    with subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if line.startswith("export NOTEBOOK="))
        finally:
            process.terminate()
    assert shlex.split(line)[1] == f"NOTEBOOK={mine / 'credits.ipynb'}"


def rows(heading: str) -> list[str]:
    """The names in the first cells of the tables under a heading."""
    section = re.split(r"(?m)^##+ ", TEXT.partition(f"### {heading}\n")[2])[0]
    return [name for cell in re.findall(r"(?m)^\| (`[^|]+) \|", section) for name in re.findall("`([^`]+)`", cell)]


def test_each_variable_and_file_that_the_runner_takes_is_in_the_tables_and_no_other() -> None:
    files = {workdir.RESULT, workdir.REPORT, workdir.PICTURE, workdir.PROGRESS, f"{workdir.DATA}/*"}
    assert set(rows("What each further name gives")) == {"output_df", *FIELDS} | files


def test_each_error_that_an_executor_raises_is_in_the_table_and_can_be_imported() -> None:
    others = {errors.ConfigurationError, errors.QueryError, errors.TransientError, errors.CapacityError}
    ends = {errors.ResultMissing, errors.ResultInvalid, *errors.ExecutionError.__subclasses__()} - {errors.ResultError}
    named = set(rows("What goes wrong"))
    assert named == {kind.__name__ for kind in others | ends}
    assert all(hasattr(src, name) for name in named)


def test_each_setting_that_an_executor_reads_is_named() -> None:
    section = re.split(r"(?m)^##+ ", TEXT.partition("### Settings\n")[2])[0]
    missing = [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in section]
    assert "`SAGEMAKER_…`" in section
    assert all(name.startswith("SAGEMAKER_") for name in missing)


def test_each_link_leads_to_a_document_and_a_heading() -> None:
    for file, anchor in re.findall(r"\]\(([A-Z_]+\.md)(?:#([^)]+))?\)", TEXT):
        headings = re.findall(r"(?m)^#+ (.*)$", (DOCUMENTS / file).read_text(encoding="utf-8"))
        known = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
        assert not anchor or anchor in known, f"{file}#{anchor}"
