"""The doctor on an installation whose notebook is the company's own: nothing of ours is asked for, nor demanded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.conftest import Installation
from tests.own_notebook.notebooks import NAME, least_notebook, notebook_folder

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/credits-automation"


@pytest.mark.parametrize("executor", ["sagemaker", "local"])
def test_a_notebook_that_works_has_no_line_that_is_not_fine(
    installation: Installation, tmp_path: Path, executor: str
) -> None:
    installation.set(EXECUTOR=executor, NOTEBOOK=str(least_notebook(tmp_path)))

    installation.examine(job=True)

    assert {finding.state for finding in installation.findings} == {"ok"}
    seen = [finding.check for finding in installation.findings]
    assert seen[seen.index("job: run") + 1 :] == ["secret", "notebook", "imports", "kernel", "job: log"]
    assert installation.found("notebook") == f"{NAME} opens and takes looker"
    assert "nothing besides the contract" in installation.found("setting RESULT_PROFILE")


def test_a_notebook_that_cannot_run_here_has_its_own_line(installation: Installation, tmp_path: Path) -> None:
    for cells, parameters, check, words in (
        (["credit_amount = 1"], None, "notebook", "no cell tagged parameters"),
        (["credit_amount = 1"], "query = ''", "notebook", "has no looker"),
        (["import nosuchpackage"], "looker = ''", "imports", "nosuchpackage"),
    ):
        folder = notebook_folder(tmp_path, *cells, parameters=parameters)
        installation.set(EXECUTOR="local", NOTEBOOK=NAME, NOTEBOOK_DIR=str(folder))

        installation.examine(job=True)

        assert list(installation.wrong) == [check]
        assert words in installation.wrong[check]


def test_a_kernel_that_does_not_start_has_its_own_line(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = least_notebook(tmp_path)
    (path.parent / "ipykernel_launcher.py").write_text("raise SystemExit('no kernel today')\n")
    (path.parent / "ipykernel_launcher").mkdir()
    (path.parent / "ipykernel_launcher" / "__main__.py").write_text("raise SystemExit('no kernel today')\n")
    installation.set(EXECUTOR="local", NOTEBOOK=NAME, NOTEBOOK_DIR=str(path.parent))

    installation.examine(job=True)

    assert list(installation.wrong) == ["kernel"]
    assert "does not start" in installation.wrong["kernel"]


def test_a_secret_of_any_shape_is_the_notebooks_own_business(installation: Installation, tmp_path: Path) -> None:
    installation.box.aws.set_secret(text="a-token-and-nothing-else")
    installation.set(EXECUTOR="local", NOTEBOOK=str(least_notebook(tmp_path)))

    installation.examine(job=True)

    assert installation.wrong == {}


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "verify_credit/1 is demanded: NOTEBOOK and the image's tag name no other notebook"),
        ({"NOTEBOOK": "own.ipynb"}, "the notebook is the company's own (NOTEBOOK is own.ipynb)"),
        ({"SAGEMAKER_IMAGE_URI": f"{IMAGE}:0123456789ab-cafe12345678"}, "has another notebook's hash"),
        (
            {"NOTEBOOK": "own.ipynb", "RESULT_PROFILE": "verify_credit/1"},
            "verify_credit/1 is demanded, since it is set; the notebook is the company's own",
        ),
    ],
)
def test_which_profile_is_demanded_has_a_line_that_says_why(
    installation: Installation, environment: dict[str, str], words: str
) -> None:
    installation.set(**environment)

    installation.examine(job=False)

    assert words in installation.found("setting RESULT_PROFILE")
    assert ("Presto" in {finding.check for finding in installation.findings}) == ("is demanded" in words)


def test_a_profile_that_nobody_knows_has_its_own_line(installation: Installation) -> None:
    installation.set(RESULT_PROFILE="strict")
    installation.examine(job=False)
    assert list(installation.wrong) == ["setting RESULT_PROFILE"]
