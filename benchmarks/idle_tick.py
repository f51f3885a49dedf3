"""A tick with nothing to do, against Python, boto3, slack_sdk and the same calls; with no past and with a long one."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from sandbox.client import ROOT
from src import paths
from tests.bot.harness import BotHarness

RUNS = 31
PAST_MESSAGES = 100_000
MAX_CALLS = 4
TICK = ("-m", "src.credit_bot")

FLOOR = """
import os, boto3, slack_sdk
from datetime import datetime, timedelta, timezone
slack = slack_sdk.WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
slack.conversations_history(channel=os.environ["CHANNEL_ID"])
s3 = boto3.client("s3")
bucket = os.environ["S3_OUTPUT_BUCKET"]
s3.list_objects_v2(Bucket=bucket, Prefix="credits-automation/state/open/")
s3.get_object(Bucket=bucket, Key="credits-automation/state/cursor.json")["Body"].read()
before = datetime.now(timezone.utc) - timedelta(minutes=20)
boto3.client("sagemaker").list_processing_jobs(NameContains="credits-automation-", CreationTimeBefore=before)
datum = {"MetricName": "TicksSucceeded", "Value": 1}
boto3.client("cloudwatch").put_metric_data(Namespace="CreditsAutomation", MetricData=[datum])
"""


class Used(NamedTuple):
    """Of one process."""

    seconds: float
    peak_mb: float


def measure() -> list[Figure]:
    """Medians of runs that take turns, so that a noisy machine is noisy for all."""
    with sandbox() as fresh:
        empty = _settled(fresh)
        with sandbox() as old:
            full = _settled(old)
            _fill(old)
            made = _calls_of_a_tick(fresh, empty)
            turns = [(_run(empty, *TICK), _run(empty, "-c", FLOOR), _run(full, *TICK)) for _ in range(RUNS)]
    tick, floor, after = ([used.seconds for used in runs] for runs in zip(*turns, strict=True))
    return [
        _compared("tick with nothing to do", tick, floor, 1.2),
        _compared("the same after 100,000 messages", after, tick, 1.05),
        Figure("its calls besides the metric", made, "calls", limit=MAX_CALLS),
        Figure("its peak memory", max(used.peak_mb for used, _, _ in turns), "MB"),
    ]


def _compared(name: str, measured: list[float], floor: list[float], limit: float) -> Figure:
    of_pairs = statistics.median(one / other for one, other in zip(measured, floor, strict=True))
    return Figure(name, statistics.median(measured), "s", statistics.median(floor), limit, of_pairs)


def _settled(harness: BotHarness) -> dict[str, str]:
    """One message answered, nothing left to do; the environment of a tick on it."""
    harness.ask("result")
    harness.ticks_until_quiet()
    return {**os.environ, "CHANNEL_ID": harness.bot().inbox.window()[0].channel}


def _calls_of_a_tick(harness: BotHarness, environment: dict[str, str]) -> float:
    harness.box.clear_calls()
    _run(environment, *TICK)
    calls = harness.box.count_calls()
    return float(sum(calls.values()) - calls["cloudwatch.PutMetricData"])


def _fill(harness: BotHarness) -> None:
    """Records of messages answered long ago; what they hold is never read."""
    prefix = f"{paths.ROOT}/state/messages/2025-01-01/C1-"
    for first in range(0, PAST_MESSAGES, 10_000):
        numbers = range(first, first + 10_000)
        harness.box.aws.put_objects(objects={f"{prefix}{number:010d}.json": "{}" for number in numbers})


def _run(environment: dict[str, str], *arguments: str) -> Used:
    """What one process took."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return Used(time.perf_counter() - started, used.ru_maxrss / 1024)
