"""The job as the platform starts it: the entrypoint in a process of its own, against the sandbox."""

from __future__ import annotations

import gzip
import json
import os
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import ROOT, Sandbox
from sandbox.warehouse import SAMPLE_SQL

ENTRYPOINT = ROOT / "sagemaker" / "entrypoint.sh"
FROM_OUTSIDE = ("PATH", "LANG")


@dataclass
class Job:
    """One container's worth of folders and environment; `run` starts it and waits for its end."""

    box: Sandbox
    folder: Path
    environment: dict[str, str]
    execution_id: str
    log: str = ""
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def start(self, sql: str | bytes | None = SAMPLE_SQL, **environment: str) -> None:
        """Start it with this query in its input folder (None: no file)."""
        for name in ("input", "output", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        if sql is not None:
            (self.folder / "input" / "query.sql").write_bytes(sql if isinstance(sql, bytes) else sql.encode())
        outside = {name: os.environ[name] for name in FROM_OUTSIDE if name in os.environ}
        self.process = subprocess.Popen(
            [str(ENTRYPOINT)],
            cwd=self.folder,
            env={**outside, **self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait(self, seconds: float = 300) -> int:
        """Its exit code."""
        assert self.process is not None
        self.log, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode

    def run(self, sql: str | bytes | None = SAMPLE_SQL, **environment: str) -> int:
        """Start it and wait for its end; the exit code."""
        self.start(sql, **environment)
        return self.wait()

    def wait_for(self, what: Any, seconds: float = 300) -> Any:
        """Until `what()` is true, for what is to happen in the middle of a job."""
        deadline = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(0.1)
        return found

    def terminate(self) -> None:
        """What the platform does to stop it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    @property
    def s3(self) -> Any:
        return self.box.client("s3")

    def outputs(self) -> dict[str, bytes]:
        """What it left in S3, by name."""
        prefix = f"credits-automation/outputs/{self.execution_id}/"
        bucket = self.box.env["S3_OUTPUT_BUCKET"]
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        keys = [entry["Key"] for entry in listed]
        return {key.removeprefix(prefix): self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def error(self) -> dict[str, Any]:
        """Its error.json."""
        found: dict[str, Any] = json.loads(self.outputs()["error.json"])
        return found

    def everything(self) -> bytes:
        """All that anybody could read of it: outputs unpacked, the log, the exit message."""
        parts = [gzip.decompress(body) if name.endswith(".gz") else body for name, body in self.outputs().items()]
        message = self.folder / "output" / "message"
        return b"\n".join([*parts, self.log.encode(), message.read_bytes() if message.exists() else b""])


def new_job(box: Sandbox, folder: Path) -> Job:
    """A job on this sandbox with folders below `folder`, not yet started."""
    execution_id = f"20260115_123456_{secrets.token_hex(4)}"
    environment = {
        "EXECUTION_ID": execution_id,
        "S3_OUTPUT_BUCKET": box.env["S3_OUTPUT_BUCKET"],
        "SECRET_NAME": box.env["PRESTO_SECRET_NAME"],
        "AWS_DEFAULT_REGION": box.env["AWS_DEFAULT_REGION"],
        "AWS_ENDPOINT_URL": box.env["AWS_ENDPOINT_URL"],
        "AWS_ACCESS_KEY_ID": box.env["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": box.env["AWS_SECRET_ACCESS_KEY"],
        "CREDITS_INPUT_DIR": str(folder / "input"),
        "CREDITS_OUTPUT_DIR": str(folder / "output"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHON": str(ROOT / ".venv" / "bin" / "python"),
    }
    return Job(box, folder, environment, execution_id)


@pytest.fixture
def job(sandbox: Sandbox, tmp_path: Path) -> Job:
    sandbox.presto.calm()
    sandbox.presto.forget()  # a query whose job was killed runs on
    return new_job(sandbox, tmp_path)
