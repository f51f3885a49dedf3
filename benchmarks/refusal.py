"""A claim that is refused, from its link to the answer: by the bot's first look, and by a job that really runs."""

from __future__ import annotations

import time

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from src.bot.work_pool import ThreadedPool
from src.waiting import Waiter
from tests.bot.harness import WITHOUT_FRAUD, BotHarness, make_known

RUNS = 3
LIMIT = 0.25
"""The most that the first look may take of a job's time here; on SageMaker a job takes minutes more."""


def measure() -> list[Figure]:
    """Medians of runs that take turns; the reader is known, or not, by what state/reader.json says."""
    with sandbox(real_jobs=True) as harness:
        _answer(harness)  # imports
        turns = []
        for _ in range(RUNS):
            make_known(harness, None)
            by_a_job = _answer(harness)
            make_known(harness)
            turns.append((_answer(harness), by_a_job))
        jobs = len(harness.jobs())
    if jobs != RUNS + 1:
        raise RuntimeError(f"{jobs} jobs were started for {RUNS + 1} claims that only a job could refuse")
    first_look, by_a_job = (sorted(seconds)[RUNS // 2] for seconds in zip(*turns, strict=True))
    return [Figure("claim refused by the bot, to a job's way", first_look, "s", by_a_job, LIMIT)]


def _answer(harness: BotHarness) -> float:
    """Seconds from the post to the answer, by the sandbox's Slack."""
    ts = harness.post(harness.query(WITHOUT_FRAUD))
    harness.time.now = time.time()
    harness.bot(pool=ThreadedPool(), waiting=Waiter(), clock=time.time).run()
    [answer] = harness.box.slack.thread(ts=ts)[1:]
    if "is_fraud" not in answer["text"]:
        raise RuntimeError(f"refused for another reason: {answer['text']}")
    return float(answer["ts"]) - float(ts)
