"""Accounts of two sandboxes: jobs are scripted in one, run the shell script they get as their query in the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.client import Sandbox
from tests.sandbox.account import Account

ENTRYPOINT = """#!/bin/sh
exec sh "$CREDITS_INPUT_DIR/query.sql"
"""
GRACE = 60.0
"""Seconds, more than any job here needs that tidies up when told to end."""


@pytest.fixture(scope="session")
def entrypoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("container") / "entrypoint.sh"
    script.write_text(ENTRYPOINT)
    script.chmod(0o755)
    return script


@pytest.fixture(scope="session")
def process_box(entrypoint: Path) -> Iterator[Sandbox]:
    with Sandbox.start(jobs="process", presto="none", entrypoint=entrypoint, grace=GRACE) as box:
        yield box


@pytest.fixture
def account(scripted_box: Sandbox) -> Account:
    scripted_box.reset()
    return Account(scripted_box)


@pytest.fixture
def running(process_box: Sandbox) -> Account:
    process_box.reset()
    return Account(process_box)
