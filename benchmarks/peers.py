"""Next to what others wait with: seconds from result.json to whoever waits for it, and calls to SageMaker.

Each peer is installed in an environment of its own (build/bench/), once; one that cannot be installed is left out, and
a line says so. All are driven against one sandbox with jobs of the same lengths, by benchmarks/peer_wait.py. In the
sandbox a job ends as soon as its result is there; in SageMaker it ends a minute or more later, which adds to the delay
of whoever waits for the end, and not to that of whoever looks for the result.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from sandbox.aws.script import scripted
from sandbox.client import ROOT
from src import paths
from src.bot.work_pool import ThreadedPool
from src.config import load_settings
from src.execution.processing_request import processing_request
from src.execution.submission import make_submission
from src.waiting import Waiter
from tests.bot.harness import VERIFY, BotHarness

JOBS = 10
SHORTEST, APART = 31.0, 3.1
"""Seconds of the shortest job, and between two jobs: their ends fall anywhere in the peers' intervals of 5 to 30 s."""
FOLDER = ROOT / "build" / "bench"
OPTED_OUT = FOLDER / "sagemaker.yaml"


@dataclass(frozen=True)
class Peer:
    """Who is measured: its function in peer_wait.py, and what pip installs for it."""

    name: str
    wait: str
    packages: tuple[str, ...]


PEERS = (
    Peer("sagemaker SDK 2, Processor.run", "sagemaker_2", ("sagemaker==2.257.7",)),
    Peer("sagemaker SDK 3, Processor.run", "sagemaker_3", ("sagemaker==3.27.0",)),
    Peer(
        "Airflow's SageMaker hook",
        "airflow",
        ("apache-airflow==3.1.3", "apache-airflow-providers-amazon==9.39.0"),
    ),
    Peer("sagemaker-run-notebook's loop", "run_notebook", ("boto3",)),
)


def measure() -> list[Figure]:
    """This bot first: it is the floor of the others."""
    with sandbox() as harness:
        ours, calls = _this_bot(harness)
        figures = [
            Figure(f"result to answer, median of {JOBS} jobs: this bot", ours, "s", limit=3.0),
            Figure(f"calls to SageMaker for {JOBS} jobs: this bot", calls, "calls", float(JOBS)),
        ]
        for peer in PEERS:
            python = _environment(peer)
            if python is not None:
                delay, calls = _peer(harness, peer, python)
                figures.append(Figure(f"… {peer.name}", delay, "s", ours))
                figures.append(Figure(f"… its calls to SageMaker for {JOBS} jobs", calls, "calls", float(JOBS)))
    return figures


def _this_bot(harness: BotHarness) -> tuple[float, float]:
    asked = [harness.ask(f"result after {seconds:g}") for seconds in _lengths()]
    harness.box.clear_calls()
    harness.bot(pool=ThreadedPool(), waiting=Waiter(), clock=time.time).run()
    written = _written(harness)
    delays = []
    for ts in asked:
        [attempt] = harness.record(ts)["requests"][0]["attempts"]
        [answer] = [message for message in harness.box.slack.thread(ts=ts)[1:] if not message.get("files")]
        delays.append(float(answer["ts"]) - written[attempt["execution_id"]])
    return statistics.median(delays), _sagemaker_calls(harness)


def _peer(harness: BotHarness, peer: Peer, python: Path) -> tuple[float, float]:
    requests = [_request(harness, seconds) for seconds in _lengths()]
    harness.box.clear_calls()
    done = subprocess.run(
        [str(python), str(ROOT / "benchmarks" / "peer_wait.py"), peer.wait],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER,
        env={
            **os.environ,
            "AIRFLOW_HOME": str(FOLDER / "airflow_home"),
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(OPTED_OUT),
            "PYTHONWARNINGS": "ignore",
        },
    )
    if done.returncode:
        raise RuntimeError(f"{peer.name} did not get through: {done.stderr[-1500:]}")
    seen, written = json.loads(done.stdout.splitlines()[-1]), _written(harness)
    delays = [at - written[str(paths.execution_id_of(name))] for name, at in seen.items()]
    if len(delays) != JOBS:
        raise RuntimeError(f"{peer.name} saw {len(delays)} of {JOBS} jobs end: {done.stderr[-1500:]}")
    return statistics.median(delays), _sagemaker_calls(harness)


def _lengths() -> list[float]:
    return [SHORTEST + APART * number for number in range(JOBS)]


def _request(harness: BotHarness, seconds: float) -> dict[str, object]:
    """What this bot would start such a job with, its query uploaded."""
    settings, bot = load_settings(), harness.bot()
    execution_id = paths.new_execution_id(datetime.now(UTC))
    submission = make_submission(settings, scripted(VERIFY, f"result after {seconds:g}"), None, execution_id)
    key = paths.ExecutionPaths(execution_id).query
    bot.services.clients.s3.put_object(Bucket=settings.s3_output_bucket, Key=key, Body=submission.query)
    return processing_request(settings, submission)


def _written(harness: BotHarness) -> dict[str, float]:
    """Execution id to the moment its result.json was there."""
    calls = harness.box.calls(service="s3", operation="PutObject", origin="platform")
    return {call["path"].split("/")[-2]: call["at"] for call in calls if call["path"].endswith("/result.json")}


def _sagemaker_calls(harness: BotHarness) -> float:
    return float(sum(harness.box.count_calls(service="sagemaker").values()))


def _environment(peer: Peer) -> Path | None:
    """The peer's Python, its environment made where there is none yet; None where it cannot be."""
    folder = FOLDER / peer.wait
    python, made = folder / "bin" / "python", folder / ".installed"
    if not made.exists():
        uv = [sys.executable, "-m", "uv"]
        commands = [
            [*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            [*uv, "pip", "install", "--quiet", "--python", str(python), *peer.packages],
        ]
        print(f"Installing {' '.join(peer.packages)} ...", file=sys.stderr)
        if any(subprocess.run(command, check=False).returncode for command in commands):
            print(f"{peer.name} is left out: it could not be installed.", file=sys.stderr)
            return None
        made.touch()
    OPTED_OUT.write_text("SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    return python
