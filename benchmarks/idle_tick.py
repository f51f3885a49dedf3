"""A tick with nothing to do, against Python, boto3, slack_sdk and the same calls; with no past and with a long one."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from sandbox.client import ROOT
from src import paths

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
        harness.box.aws.fill(prefix=f"{paths.ROOT}/state/messages/2025-01-01/C1-", count=PAST_MESSAGES)
        after = [_seconds("-m", "src.credit_bot") for _ in range(RUNS)]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        Figure("tick with nothing to do", tick, "s", floor, 1.2),
        Figure("the same after 100,000 messages", statistics.median(after), "s", tick, 1.05),
        Figure("its calls besides the metric", made, "calls", limit=MAX_CALLS),
        Figure("its peak memory", peak, "MB"),
    ]


def _in_turn() -> tuple[float, float]:
    pairs = [(_seconds("-m", "src.credit_bot"), _seconds("-c", FLOOR)) for _ in range(RUNS)]
    return statistics.median(tick for tick, _ in pairs), statistics.median(floor for _, floor in pairs)


def _seconds(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started
