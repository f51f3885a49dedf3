"""The job in its image: over bare papermill on the same notebook and Presto, its queries side by side, start, sizes.

`python -m benchmarks.job_in_image FILE` writes the figures of images that are there (scripts/with_images.sh) as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3

from benchmarks.figures import Figure
from sandbox.client import ROOT, Sandbox
from sandbox.warehouse import SAMPLE_SQL
from src import paths
from src.config import load_settings
from src.sagemaker_executor import SageMakerExecutor
from tests.image.containers import image

RUNS = 7
QUERY_SECONDS = 2.0
"""How long each query is delayed, to show that they run side by side."""
JOB_SECONDS = 300.0
"""How long a job is waited for."""
CANNOT = 69
"""Exit code of scripts/image_workshop.sh on a machine that cannot build images."""

NOTEBOOK = ROOT / "notebooks" / "Verify - Credit Recommendation.ipynb"
QUERY_CELL = "run.query()"
SIZES = {
    "image of the job, above its base": ("JOB_IMAGE", 105.0),
    "image of the bot, above its base": ("BOT_IMAGE", 40.0),
    "image of bot-local, above its base": ("BOT_LOCAL_IMAGE", None),
}
"""Figure to the variable that names the image, and its limit in MB."""


def measure() -> list[Figure]:
    """Build the images of the last commit and measure them; on a machine that cannot, say why and return no figures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        measuring = [sys.executable, "-m", "benchmarks.job_in_image", str(file)]
        done = subprocess.run([str(ROOT / "scripts" / "with_images.sh"), *measuring], cwd=ROOT, check=False)
        if done.returncode == CANNOT:
            print("job_in_image: skipped: no images on this machine, for the reason above", file=sys.stderr)
            return []
        done.check_returncode()
        return [Figure(**figure) for figure in json.loads(file.read_text())]


@dataclass(frozen=True)
class Job:
    """Seconds of one job: all of it, from its start to its first cell, its cell of queries, the longest of those."""

    all: float
    to_first_cell: float
    queries: float
    longest_query: float


def figures() -> list[Figure]:
    """Measure the images that JOB_IMAGE, BOT_IMAGE, BOT_LOCAL_IMAGE and BASE_IMAGE name."""
    with Sandbox.start(jobs="image", image=os.environ["JOB_IMAGE"]) as box:
        os.environ.update(box.env)
        pairs = [(_job(box), _papermill()) for _ in range(RUNS)]
        box.presto.delay(seconds=QUERY_SECONDS)
        slow = [_job(box) for _ in range(RUNS)]
    jobs = [job for job, _ in pairs]
    return [
        Figure(
            "job in the image, over papermill", _median(jobs, "all"), "s", statistics.median(s for _, s in pairs), 1.05
        ),
        Figure("from its start to its first cell", _median(jobs, "to_first_cell"), "s"),
        Figure("its queries, over the longest", _median(slow, "queries"), "s", _median(slow, "longest_query"), 1.2),
        *_sizes(),
    ]


def _median(jobs: list[Job], name: str) -> float:
    return float(statistics.median(getattr(job, name) for job in jobs))


def _papermill() -> float:
    """Seconds of papermill itself on this machine, outside of any container."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [str(NOTEBOOK), f"{folder}/out.ipynb", "--cwd", str(NOTEBOOK.parent), "--no-progress-bar"]
        arguments += ["-r", "looker", SAMPLE_SQL, "-r", "workdir", folder]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "papermill", *arguments], check=True, capture_output=True)
        return time.perf_counter() - started


def _job(box: Sandbox) -> Job:
    started = SageMakerExecutor(load_settings()).execute(SAMPLE_SQL)
    box.aws.wait(name=started["job_name"], seconds=JOB_SECONDS)
    described = boto3.client("sagemaker").describe_processing_job(ProcessingJobName=started["job_name"])
    if described["ProcessingJobStatus"] != "Completed":
        raise RuntimeError(f"{started['job_name']} ended as {described}")
    execution = paths.ExecutionPaths(started["execution_id"])
    cells = [cell for cell in _read(execution.notebook)["cells"] if cell["cell_type"] == "code"]
    [queries] = [cell for cell in cells if "".join(cell["source"]).startswith(QUERY_CELL)]
    first = datetime.fromisoformat(cells[0]["metadata"]["papermill"]["start_time"])
    began, ended = described["ProcessingStartTime"], described["ProcessingEndTime"]
    return Job(
        all=(ended - began).total_seconds(),
        to_first_cell=(first - began).total_seconds(),
        queries=queries["metadata"]["papermill"]["duration"],
        longest_query=max(query["seconds"] for query in _read(execution.result)["provenance"]["queries"]),
    )


def _read(key: str) -> Any:
    found = boto3.client("s3").get_object(Bucket=os.environ["S3_OUTPUT_BUCKET"], Key=key)
    return json.load(found["Body"])


def _sizes() -> list[Figure]:
    base = os.environ["BASE_IMAGE"]
    return [
        Figure(name, image(variable).megabytes_above(base), "MB", limit=limit)
        for name, (variable, limit) in SIZES.items()
    ]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps([asdict(figure) for figure in figures()]))
