"""The four notebooks that import nothing of ours, as a job and on this machine: amounts, and the thread as posted."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from sandbox.client import Sandbox
from tests.own_notebook.four import FOUR, check_bot, write_four

pytestmark = pytest.mark.heavy


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("executor", ["sagemaker", "local"])
def test_each_gives_its_amount_and_is_answered_in_its_thread(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str, name: str
) -> None:
    sandbox.reset()
    notebook = write_four(tmp_path)[name]
    environment = {**sandbox.env, "NOTEBOOK": str(notebook), "EXECUTOR": executor}
    for variable, value in {**environment, "REQUESTS_CA_BUNDLE": certifi.where()}.items():  # as many companies have it
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("src.bot.polling.STATUS_EVERY", 1.0)

    check_bot(sandbox, name)
