"""Runs a job's entrypoint as a process of this machine, which stands for the container."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from sandbox.aws.inputs import InputMissing, read_inputs
from sandbox.aws.job_log import JobLog
from sandbox.aws.jobs import MAX_MESSAGE, Job, JobStore, Status
from sandbox.aws.machine import prepare
from sandbox.aws.platform import Platform, PlatformError

FLUSH_SECONDS = 0.25
"""How long log lines are collected before they are written."""
_PROC = Path("/proc")


class ProcessRunner:
    """Starts `entrypoint` with the job's Environment and `credentials`, and nothing else of this process's.

    grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        store: JobStore,
        platform: Platform,
        entrypoint: Path,
        credentials: Callable[[Job], Mapping[str, str]],
        grace: float,
    ) -> None:
        self.overtime_status: Status = "Stopped"
        self._store = store
        self._platform = platform
        self._entrypoint = entrypoint
        self._credentials = credentials
        self._grace = grace
        self._threads: dict[str, threading.Thread] = {}
        self._ending = threading.Event()

    def start(self, job: Job) -> None:
        """Begin a job in a thread of its own."""
        thread = threading.Thread(target=self._run, args=(job, self._ending), name=job.name, daemon=True)
        self._threads[job.name] = thread
        thread.start()

    def stop(self, job: Job) -> None:
        """The job's own thread sees that it was asked to stop."""

    def end_all(self) -> None:
        """Kill every job's processes and wait until they are gone."""
        self._ending.set()
        for thread in list(self._threads.values()):
            thread.join(30)
        self._threads.clear()
        self._ending = threading.Event()

    def _run(self, job: Job, ending: threading.Event) -> None:
        folder = Path(tempfile.mkdtemp(prefix="sandbox-job-"))
        try:
            self._run_in(folder, job, ending)
        except (InputMissing, PlatformError) as error:
            self._store.end(job, "Failed", reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever breaks in here is the platform's failure, not the job's
            traceback.print_exc()
            self._store.end(job, "Failed", reason=f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self._threads.pop(job.name, None)

    def _run_in(self, folder: Path, job: Job, ending: threading.Event) -> None:
        for name in ("input", "output", "tmp"):
            (folder / name).mkdir()
        platform = self._platform.under(job.request["RoleArn"])
        if platform.whole:
            prepare(platform, job)
        for path, content in read_inputs(platform, job):
            target = folder / "input" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if job.stop_asked.is_set():
            self._store.end(job, "Stopped")
            return
        with self._started(folder, job) as process:
            self._store.began(job)
            container = _Container(
                process, self._mark(folder, job), self._terminate, JobLog(platform, job), self._grace
            )
            overtime = container.watch(job, ending)
        self._settle(job, process.returncode, overtime, _exit_message(folder / "output" / "message"))

    def _started(self, folder: Path, job: Job) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return subprocess.Popen(
            [str(self._entrypoint)],
            cwd=folder,
            env=self._environment(folder, job),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _mark(self, folder: Path, _job: Job) -> str:
        """Return the variable that marks this job's processes; by session they are not found: a kernel has its own."""
        return f"CREDITS_OUTPUT_DIR={folder / 'output'}"

    def _terminate(self, process: subprocess.Popen[bytes], _mark: str) -> None:
        process.terminate()

    def _environment(self, folder: Path, job: Job) -> dict[str, str]:
        return {
            **self._credentials(job),
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(folder / "tmp"),
            **job.environment,
            "CREDITS_INPUT_DIR": str(folder / "input"),
            "CREDITS_OUTPUT_DIR": str(folder / "output"),
        }

    def _settle(self, job: Job, code: int, overtime: bool, message: str | None) -> None:
        if overtime:
            self._store.end(job, self.overtime_status, message=message)
        elif code == 0:
            self._store.end(job, "Completed", message=message)
        else:
            self._store.end(job, "Failed", reason=f"AlgorithmError: , exit code: {abs(code)}", message=message)


class _Container:
    """One running process and all that it started: they end together."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        mark: str,
        terminate: Callable[[subprocess.Popen[bytes], str], None],
        log: JobLog,
        grace: float,
    ) -> None:
        self._process = process
        self._mark = mark
        self._terminate = terminate
        self._log = log
        self._grace = grace

    def watch(self, job: Job, ending: threading.Event) -> bool:
        """Wait for the end, writing the log meanwhile; whether the job had to be ended for its time."""
        assert self._process.stdout is not None
        reader = threading.Thread(target=self._log.follow, args=(self._process.stdout,), daemon=True)
        reader.start()
        overtime = self._wait(job, ending)
        self._kill()
        reader.join(30)
        if not ending.is_set():
            self._log.flush()
        return overtime

    def _wait(self, job: Job, ending: threading.Event) -> bool:
        deadline = time.monotonic() + job.max_runtime
        kill_at = float("inf")
        overtime = False
        while self._runs() and not ending.is_set():
            now = time.monotonic()
            if kill_at == float("inf") and (job.stop_asked.is_set() or now >= deadline):
                overtime = not job.stop_asked.is_set()
                self._terminate(self._process, self._mark)
                kill_at = now + self._grace
            if now >= kill_at:
                self._kill()
            self._log.flush()
        return overtime

    def _runs(self) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(FLUSH_SECONDS)
        return self._process.returncode is None

    def _kill(self) -> None:
        """SIGKILL to whatever is left: a container's processes end with its first."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pid in processes_with(self._mark):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


def processes_with(mark: str) -> Iterator[int]:
    """Processes with this NAME=value in their environment."""
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)


def _exit_message(file: Path) -> str | None:
    """ExitMessage: what the container left in /opt/ml/output/message, as much as the service keeps."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")[:MAX_MESSAGE] or None
    except OSError:
        return None
