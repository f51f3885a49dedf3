"""`make demo NOTEBOOK=PATH`: a recommendation by another notebook, end to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.client import ROOT
from tests.own_notebook.notebooks import NAME, least_notebook, notebook_folder


def demo(notebook: Path, output: Path, executor: str = "local") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox.demo", "--notebook", str(notebook), "--executor", executor]
    command += ["--output", str(output)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)


def test_the_last_line_says_that_notebooks_amount(tmp_path: Path) -> None:
    done = demo(least_notebook(tmp_path), tmp_path, "sagemaker")

    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("demo: credit 12.50 USD in ")
    assert last.endswith(f"(executor sagemaker, presto embedded, notebook {NAME})")
    assert "12.50 USD credit recommended" in done.stdout


@pytest.mark.heavy
def test_a_notebook_that_sets_no_amount_ends_the_demo_with_what_differs(tmp_path: Path) -> None:
    done = demo(notebook_folder(tmp_path, "amount = 12.5") / NAME, tmp_path)

    assert done.returncode == 1
    assert "No recommendation" in done.stdout
    assert "demo: DIFFERS: result.json is missing" in done.stderr
    assert "0.00" not in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_make_hands_a_path_on_whatever_is_in_it_and_one_that_is_not_there_is_said_before_anything_starts() -> None:
    path = "no where/It's $(shell echo mine).ipynb"
    command = ["make", "--no-print-directory", "demo", f"NOTEBOOK={path.replace('$', '$$')}"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)

    assert done.returncode == 2
    assert f"demo: NOTEBOOK is {path}, and there is no such file: give its path." in done.stderr
    assert "Starting" not in done.stdout
