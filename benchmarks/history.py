"""Past executions among 100,000 audit records: a list, a search and a look at one, over one page of a listing."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import boto3

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from sandbox.aws.outcomes import canned_result
from sandbox.client import ROOT
from src import paths
from tests.bot.harness import BotHarness

RECORDS = 100_000
A_DAY = 137
"""Records a day: 100,000 in two years."""
LATEST = 200
"""How many records, the newest, are as large as real ones; the older ones are small, since none is read."""
RUNS = 5
ACCOUNT = "AC" + "7" * 32
OVER_A_PAGE = 2.0


def measure() -> list[Figure]:
    """Seconds of whole commands, less one listing page of the same run; medians."""
    with sandbox() as harness:
        newest = _fill(harness)
        page = statistics.median(_page_seconds(harness) for _ in range(RUNS))
        commands = {
            "the last 50": ("list",),
            "one account's": ("search", "--account", ACCOUNT),
            "one execution": ("show", newest),
        }
        figures = [Figure(f"one listing page among {RECORDS:,} records", page, "s")]
        for words, arguments in commands.items():
            seconds = statistics.median(_seconds(*arguments) for _ in range(RUNS))
            figures.append(Figure(f"{words} of {RECORDS:,}, over a page", seconds - page, "s", limit=OVER_A_PAGE))
    return figures


def _fill(harness: BotHarness) -> str:
    """Put the records; the newest one's id. The newest LATEST are of one account and in its index."""
    last, objects = "", {}
    for number, execution_id in enumerate(_ids()):
        files = paths.ExecutionPaths(execution_id)
        objects[files.audit] = _record(execution_id) if number >= RECORDS - LATEST else "{}"
        if number >= RECORDS - LATEST:
            objects[paths.account_index(ACCOUNT, "2025-09-30", execution_id)] = "{}"
        if len(objects) >= 10_000:
            harness.box.aws.put_objects(objects=objects)
            objects = {}
        last = execution_id
    harness.box.aws.put_objects(objects=objects)
    return last


def _ids() -> Iterator[str]:
    """Oldest first, up to yesterday."""
    first = date.today() - timedelta(days=RECORDS // A_DAY + 1)  # noqa: DTZ011 - any day will do
    for number in range(RECORDS):
        day, of_day = first + timedelta(days=number // A_DAY), number % A_DAY
        yield f"{day:%Y%m%d}_{of_day // 60:02d}{of_day % 60:02d}00_{number:08x}"


def _record(execution_id: str) -> str:
    """An audit record of about 50 KB."""
    result: dict[str, Any] = canned_result(execution_id, f"/* {ACCOUNT} */", None)
    result["flags"] = [{"code": "mcc_unknown", "text": "x" * 440}] * 100
    return json.dumps({"execution_id": execution_id, "outcome": "answer", "requester": "U0SUPPORT1", "result": result})


def _page_seconds(harness: BotHarness) -> float:
    """One page of 1,000 keys by a client that has its connection."""
    s3 = boto3.client("s3")
    bucket = harness.box.env["S3_OUTPUT_BUCKET"]
    s3.list_objects_v2(Bucket=bucket, MaxKeys=1)
    started = time.perf_counter()
    s3.list_objects_v2(Bucket=bucket, Prefix=paths.AUDIT_PREFIX)
    return time.perf_counter() - started


def _seconds(*arguments: str) -> float:
    """A whole process, from its start to its end."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "src.runs", *arguments, "--json"],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - started
