"""The notebook's kernel: started early, because it takes a while; interrupted and killed by the watch."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import AsyncKernelManager

_LONGEST_SOCKET_FOLDER = 90
"""Bytes of its path: a socket's whole path may have 108 (`man 7 unix`)."""
_SHORT_FOLDERS = ("/tmp", "/dev/shm")  # noqa: S108 - only as parents of a private mkdtemp
_ARGUMENTS = [
    "--HistoryManager.enabled=False",
    "--IPKernelApp.log_level=ERROR",
    f"--IPKernelApp.exec_files={Path(__file__).with_name('at_kernel_start.py')}",
]
_LOOK_EVERY = 1.0
"""Seconds between two looks whether the kernel still lives."""


class Kernel:
    """One kernel process, the leader of its own group; what it writes past Jupyter goes to `kernel.log`."""

    def __init__(self, folder: Path, cwd: Path) -> None:
        self._log = folder / "kernel.log"
        self._cwd = cwd
        self.manager = AsyncKernelManager(kernel_name="python3")
        self.manager.connection_file = str(folder / "k.json")
        self._short_folder: Path | None = None
        if sockets := self._socket_folder(folder):  # ports could be taken by another job's kernel
            self.manager.transport = "ipc"
            self.manager.ip = str(sockets / "k")

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
        if self._short_folder:
            shutil.rmtree(self._short_folder, ignore_errors=True)

    def execute(self, code: str) -> str:
        """Run this code past papermill, so that no notebook keeps it; blocks until done. "" or the error's name.

        Raises RuntimeError where the kernel ends meanwhile.
        """
        client = BlockingKernelClient(connection_file=self.manager.connection_file)
        client.load_connection_file()
        client.start_channels()
        try:
            sent = client.execute(code, silent=True, store_history=False, allow_stdin=False)
            while True:
                try:
                    reply = client.get_shell_msg(timeout=_LOOK_EVERY)
                except queue.Empty as nothing:
                    if self.exit_code() is not None:
                        raise RuntimeError("the kernel ended instead of answering") from nothing
                    continue
                if reply["parent_header"].get("msg_id") == sent:
                    content = reply["content"]
                    return "" if content["status"] == "ok" else str(content.get("ename") or content["status"])
        finally:
            client.stop_channels()

    def exit_code(self) -> int | None:
        """Its exit code (negative: the signal), or None while it lives."""
        process = self._process()
        return None if process is None else process.poll()

    def log_tail(self, lines: int = 20) -> list[str]:
        """Return the last lines it wrote past Jupyter: the only trace of a crash."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return text.splitlines()[-lines:]

    def _socket_folder(self, folder: Path) -> Path | None:
        """A private folder whose name is short enough for sockets in it (108 bytes, `man 7 unix`), if there is one."""
        if len(os.fsencode(folder)) < _LONGEST_SOCKET_FOLDER:
            return folder
        for parent in _SHORT_FOLDERS:
            with contextlib.suppress(OSError):
                self._short_folder = Path(tempfile.mkdtemp(prefix="credits-", dir=parent))
                return self._short_folder
        return None

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
