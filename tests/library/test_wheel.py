"""The package as others install it: a wheel, beside packages that have the names of this repository's folders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.client import Sandbox
from sandbox.warehouse import SAMPLE_SQL
from src.credits import COMMANDS
from tests.conftest import Figure
from tests.library.installed import Installed

NOT_THE_EXECUTORS = {"slack_sdk", "looker_sdk", "rich", "pandas", "numpy", "papermill", "prestodb", "src", "notebooks"}

ONE_CALL = """
import json, os
from credits_automation import SageMakerExecutor

executor = SageMakerExecutor()
credit = executor.run(os.environ["SQL"])["credit_amount"]
try:
    executor.run("SELECT 1 FROM authy.verification_usage")
except Exception as error:
    print(json.dumps({
        "credit": credit, "kind": type(error).__name__, "said": str(error), "execution_id": error.execution_id
    }))
"""

EVERY_HELP = """
from contextlib import suppress
from credits_automation import credits

credits.main(["--help"])
for name in credits.COMMANDS:
    print(end="\\0")
    with suppress(SystemExit):
        credits.main([name, "--help"])
"""


@pytest.fixture(params=["wheel", "checkout"])
def script(request: pytest.FixtureRequest, installed: Installed) -> Path:
    """`credits`, as the wheel and as the checkout's environment have it."""
    return installed.script("credits") if request.param == "wheel" else Path(sys.executable).with_name("credits")


def test_an_execution_under_plain_mock_aws_imports_the_executor_and_nothing_of_the_bot(
    installed: Installed, figure: Figure
) -> None:
    answer = installed.four_lines()
    ours = {name for name in answer["modules"] if name.startswith("credits_automation")}
    assert answer["status"] == "Completed"
    assert "left no result" in answer["said"]
    assert Path(answer["file"]).is_relative_to(installed.python.parents[1])
    assert {name.split(".")[0] for name in answer["modules"]}.isdisjoint(NOT_THE_EXECUTORS)
    assert not {name for name in ours if name.split(".")[1:2] in (["bot"], ["slack"], ["looker"], ["history"])}
    figure(f"library: {installed.kilobytes()} kB installed; an execution imports {len(ours)} of its modules")


def test_one_call_of_the_installed_library_gives_the_credit_and_what_failed_says_of_which_job(
    installed: Installed, sandbox: Sandbox
) -> None:
    answer = json.loads(installed.run(installed.python, "-c", ONE_CALL, SQL=SAMPLE_SQL, **sandbox.env))
    assert answer["credit"] == 4948.80
    assert answer["kind"] == "ExecutionFailed"
    assert f"(execution {answer['execution_id']}, job arn:aws:sagemaker:" in answer["said"]


def test_every_command_has_its_help_from_the_wheel_with_the_modules_that_the_help_names(installed: Installed) -> None:
    own, *helps = installed.run(installed.python, "-c", EVERY_HELP).split("\0")
    assert "python -m credits_automation.credit_bot" in own
    assert [said.split()[:3] for said in helps] == [["usage:", "credits", name] for name in COMMANDS]
    assert "usage: python -m credits_automation.runs" in installed.run(
        installed.python, "-m", "credits_automation.runs", "--help"
    )


def test_past_executions_are_listed_from_wheel_and_checkout(
    installed: Installed, script: Path, sandbox: Sandbox
) -> None:
    path = "" if script.is_relative_to(Path(sys.executable).parent) else str(installed.folder)
    said = installed.run(script, "runs", "list", "--json", **{**sandbox.env, "PYTHONPATH": path})
    assert isinstance(json.loads(said), list)


def test_the_wheel_has_the_policy(installed: Installed) -> None:
    assert "2025-1" in installed.run(installed.script("credits"), "policy", "show")


def test_both_names_are_one_package_in_the_checkout() -> None:
    program = (
        "import credits_automation.errors as one, src.errors as other, credits_automation, src;"
        "import credits_automation.bot.tick;"
        "print(one is other, credits_automation is src, src.errors.__spec__.name)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "src.errors"]


def test_a_name_it_does_not_export_is_no_attribute(installed: Installed) -> None:
    program = "import credits_automation as c; print(hasattr(c, 'Settings'), hasattr(c, 'Nonsense'), c.CreditsError)"
    assert installed.run(installed.python, "-c", program).split()[:2] == ["True", "False"]
