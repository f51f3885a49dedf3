"""`credits COMMAND`, as it is installed, and what every command's help has."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from src import credits as entry
from tests.bot.conftest import harness
from tests.bot.harness import VERIFY, BotHarness
from tests.commands.in_process import call

__all__ = ["harness"]

SCRIPT = Path(sys.executable).with_name("credits")
SUBCOMMANDS = {
    "tick": [""],
    "run": [""],
    "runs": ["", "list", "show", "get", "verify", "search", "export", "cost"],
    "compare": [""],
    "doctor": [""],
    "policy": ["", "show", "what-if"],
}
EVERY = [(name, below) for name, found in SUBCOMMANDS.items() for below in found]


def test_the_installed_command_says_what_there_is_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run([str(SCRIPT), "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in entry.COMMANDS:
        assert f"credits {name:8} python -m {entry.module_of(name)}" in done.stdout


def test_a_command_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["rnus"]) == 2
    assert "no command 'rnus'" in capsys.readouterr().err
    assert entry.main([]) == 2
    assert "usage: credits COMMAND" in capsys.readouterr().err


def test_no_command_is_imported_before_it_is_called() -> None:
    program = "import src.credits, sys; src.credits.main(['--help']); print(','.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = set(done.stdout.splitlines()[-1].split(","))
    assert modules.isdisjoint({"boto3", "rich", "pydantic", "slack_sdk", *map(entry.module_of, entry.COMMANDS)})


def test_every_command_is_in_the_list() -> None:
    assert set(SUBCOMMANDS) == set(entry.COMMANDS)


@pytest.mark.parametrize(("name", "below"), EVERY, ids=lambda value: value or "itself")
def test_every_help_has_examples_exit_codes_and_its_own_name(
    name: str, below: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        entry.main([name, *([below] if below else []), "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"usage: credits {name} {below}".rstrip())
    assert f"examples:\n  credits {name}" in said
    assert "exit codes: 0 " in said


@pytest.mark.parametrize(("name", "below"), EVERY, ids=lambda value: value or "itself")
def test_every_example_is_understood(name: str, below: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        entry.main([name, *([below] if below else []), "--help"])
    lines = capsys.readouterr().out.split("examples:\n")[1].split("\n\n")[0].splitlines()
    parser = import_module(entry.module_of(name))._parser(f"credits {name}")
    for line in lines:
        words = line.split(" > ")[0].split()
        assert words[:2] == ["credits", name]
        parser.parse_args(words[2:])


def test_a_setting_that_is_missing_ends_with_2_and_names_it(harness: BotHarness) -> None:
    done = call(entry.main, "runs", "list", S3_OUTPUT_BUCKET="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "S3_OUTPUT_BUCKET" in done.stderr


def test_a_tick_by_this_name_is_a_tick(harness: BotHarness) -> None:
    ts = harness.ask("result")
    done = call(entry.main, "tick", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answered"] == 1
    assert len(harness.answers(ts)) == 1


def test_a_dry_run_for_machines_is_a_list(harness: BotHarness) -> None:
    ts = harness.ask("result")
    done = call(entry.main, "tick", "--dry-run", "--json")
    [found] = json.loads(done.stdout)
    assert found["message"] == ts
    assert "would run" in found["verdict"]


def test_one_link_for_machines_is_its_result(harness: BotHarness) -> None:
    done = call(entry.main, "tick", "--link", harness.query(VERIFY), "--json")
    assert json.loads(done.stdout)["credit_amount"] == 4948.80


def test_a_reader_that_has_enough_is_no_error(harness: BotHarness) -> None:
    for _ in range(3):
        harness.ask("result")
    harness.tick()
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {SCRIPT} runs export | head -c 10"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_without_the_notebooks_folder_it_says_where_to_run_it(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith(("verify_credit", "src.recheck"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "verify_credit", None)
    assert entry.main(["policy", "show"]) == 2
    assert "run it from a checkout" in capsys.readouterr().err
