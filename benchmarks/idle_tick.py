"""A tick with nothing to do, against Python, boto3, slack_sdk and the same calls; with no past and with a long one."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from sandbox.client import ROOT
from src import paths
from tests.tick.harness import BotHarness

RUNS = 9
PAST_MESSAGES = 100_000
MAX_CALLS = 4

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


def measure() -> list[Figure]:
    """Medians of runs that take turns, so that a noisy machine is noisy for both."""
    with sandbox() as harness:
        harness.ask("result")
        harness.ticks_until_quiet()
        os.environ["CHANNEL_ID"] = harness.bot().inbox.window()[0].channel
        harness.box.clear_calls()
        tick, floor = _in_turn()
        calls = harness.box.count_calls()
        made = (sum(calls.values()) - calls["cloudwatch.PutMetricData"]) / (2 * RUNS)
        _fill(harness)
        after = [_seconds("-m", "src.credit_bot") for _ in range(RUNS)]
        peak = _run("-m", "src.credit_bot")[1]
    return [
        Figure("tick with nothing to do", tick, "s", floor, 1.2),
        Figure("the same after 100,000 messages", statistics.median(after), "s", tick, 1.05),
        Figure("its calls besides the metric", made, "calls", limit=MAX_CALLS),
        Figure("its peak memory", peak, "MB"),
    ]


def _fill(harness: BotHarness) -> None:
    """Records of messages answered long ago; what they hold is never read."""
    prefix = f"{paths.ROOT}/state/messages/2025-01-01/C1-"
    for first in range(0, PAST_MESSAGES, 10_000):
        numbers = range(first, first + 10_000)
        harness.box.aws.put_objects(objects={f"{prefix}{number:010d}.json": "{}" for number in numbers})


def _in_turn() -> tuple[float, float]:
    pairs = [(_seconds("-m", "src.credit_bot"), _seconds("-c", FLOOR)) for _ in range(RUNS)]
    return statistics.median(tick for tick, _ in pairs), statistics.median(floor for _, floor in pairs)


def _seconds(*arguments: str) -> float:
    return _run(*arguments)[0]


def _run(*arguments: str) -> tuple[float, float]:
    """(seconds, peak memory in MB) of one process."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return time.perf_counter() - started, used.ru_maxrss / 1024
