"""How a local job's end is told from its exit code and from what ended it, and how it is looked at: no process."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from src.execution.local_job import Job
from src.execution.local_jobs import LocalJobs


class Command:
    """Runs until it is told to end, and ends with this code."""

    def __init__(self, code: int, *, waits: bool) -> None:
        self._code, self._waits = code, waits

    def wait(self, seconds: float) -> int:
        if self._waits:
            raise subprocess.TimeoutExpired("command", seconds)
        return self._code

    def terminate(self) -> None:
        self._waits = False


@pytest.mark.parametrize(
    ("code", "ended_by", "status", "reason"),
    [
        pytest.param(0, None, "Completed", None, id="ended well"),
        pytest.param(1, None, "Failed", "AlgorithmError: The notebook's process ended with exit code 1.", id="failed"),
        pytest.param(1, "stop", "Stopped", None, id="stopped, and ended with an error"),
        pytest.param(-15, "stop", "Stopped", None, id="stopped by the signal"),
        pytest.param(0, "stop", "Completed", None, id="ended well although it was to stop"),
        pytest.param(1, "limit", "Stopped", None, id="over its time"),
        pytest.param(0, "limit", "Completed", None, id="ended well in its last moments"),
    ],
)
def test_how_a_job_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, ended_by: str | None, status: str, reason: str | None
) -> None:
    limit = 0 if ended_by == "limit" else 1800
    (tmp_path / "job.json").write_text(json.dumps({"command": [], "limit": limit, "grace": 60}))
    if ended_by == "stop":
        (tmp_path / "stop").touch()
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    job = Job(tmp_path)
    monkeypatch.setattr(job, "_start", lambda: cast("Any", Command(code, waits=ended_by is not None)))
    job.run()
    end = json.loads((tmp_path / "end.json").read_text())
    assert (end["status"], end["exit_code"], end["reason"]) == (status, code, reason)


def test_looking_at_a_job_leaves_its_folder_unlocked(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps({"created_at": 0.0, "limit": 1800}))
    with (folder / "lock").open("w") as lock:
        found = LocalJobs(tmp_path, grace=1.0).find("job")
        assert found is not None
        assert not found.alive
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
