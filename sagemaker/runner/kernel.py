"""The notebook's kernel: started early, because it takes a while; interrupted and killed by whoever watches."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import IO

from jupyter_client.manager import AsyncKernelManager

_LONGEST_SOCKET_PATH = 90
_ARGUMENTS = ["--HistoryManager.enabled=False", "--IPKernelApp.log_level=ERROR"]


class Kernel:
    """One kernel process, the leader of its own group; what it writes past Jupyter goes to `kernel.log`."""

    def __init__(self, folder: Path, cwd: Path) -> None:
        self._log = folder / "kernel.log"
        self._cwd = cwd
        self.manager = AsyncKernelManager(kernel_name="python3")
        connection_file = folder / "k.json"
        self.manager.connection_file = str(connection_file)
        if len(str(connection_file)) < _LONGEST_SOCKET_PATH:  # ports could be taken by another job's kernel
            self.manager.transport = "ipc"

    def start(self) -> None:
        """Start it and return at once; papermill waits until it answers."""
        with self._log.open("wb") as log:
            asyncio.run(self._start(log))

    def interrupt(self) -> None:
        """KeyboardInterrupt in the running cell."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End it, now."""
        self._signal(signal.SIGKILL)

    def exit_code(self) -> int | None:
        """How it ended (negative: the signal), or None while it lives."""
        process = self._process()
        return None if process is None else process.poll()

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last it wrote past Jupyter: what there is to see of a crash."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return text.splitlines()[-lines:]

    def _signal(self, number: signal.Signals) -> None:
        process = self._process()
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    async def _start(self, log: IO[bytes]) -> None:
        await self.manager.start_kernel(
            cwd=str(self._cwd), env=_environment(), stdout=log, stderr=log, extra_arguments=_ARGUMENTS
        )

    def _process(self) -> subprocess.Popen[bytes] | None:
        return getattr(self.manager.provisioner, "process", None)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", "PYTHONNOUSERSITE": "1"}
