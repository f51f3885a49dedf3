"""A tick of 1, 10 and 100 jobs of equal length, over that length: side by side the ratio is 1, in turn it is 100."""

from __future__ import annotations

import time

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from src.bot.work_pool import ThreadedPool
from src.waiting import Waiter
from tests.bot.harness import BotHarness

JOB_SECONDS = 120.0
"""About what a short job takes on SageMaker, most of it the machine's start."""
LIMITS = {1: None, 10: None, 100: 1.10}


def measure() -> list[Figure]:
    """The whole tick, from reading Slack to the last record; Slack's limits off."""
    figures = []
    for jobs, limit in LIMITS.items():
        with sandbox(MAX_CONCURRENT_JOBS="100") as harness:
            seconds = tick_of(harness, jobs)
        figures.append(Figure(f"tick of {jobs} jobs of {JOB_SECONDS:.0f} s", seconds, "s", JOB_SECONDS, limit))
    return figures


def tick_of(harness: BotHarness, jobs: int) -> float:
    """Seconds of a tick that answers so many messages."""
    asked = [harness.ask(f"result after {JOB_SECONDS:.0f}") for _ in range(jobs)]
    bot = harness.bot(pool=ThreadedPool(), waiting=Waiter(), clock=time.time)
    started = time.perf_counter()
    summary = bot.run()
    seconds = time.perf_counter() - started
    if summary.answered != len(asked):
        raise RuntimeError(f"{summary.answered} of {len(asked)} messages were answered")
    return seconds
