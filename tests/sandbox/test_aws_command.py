"""`python -m sandbox` as a person starts it, and how quick it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.__main__ import main
from sandbox.client import ROOT, Sandbox, SandboxError
from tests.commands.in_process import call
from tests.own_notebook.notebooks import least_notebook
from tests.sandbox.account import Account

NEEDED = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "S3_OUTPUT_BUCKET",
    "SAGEMAKER_IMAGE_URI",
    "SAGEMAKER_ROLE_ARN",
    "PRESTO_SECRET_NAME",
    "SLACK_BOT_TOKEN",
    "SLACK_CHANNEL",
    "SLACK_ERROR_USER",
    "SLACK_API_URL",
    "LOOKERSDK_BASE_URL",
    "LOOKERSDK_CLIENT_ID",
    "LOOKERSDK_CLIENT_SECRET",
    "LOOKER_HOSTS",
}


@contextmanager
def sandbox_command(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], list[str]]]:
    """The command, running, and the lines it printed."""
    command = [sys.executable, "-m", "sandbox", "--jobs", "scripted", "--presto", "none", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process, [process.stdout.readline().decode().strip() for _ in NEEDED]
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def test_a_demo_told_to_end_by_ctrl_c_in_the_middle_ends_with_a_line() -> None:
    command = [sys.executable, "-m", "sandbox.demo"]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert demo.stdout
    assert next(line for line in iter(demo.stdout.readline, "") if "One tick of the bot" in line)
    demo.send_signal(signal.SIGINT)
    _, said = demo.communicate(timeout=300)
    assert (demo.returncode, said) == (130, "demo: told to end\n")


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.heavy)])
def test_the_command_prints_lines_that_a_shell_exports_and_ends_when_told(number: int) -> None:
    with sandbox_command() as (process, lines):
        shell = "\n".join(
            [*lines, f"exec '{sys.executable}' -c 'import json, os; print(json.dumps(dict(os.environ)))'"]
        )
        exported = json.loads(subprocess.run(["sh", "-c", shell], capture_output=True, check=True, env={}).stdout)
        process.send_signal(number)
        assert process.wait(100) == 0

    assert set(exported) >= NEEDED
    assert exported["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")


def test_told_so_the_command_ends_with_its_standard_input() -> None:
    with sandbox_command("--until-eof") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(100) == 0


@pytest.mark.heavy
def test_without_being_told_so_it_outlives_its_standard_input() -> None:
    with sandbox_command() as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)


def test_the_bots_environment_is_what_the_client_has(account: Account) -> None:
    assert set(account.box.env) == NEEDED
    assert all(account.box.env.values())


class Ended(NamedTuple):
    """What a sandbox with a notebook of its own had, now that it has ended."""

    notebook: Path
    env: dict[str, str]
    secrets: list[Path]
    folder: Path


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    notebook = least_notebook(tmp_path_factory.mktemp("own"))
    relative = Path(os.path.relpath(notebook, ROOT))
    with Sandbox.start(jobs="scripted", presto="none", notebook=relative) as box:
        folder = box.log.parent
        return Ended(notebook, box.env, list(folder.glob("*.json")), folder)


def test_a_notebook_of_your_own_is_in_the_environment_that_is_exported(ended: Ended) -> None:
    assert set(ended.env) == NEEDED | {"NOTEBOOK"}
    assert ended.env["NOTEBOOK"] == str(ended.notebook)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--notebook", "nowhere.ipynb"), "There is no notebook nowhere.ipynb: give the path of an .ipynb file."),
        (
            ("--notebook", "x.ipynb", "--jobs", "image", "--image", "y"),
            "An image has a notebook in it: leave --notebook",
        ),
        (("--jobs", "image"), "Which image?"),
    ],
)
def test_options_that_make_no_sense_are_said_at_once(options: tuple[str, ...], words: str) -> None:
    done = call(main, *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_every_start_has_secrets_of_its_own(ended: Ended, scripted_box: Sandbox) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_SECRET"):
        assert ended.env[name] != scripted_box.env[name]


def test_a_sandbox_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = {**os.environ, "PYTHONPATH": str(tmp_path)}
    (tmp_path / "moto.py").write_text("raise RuntimeError('moto is broken')")
    with pytest.raises(SandboxError, match="moto is broken"):
        Sandbox.start(jobs="scripted", presto="none", env=broken)


def test_a_verb_there_is_not_is_refused_with_those_there_are(scripted_box: Sandbox) -> None:
    with pytest.raises(SandboxError, match=r"no POST /control/aws/explode; its verbs are .*aws/jobs.*slack/post"):
        scripted_box.aws.explode()


def test_nothing_of_a_sandbox_that_ended_well_is_left_behind(ended: Ended) -> None:
    assert ended.secrets == []
    assert not ended.folder.exists()
