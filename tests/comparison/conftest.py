"""Both executors with jobs that leave what their query says (fake_job.py), and the command on them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import Sandbox
from src import compare
from src.notebook_executor import NotebookExecutor
from src.sagemaker_executor import SageMakerExecutor
from tests.executors.fake_job import ENTRYPOINT, told
from tests.executors.results import failure, valid_result


class QuickSageMakerExecutor(SageMakerExecutor):
    """Asks for the status at every look, so that a failure is seen at once."""

    status_every = 0.0


@dataclass
class Bench:
    """Runs `compare` in a folder of its own."""

    box: Sandbox
    folder: Path
    capsys: pytest.CaptureFixture[str]
    err: str = ""
    host: str = field(default="")

    def executors(self, old_settings: Any, settings: Any, clients: Any, sleep: Any) -> compare.Executors:
        def often(seconds: float) -> None:
            sleep(min(seconds, 0.1))

        jobs_dir = self.folder / "jobs"
        old = NotebookExecutor(
            old_settings,
            clients=clients,
            sleep=often,
            entrypoint=ENTRYPOINT,
            jobs_dir=jobs_dir,
            origin=compare.ORIGIN,
        )
        new = QuickSageMakerExecutor(settings, clients=clients, sleep=often, origin=compare.ORIGIN)
        return {"old": old, "new": new}

    def sql_file(self, name: str, sql: str) -> str:
        path = self.folder / f"{name}.sql"
        path.write_text(sql)
        return str(path)

    def run(self, *arguments: str) -> int:
        """The command's exit code; what it said is in `out` and `err`."""
        state = ("--state", str(self.folder / "state.jsonl"))
        code = compare.main([*arguments, *state], make_executors=self.executors)
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *arguments: str, code: int) -> list[dict[str, Any]]:
        """The cases as the command's JSON has them."""
        assert self.run(*arguments, "--json") == code, self.err
        cases: list[dict[str, Any]] = json.loads(self.out)["cases"]
        return cases

    def jobs(self) -> int:
        """How many jobs there are, of both sides."""
        return len(self.box.aws.jobs()) + len(list((self.folder / "jobs").glob("2*")))

    def object(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.box.env["S3_OUTPUT_BUCKET"], Key=key, Body=content)

    @property
    def s3(self) -> Any:
        return self.box.client("s3")


@pytest.fixture
def bench(
    told_box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bench:
    told_box.reset()
    for name, value in told_box.env.items():
        monkeypatch.setenv(name, value)
    return Bench(told_box, tmp_path, capsys, host=told_box.env["LOOKER_HOSTS"].split(",")[0])


def answer(*modes: tuple[str, float], **changes: Any) -> dict[str, Any]:
    """A job that leaves a result with these credits by mode; `changes` are to its every mode's row."""
    result = valid_result("EXECUTION_ID")
    [row] = result["output_df"]
    result["output_df"] = [{**row, "mode": mode, "credit": credit, **changes} for mode, credit in modes]
    result["credit_amount"] = round(sum(credit for _, credit in modes), 2)
    return {"leave": {"result.json": result}}


def refusal(message: str = "The window of the query is open.", *, again: bool = False) -> dict[str, Any]:
    """A job that leaves an error."""
    left = {**failure("EXECUTION_ID"), "message": message, "retry_helps": again}
    return {"leave": {"error.json": left}, "exit": 11}


def sql(old: dict[str, Any], new: dict[str, Any] | None = None) -> str:
    """A query whose job does one thing on the old side, another (else the same) on the new."""
    return told(**(new or old), elsewhere=old)
