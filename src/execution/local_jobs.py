"""The folders of the jobs that run on this machine: begun once, found by name, looked at without asking anyone.

A job's folder is locked for as long as its process lives (local_job.py), so that a bot that was killed and started
again tells a running job from a dead one without trusting process numbers.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError, TransientError
from . import local_job

KEEP_SECONDS = 7 * 86_400.0
_START_SECONDS = 30.0
_LOG_BYTES = 256_000  # read from a log's end


@dataclass(frozen=True)
class LocalJob:
    """Where a job stands. Times are seconds since 1970; `end` is end.json, None while it runs or when it is lost."""

    created: float
    limit: float
    started: float | None
    alive: bool
    stopping: bool
    end: dict[str, Any] | None


class LocalJobs:
    """Jobs under one private folder of this user. `grace` in seconds from SIGTERM to SIGKILL."""

    def __init__(self, root: Path, grace: float) -> None:
        self._root = root
        self._grace = grace

    def start(
        self, name: str, command: Sequence[str], query: bytes, environ: Mapping[str, str], *, now: float, limit: float
    ) -> bool:
        """Start a job; False if one of this name was started before, even if it has ended.

        Raises ConfigurationError where no folder or process can be made.
        """
        self._forget_old()
        try:
            half = self._prepare(command, query, now, limit)
            with _locked(half) as lock:
                if not _rename(half, self._root / name):
                    shutil.rmtree(half)
                    return False
                self._spawn(self._root / name, environ, lock)
        except OSError as error:
            raise ConfigurationError(
                f"The job cannot be started here: {error.strerror or error} ({error.filename or self._root}). "
                "Make room, give the bot's user the right to write there, or set TMPDIR to another folder."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise TransientError(f"This machine did not start {name} within {_START_SECONDS:.0f} seconds.") from error
        return True

    def find(self, name: str) -> LocalJob | None:
        """The job of this name, or None if this machine has none."""
        folder = self._root / name
        told = _read(folder / "job.json")
        if told is None:
            return None
        alive = _is_locked(folder)  # first: a job that ends between the two looks has left its end
        running, end = _read(folder / "running.json"), _read(folder / "end.json")
        return LocalJob(
            created=told["created_at"],
            limit=told["limit"],
            started=running["started_at"] if running else None,
            alive=alive,
            stopping=(folder / "stop").exists(),
            end=end,
        )

    def stop(self, name: str) -> None:
        """Ask for the end; silent if there is no such job."""
        folder = self._root / name
        if folder.exists():
            (folder / "stop").touch()

    def log_tail(self, name: str, lines: int) -> list[str]:
        """The last lines it wrote, oldest first; none if it has written nothing."""
        path = self._root / name / "log.txt"
        try:
            with path.open("rb") as log:
                log.seek(max(0, path.stat().st_size - _LOG_BYTES))
                return log.read().decode(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise TransientError(f"The job's log {path} cannot be read: {error.strerror}.") from error

    def _prepare(self, command: Sequence[str], query: bytes, now: float, limit: float) -> Path:
        """Fill a folder under another name, so that the job's own appears whole or not at all."""
        self._make_root()
        half = Path(tempfile.mkdtemp(prefix="half-", dir=self._root))
        for part in ("input", "output", "work"):
            (half / part).mkdir()
        (half / "input" / "query.sql").write_bytes(query)
        told = {"command": list(command), "created_at": now, "limit": limit, "grace": self._grace}
        local_job.write_json(half / "job.json", told)
        return half

    def _make_root(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._root.stat().st_uid != os.getuid():
            raise PermissionError(errno.EPERM, "it belongs to another user", str(self._root))

    def _spawn(self, folder: Path, environ: Mapping[str, str], lock: int) -> None:
        """Start the job's process, which inherits the lock and returns at once."""
        with (folder / "log.txt").open("ab") as log:
            subprocess.run(  # noqa: S603 (our own file, by this Python)
                [sys.executable, local_job.__file__, str(folder)],
                env={**environ, **_folders(folder)},
                pass_fds=[lock],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                timeout=_START_SECONDS,
                check=False,
            )

    def _forget_old(self) -> None:
        if not self._root.exists():
            return
        for folder in self._root.iterdir():
            with suppress(FileNotFoundError):  # another bot may be tidying up as well
                if folder.stat().st_mtime < time.time() - KEEP_SECONDS and not _is_locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def default_root() -> Path:
    """Short: a kernel's socket lies below it, and the path of a socket has a limit."""
    return Path(tempfile.gettempdir()) / f"credits-{os.getuid()}"


def _folders(folder: Path) -> dict[str, str]:
    return {
        "CREDITS_INPUT_DIR": str(folder / "input"),
        "CREDITS_OUTPUT_DIR": str(folder / "output"),
        "CREDITS_WORK_DIR": str(folder / "work"),
    }


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _rename(half: Path, final: Path) -> bool:
    try:
        half.rename(final)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise
    return True


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return content
