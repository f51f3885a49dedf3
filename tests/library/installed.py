"""The wheel, installed where it is a stranger: beside other people's `src` and `notebooks`, with their settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.client import ROOT

UV = Path(sys.executable).with_name("uv")
FOREIGN = {"EXECUTOR": "KubernetesExecutor", "LOOKBACK_HOURS": "1000"}

FOUR_LINES = """
import json, sys, boto3, credits_automation
from moto import mock_aws
from credits_automation import NotebookExecutor, SageMakerExecutor

with mock_aws():
    boto3.client("s3").create_bucket(Bucket="the-bucket")
    executor = SageMakerExecutor()
    job = executor.execute("SELECT 1 FROM authy.verification_usage")
    status = executor.wait_for_completion(job["job_name"])
    try:
        executor.get_results(job["execution_id"])
    except credits_automation.ResultMissing as error:
        said = str(error)
modules = sorted(sys.modules)
print(json.dumps({"file": credits_automation.__file__, "modules": modules, "status": status["status"], "said": said}))
"""

OWN_NOTEBOOKS = """
import json, os, sys
from credits_automation import SageMakerExecutor, Settings

sql = open("query.sql").read()
executors = {name: SageMakerExecutor(Settings(notebook=path)) for name, path in json.loads(sys.argv[1]).items()}
jobs = {name: executor.execute(sql) for name, executor in executors.items()}
said = {}
for name, executor in executors.items():
    executor.wait_for_completion(jobs[name]["job_name"])
    try:
        said[name] = executor.get_results(jobs[name]["execution_id"])["credit_amount"]
    except Exception as error:
        said[name] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
"""


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the wheel in it, and a folder whose packages have the names of this repository's."""

    python: Path
    folder: Path

    def run(self, *command: str | Path, **environment: str) -> str:
        """What a command prints, started in the foreign folder, which is on its path."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**clean, "PYTHONPATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def script(self, name: str) -> Path:
        return self.python.with_name(name)

    def four_lines(self) -> dict[str, Any]:
        """An execution under plain mock_aws; where the package was found, and every module that was imported."""
        answer: dict[str, Any] = json.loads(
            self.run(
                self.python,
                "-c",
                FOUR_LINES,
                AWS_ACCESS_KEY_ID="testing",
                AWS_SECRET_ACCESS_KEY="testing",
                AWS_DEFAULT_REGION="us-east-1",
                AWS_ENDPOINT_URL="",
                S3_OUTPUT_BUCKET="the-bucket",
                SAGEMAKER_IMAGE_URI="123456789012.dkr.ecr.us-east-1.amazonaws.com/credits@sha256:" + "a" * 64,
                SAGEMAKER_ROLE_ARN="arn:aws:iam::123456789012:role/job",
                **FOREIGN,
            )
        )
        return answer

    def own_notebooks(self, notebooks: Mapping[str, Path], sql: str, environment: Mapping[str, str]) -> dict[str, Any]:
        """Each notebook as a job, side by side: its amount, or its error in words."""
        (self.folder / "query.sql").write_text(sql)
        paths = json.dumps({name: str(path) for name, path in notebooks.items()})
        said: dict[str, Any] = json.loads(self.run(self.python, "-c", OWN_NOTEBOOKS, paths, **environment))
        return said

    def kilobytes(self) -> int:
        """What the package takes on the disk, without bytecode."""
        [package] = self.python.parents[1].glob("lib/python3*/site-packages/credits_automation")
        return sum(file.stat().st_size for file in package.rglob("*") if file.suffix != ".pyc") // 1024


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout, built without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def make_foreign(folder: Path) -> Path:
    """A folder with packages `src` and `notebooks`, of which nothing may be imported."""
    for name in ("src", "notebooks", "sagemaker"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise RuntimeError('somebody else')\n")
    return folder
