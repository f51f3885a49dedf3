"""Runs one job on this machine, apart from the bot that started it: what the SageMaker service is to its jobs.

    python local_job.py FOLDER

It outlives the bot, so that the next tick finds the job by its folder. Standard library only: it must start at once.

FOLDER/job.json     command, limit and grace in seconds (written by notebook_executor.py)
FOLDER/input/       what the container has under /opt/ml/processing/input
FOLDER/output/      what it has under /opt/ml/output
FOLDER/log.txt      what the command wrote
FOLDER/stop         there once somebody wants the job to end
FOLDER/running.json started_at
FOLDER/end.json     status, exit_code, reason, exit_message, started_at, ended_at
FOLDER/lock         locked (shared with whoever started this) for as long as this process lives
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LOOK_EVERY = 0.1  # seconds
MAX_EXIT_MESSAGE = 1024  # characters, as of the service


class Job:
    """One command from start to end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        self._started = time.time()
        self._began = time.monotonic()
        self._ended_by: str | None = None
        self._killed_elsewhere = False

    def run(self) -> None:
        """Start the command, watch it, and say in end.json how it ended."""
        signal.signal(signal.SIGTERM, self._on_signal)
        write_json(self._folder / "running.json", {"started_at": self._started})
        try:
            code, reason = self._watch(self._start()), None
        except OSError as error:
            code, reason = None, f"The job could not be started: {error}."
        self._end_all_processes()
        for leftover in ("work", "input"):
            shutil.rmtree(self._folder / leftover, ignore_errors=True)
        self._tell_end(code, reason)

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._folder / "log.txt").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (the command is the runner's, from our own folder)
                self._told["command"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )

    def _watch(self, process: subprocess.Popen[bytes]) -> int:
        told_at: float | None = None
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(LOOK_EVERY)
            if told_at is None and self._should_end():
                told_at = time.monotonic()
                process.terminate()
            elif told_at is not None and time.monotonic() - told_at > self._told["grace"]:
                process.kill()

    def _should_end(self) -> bool:
        if self._killed_elsewhere or (self._folder / "stop").exists():
            self._ended_by = "stop"
        elif time.monotonic() - self._began >= self._told["limit"]:
            self._ended_by = "limit"
        return self._ended_by is not None

    def _on_signal(self, *_: object) -> None:
        self._killed_elsewhere = True

    def _end_all_processes(self) -> None:
        """End all that the job started, as a container does: even a kernel with a session of its own."""
        mark = f"CREDITS_OUTPUT_DIR={self._folder / 'output'}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if int(entry.name) != os.getpid() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)

    def _tell_end(self, code: int | None, reason: str | None) -> None:
        status = "Completed" if code == 0 else "Failed"
        if self._ended_by is not None and code != 0:
            status = "Stopped"
        at_least = self._started + self._told["limit"] if self._ended_by == "limit" else self._started
        end = {
            "status": status,
            "exit_code": code,
            "reason": reason or _reason(status, code),
            "exit_message": _exit_message(self._folder / "output" / "message"),
            "started_at": self._started,
            "ended_at": max(time.time(), at_least),
        }
        write_json(self._folder / "end.json", end)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    half = path.with_suffix(".half")
    half.write_text(json.dumps(content), encoding="utf-8")
    half.rename(path)


def _reason(status: str, code: int | None) -> str | None:
    if status != "Failed" or code is None:
        return None
    if code < 0:
        name = signal.Signals(-code).name
        return f"AlgorithmError: The notebook's process was ended by {name}; SIGKILL is often lack of memory."
    return f"AlgorithmError: The notebook's process ended with exit code {code}."


def _exit_message(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:MAX_EXIT_MESSAGE] or None
    except OSError:
        return None


def main(arguments: list[str]) -> None:
    """Fork away from the process that started us, so that it has no child to look after."""
    if os.fork():
        os._exit(0)
    Job(Path(arguments[0])).run()


if __name__ == "__main__":
    main(sys.argv[1:])
