"""Runs a job in its real image, started as SageMaker does: by docker where its engine runs, else by buildah."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sandbox.aws.jobs import Job, JobStore
from sandbox.aws.platform import Platform
from sandbox.aws.process_runner import ProcessRunner, processes_with

MARK = "SANDBOX_JOB"
_ENGINE_SECONDS = 120
"""How long one command of the container engine may take."""
_INPUT, _OUTPUT = "/opt/ml/processing/input", "/opt/ml/output"


class EngineFailed(Exception):
    """The container engine could not do it; the text is its own."""


class Engine(Protocol):
    """What starts containers of one image."""

    def command(self, environment: Mapping[str, str], mounts: list[str]) -> list[str]:
        """The command line of a process that is a new container; mounts as `host:container[:ro]`."""

    def remove(self, command: list[str]) -> None:
        """Clear away what `command` made."""


class Docker:
    """An engine's client hands signals and the exit code on."""

    def __init__(self, image: str) -> None:
        self._image = image

    def command(self, environment: Mapping[str, str], mounts: list[str]) -> list[str]:
        """See Engine."""
        return ["docker", "run", "--rm", "--network", "host", *_options(environment, mounts), self._image]

    def remove(self, command: list[str]) -> None:
        """See Engine: --rm has done it."""


class Buildah:
    """Without an engine: a working container of its own for each job, its entrypoint as the image has it."""

    def __init__(self, image: str) -> None:
        self._image = image
        inspected = json.loads(_engine("buildah", "inspect", "--type", "image", image))
        self._entrypoint: list[str] = inspected["OCIv1"]["config"]["Entrypoint"]

    def command(self, environment: Mapping[str, str], mounts: list[str]) -> list[str]:
        """See Engine."""
        container = _engine("buildah", "from", "--pull-never", self._image)
        return ["buildah", "run", *_options(environment, mounts), container, "--", *self._entrypoint]

    def remove(self, command: list[str]) -> None:
        """See Engine."""
        with suppress(EngineFailed):
            _engine("buildah", "rm", command[command.index("--") - 1])


class ImageRunner(ProcessRunner):
    """ProcessRunner's jobs, each in a container of `image` with nothing of this machine but input, output and network.

    mounts: more of them, for what a platform may do to a container.
    """

    def __init__(
        self,
        store: JobStore,
        platform: Platform,
        image: str,
        credentials: Callable[[Job], Mapping[str, str]],
        grace: float,
        mounts: tuple[str, ...] = (),
    ) -> None:
        super().__init__(store, platform, Path(image), credentials, grace)
        self._engine = _choose(image)
        self._mounts = mounts

    @contextmanager
    def _started(self, folder: Path, job: Job) -> Iterator[subprocess.Popen[bytes]]:
        (folder / "output").chmod(0o777)
        mounts = [f"{folder / 'input'}:{_INPUT}:ro", *self._mounts]
        if not any(f":{_OUTPUT}" in mount for mount in self._mounts):
            mounts.append(f"{folder / 'output'}:{_OUTPUT}")
        command = self._engine.command({**self._credentials(job), **job.environment, MARK: job.name}, mounts)
        try:
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process:
                yield process
        finally:
            self._engine.remove(command)

    def _mark(self, _folder: Path, job: Job) -> str:
        return f"{MARK}={job.name}"

    def _terminate(self, process: subprocess.Popen[bytes], mark: str) -> None:
        """Send SIGTERM to the container's first process itself, since buildah does not pass it on."""
        first = min(processes_with(mark), default=None)
        if isinstance(self._engine, Docker) or first is None:
            process.terminate()
        else:
            with suppress(ProcessLookupError):
                os.kill(first, signal.SIGTERM)


def _choose(image: str) -> Engine:
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
        return Docker(image)
    if shutil.which("buildah"):
        return Buildah(image)
    raise EngineFailed("Jobs in the image need docker or buildah, and neither is here.")


def _options(environment: Mapping[str, str], mounts: list[str]) -> list[str]:
    options = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    return options + [part for mount in mounts for part in ("--volume", mount)]


def _engine(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_ENGINE_SECONDS, check=False)
    if done.returncode:
        raise EngineFailed(f"{' '.join(command[:2])}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()
