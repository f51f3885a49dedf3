"""credit_bot.json, the stack's outputs and the versions, as deploy.sh has them worked out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import ROOT

SCRIPT = ROOT / "scripts" / "deployment.py"
OUTPUTS = [
    {"OutputKey": "S3OutputBucket", "Description": "S3_OUTPUT_BUCKET", "OutputValue": "the-stacks"},
    {"OutputKey": "BotRepositoryUri", "Description": "Where the bot's images are pushed", "OutputValue": "r/bot"},
]
CONFIG = {"executor": "sagemaker", "images": {}, "environment": {"SLACK_CHANNEL": "C1", "AWS_DEFAULT_REGION": "eu-x"}}


class Files:
    """JSON files, and the script run on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, content: Any) -> str:
        path = self._folder / name
        path.write_text(json.dumps(content))
        return str(path)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)

    def answer(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def version(name: str, executor: str = "sagemaker") -> dict[str, Any]:
    environment = {"SAGEMAKER_IMAGE_URI": f"job@{name}"}
    config = {"executor": executor, "images": {"sagemaker": f"bot@{name}"}, "environment": environment}
    return {"revision": name, "deployed_at": "2026-01-01T00:00:00+00:00", "config": config}


def test_images_and_the_stacks_variables_are_filled_in_and_the_installations_own_win(files: Files) -> None:
    source, outputs = files.write("credit_bot.json", CONFIG), files.write("outputs.json", OUTPUTS)
    made = files.answer("compose", source, outputs, "job@1", "bot@1", "local@1")
    assert made["images"] == {"sagemaker": "bot@1", "local": "local@1"}
    assert made["environment"] == {
        "S3_OUTPUT_BUCKET": "the-stacks",
        "SAGEMAKER_IMAGE_URI": "job@1",
        "SLACK_CHANNEL": "C1",
        "AWS_DEFAULT_REGION": "eu-x",
    }


def test_a_bucket_that_is_not_the_stacks_is_refused_by_name(files: Files) -> None:
    config = {**CONFIG, "environment": {"S3_OUTPUT_BUCKET": "another"}}
    source, outputs = files.write("credit_bot.json", config), files.write("outputs.json", OUTPUTS)
    done = files.run("compose", source, outputs, "job@1", "bot@1", "local@1")
    assert done.returncode == 1
    assert "S3_OUTPUT_BUCKET=another" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_version_again_is_no_other_version(files: Files) -> None:
    versions = files.write("versions.json", [version("a")])
    same = files.write("config.json", version("a")["config"])
    assert files.answer("push", versions, same, "a") == [version("a")]
    pushed = files.answer("push", versions, same, "b")
    assert [one["revision"] for one in pushed] == ["a", "b"]


def test_back_is_the_version_before_until_there_is_none(files: Files) -> None:
    versions = files.write("versions.json", [version("a"), version("b")])
    assert files.answer("previous", versions) == [version("a")]
    done = files.run("previous", files.write("one.json", [version("a")]))
    assert done.returncode == 1
    assert "no version before" in done.stderr


def test_local_keeps_the_version_and_changes_its_executor(files: Files) -> None:
    versions = files.write("versions.json", [version("a"), version("b")])
    assert files.answer("local", versions) == [version("a"), version("b", "local")]
    assert files.run("local", files.write("none.json", [])).returncode == 1


def test_the_version_that_was_made_local_is_itself_again_once_it_is_deployed_anew(files: Files) -> None:
    versions = files.write("versions.json", [version("a"), version("b", "local")])
    config = files.write("config.json", version("b")["config"])
    assert files.answer("push", versions, config, "b") == [version("a"), version("b")]


def test_a_command_runs_as_the_bot_would(files: Files) -> None:
    config = files.write("config.json", version("a", "local")["config"])
    program = "import os; print(os.environ['EXECUTOR'], os.environ['SAGEMAKER_IMAGE_URI'])"
    assert files.run("run", config, sys.executable, "-c", program).stdout.split() == ["local", "job@a"]


def deploy(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "deploy.sh"), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_help_names_every_variable_that_the_script_reads() -> None:
    done = deploy("--help")
    assert done.returncode == 0
    script = (ROOT / "deploy.sh").read_text(encoding="utf-8").partition("set -euo pipefail")[2]
    read = set(re.findall(r"\$\{([A-Z][A-Z_]+):?[-+]", script))
    assert {name for name in read if name not in done.stdout} == set()


def test_an_option_that_is_not_there_is_answered_with_the_help() -> None:
    done = deploy("--force")
    assert done.returncode == 2
    assert "--rollback" in done.stderr
