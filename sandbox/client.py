"""Starts the sandbox as a process of its own and drives it.

with Sandbox.start(jobs="process", presto="embedded") as box:
    os.environ.update(box.env)
    ts = box.slack.post(user="U1", text="https://...")
    box.faults.add("throttle", service="s3", operation="PutObject", probability=0.1, seed=7)
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlencode, urlsplit

import boto3

from sandbox.left_behind import LeftBehind

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 240.0
"""How long a sandbox may take to start, on a busy machine and with a real Presto."""


class SandboxError(Exception):
    """The sandbox did not start, or refused what it was told; the message says why."""


class _Control:
    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def call(self, method: str, path: str, arguments: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection(self._address, timeout=120)
        try:
            connection.request(method, path, json.dumps(arguments) if arguments is not None else None)
            answer = connection.getresponse()
            content = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise SandboxError(content["error"])
        return content


class ServiceProxy:
    """`box.slack.post(...)` is POST /control/slack/post with the keyword arguments."""

    def __init__(self, control: _Control, service: str) -> None:
        self._control = control
        self._service = service

    def __getattr__(self, verb: str) -> Any:
        if verb.startswith("_"):
            raise AttributeError(verb)

        def call(**arguments: Any) -> Any:
            return self._control.call("POST", f"/control/{self._service}/{verb}", arguments)

        return call


class FaultsProxy:
    """Switches faults on and off; the options are those of sandbox.faults.Fault."""

    def __init__(self, control: _Control) -> None:
        self._control = control

    def add(self, kind: str, **options: Any) -> int:
        """Switch one on; answers its number."""
        return int(self._control.call("POST", "/faults", {"kind": kind, **options}))

    def list(self) -> list[dict[str, Any]]:
        """Each fault with the calls it has seen and struck."""
        faults: list[dict[str, Any]] = self._control.call("GET", "/faults")
        return faults

    def clear(self) -> None:
        """Switch all off."""
        self._control.call("DELETE", "/faults")


class Sandbox:
    """A running sandbox. `env` is everything the bot needs in its environment."""

    def __init__(self, process: subprocess.Popen[bytes], ready: dict[str, Any], log: Path) -> None:
        self._process = process
        self._control = _Control(ready["control"])
        self.control_url: str = ready["control"]
        self.env: dict[str, str] = ready["env"]
        self.log = log
        self.faults = FaultsProxy(self._control)
        self.slack = ServiceProxy(self._control, "slack")
        self.looker = ServiceProxy(self._control, "looker")
        self.presto = ServiceProxy(self._control, "presto")
        self.aws = ServiceProxy(self._control, "aws")

    @classmethod
    def start(
        cls,
        jobs: Literal["process", "scripted", "image"] = "process",
        presto: Literal["embedded", "real", "none"] = "embedded",
        *,
        entrypoint: Path | str | None = None,
        grace: float | None = None,
        image: str = "",
        mounts: Sequence[str] = (),
        notebook: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> Self:
        """Start one and wait until it is ready. Raises SandboxError with its last words where it does not start.

        entrypoint: what a job runs instead of sagemaker/entrypoint.sh; grace: seconds between SIGTERM and SIGKILL;
        presto: "real" for the one that scripts/install_presto.sh installed;
        image: what jobs="image" runs, with `mounts` ("host:container[:ro]") besides its input and output;
        notebook: the path of another than ours, for the bot's environment to name;
        env: the environment of the sandbox itself, where it is not this process's.
        """
        folder = Path(tempfile.mkdtemp(prefix="sandbox-"))
        command = [sys.executable, "-m", "sandbox", "--jobs", jobs, "--presto", presto, "--until-eof"]
        command += ["--ready-file", str(folder / "ready.json")]
        command += ["--entrypoint", str(entrypoint)] if entrypoint else []
        command += ["--grace", str(grace)] if grace is not None else []
        command += ["--image", image] if image else []
        command += ["--notebook", str(notebook)] if notebook else []
        command += [part for mount in mounts for part in ("--mount", mount)]
        with (folder / "sandbox.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, env=env
            )
        return cls(process, _wait_until_ready(process, folder), folder / "sandbox.log")

    @cached_property
    def session(self) -> boto3.Session:
        """The account owner's. One, for its clients: to make one anew takes longer than to use it."""
        return boto3.Session(
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
            region_name=self.env["AWS_DEFAULT_REGION"],
        )

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the sandbox's AWS, with the account owner's credentials."""
        return self.session.client(service, endpoint_url=self.env["AWS_ENDPOINT_URL"], **options)  # type: ignore[call-overload]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it and everything it started."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self.log.exists():
            LeftBehind().keep([(str(self.log), self.log.read_bytes())])
            if not self.log.stat().st_size:
                shutil.rmtree(self.log.parent)

    def calls(self, service: str = "*", operation: str = "*", origin: str = "") -> list[dict[str, Any]]:
        """The calls seen on the wire that match these globs; without `origin`, all but the platform's own."""
        calls: list[dict[str, Any]] = self._control.call("GET", "/calls" + _query(service, operation, origin))
        return calls

    def count_calls(self, service: str = "*", operation: str = "*", origin: str = "") -> dict[str, int]:
        """How many calls of each "service.operation"."""
        counts: dict[str, int] = self._control.call("GET", "/calls/count" + _query(service, operation, origin))
        return counts

    def clear_calls(self) -> None:
        """Forget the calls recorded so far."""
        self._control.call("DELETE", "/calls")

    def reset(self) -> None:
        """Every service as it was at the start, no faults, no recorded calls."""
        self._control.call("POST", "/reset")


def _query(service: str, operation: str, origin: str) -> str:
    return "?" + urlencode({"service": service, "operation": operation, "origin": origin})


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "ready.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.communicate()
            last = (folder / "sandbox.log").read_text(errors="replace")[-2000:]
            raise SandboxError(f"The sandbox did not start. Its last words:\n{last}")
        time.sleep(0.02)
    ready: dict[str, Any] = json.loads((folder / "ready.json").read_text())
    (folder / "ready.json").unlink()  # it holds what a log must not
    return ready
