"""Twenty generated accounts, the real notebook on both sides; then with one number of the new side's policy altered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.accounts import Account, generate
from sandbox.client import ROOT, Sandbox

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(2400)]

STANDARD = 'STANDARD: rule(refund="0.80", target="0.90", cost_kept="0.5")'


def filled(box: Sandbox) -> list[Account]:
    accounts, statements = generate(20)
    for statement in statements:
        box.presto.execute(sql=statement)
    return accounts


def altered_notebooks(folder: Path) -> Path:
    """An entrypoint whose jobs run a copy of notebooks/ with one number of the policy altered."""
    copy = folder / "notebooks"
    shutil.copytree(ROOT / "notebooks", copy)
    policy = copy / "verify_credit" / "policy.py"
    source = policy.read_text()
    assert STANDARD in source
    policy.write_text(source.replace(STANDARD, STANDARD.replace('"0.80"', '"0.81"')))
    entrypoint = folder / "entrypoint.sh"
    entrypoint.write_text(f"#!/bin/sh\nNOTEBOOK_DIR={copy} exec {ROOT}/sagemaker/entrypoint.sh\n")
    entrypoint.chmod(0o755)
    return entrypoint


def compare(box: Sandbox, folder: Path, accounts: list[Account], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The command's exit code, and its cases."""
    for account in accounts:
        (folder / f"{account.account_sid}.sql").write_text(account.sql)
    command = [sys.executable, "-m", "src.compare", *(f"{folder}/{account.account_sid}.sql" for account in accounts)]
    environ = {**os.environ, **box.env, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--at-once", "2", "--json", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    cases: list[dict[str, Any]] = json.loads(done.stdout)["cases"]
    return done.returncode, cases


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short: kernels' sockets lie below it."""
    return tmp_path_factory.mktemp("c")


def test_twenty_accounts_are_equal_on_both_sides_to_the_cent(folder: Path) -> None:
    with Sandbox.start(jobs="process", presto="embedded") as box:
        accounts = filled(box)
        code, cases = compare(box, folder, accounts, "--html", "page.html")
    assert [case["verdict"] for case in cases] == ["equal"] * 20
    assert {case["difference"] for case in cases} == {0.0}
    assert sum(case["new"] > 0 for case in cases) > 15
    assert code == 0
    assert (folder / "page.html").read_text().count("equal") >= 20


def test_one_altered_number_of_the_new_sides_policy_is_found_and_named(folder: Path) -> None:
    with Sandbox.start(jobs="process", presto="embedded", entrypoint=altered_notebooks(folder)) as box:
        accounts = filled(box)[:4]
        code, cases = compare(box, folder, accounts)
    assert code == 1
    by_row = {difference["row"] for case in cases for difference in case["differences"]}
    assert by_row == {None, "mode standard"}
    for case in cases:
        credits_of = {each["row"]: each for each in case["differences"] if each["what"] == "credit"}
        if credits_of:
            assert case["verdict"] == "DIFFERS"
            assert credits_of["mode standard"]["new"] == pytest.approx(
                credits_of["mode standard"]["old"] * 81 / 80, abs=0.011
            )
            assert case["difference"] == pytest.approx(
                credits_of["mode standard"]["new"] - credits_of["mode standard"]["old"], abs=1e-6
            )
    assert any(case["verdict"] == "DIFFERS" for case in cases)
