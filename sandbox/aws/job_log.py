"""One job's log stream: lines are kept for a moment and written many at a time, as SageMaker's agent does."""

from __future__ import annotations

import threading
import time
from typing import IO

from sandbox.aws.jobs import Job
from sandbox.aws.platform import MAX_EVENT, Platform


class JobLog:
    """Takes lines from one thread, writes them from another."""

    def __init__(self, platform: Platform, job: Job) -> None:
        self._platform = platform
        self._stream = f"{job.name}/algo-1-{round(time.time() * 1000)}"
        self._lines: list[tuple[int, str]] = []
        self._lock = threading.Lock()
        self._made = False

    def write(self, line: str) -> None:
        """Keep a line until the next flush."""
        with self._lock:
            self._lines.append((round(time.time() * 1000), line))

    def follow(self, output: IO[bytes]) -> None:
        """Take every line of a process's output until its end."""
        while raw := output.readline(MAX_EVENT):
            self.write(raw.decode("utf-8", "replace").rstrip("\r\n"))

    def flush(self) -> None:
        """Write what is kept. The stream appears with its first line."""
        with self._lock:
            lines, self._lines = self._lines, []
        if not lines:
            return
        if not self._made:
            self._platform.new_stream(self._stream)
            self._made = True
        self._platform.write_log(self._stream, lines)
