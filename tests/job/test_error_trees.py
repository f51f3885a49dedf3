"""What the notebook's errors say of a job's end is what the runner reports: code, and whether to try again."""

from __future__ import annotations

import inspect
import sys

import pytest
from verify_credit import errors as of_the_notebook
from verify_credit.errors import JobError

from sandbox.client import ROOT

sys.path.insert(0, str(ROOT / "sagemaker"))

from runner import errors as of_the_runner

ERRORS = {
    name: kind
    for name, kind in inspect.getmembers(of_the_notebook, inspect.isclass)
    if issubclass(kind, JobError) and kind is not JobError
}
RUNNERS = {
    kind.category: kind
    for _, kind in inspect.getmembers(of_the_runner, inspect.isclass)
    if issubclass(kind, of_the_runner.JobError) and kind is not of_the_runner.JobError
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_notebooks_error_has_the_exit_code_that_its_tree_and_the_runner_say(name: str) -> None:
    kind = ERRORS[name]
    assert kind.exit_code == of_the_runner.EXIT_CODES[kind.category]
    assert f"── {name:21} {kind.exit_code} " in (of_the_notebook.__doc__ or "")


def test_each_category_of_the_runner_has_one_error_of_the_notebook() -> None:
    assert sorted(kind.category for kind in ERRORS.values()) == sorted(of_the_runner.EXIT_CODES)


@pytest.mark.parametrize("name", ERRORS)
def test_trying_again_helps_with_what_may_be_over_by_then_and_alike_in_both_trees(name: str) -> None:
    kind = ERRORS[name]
    assert kind.retry_helps is (kind.category in {"warehouse", "timeout", "stopped", "kernel", "output"})
    assert kind.category not in RUNNERS or RUNNERS[kind.category].retry_helps is kind.retry_helps
