"""From the moment result.json is there to the moment the answer is posted."""

from __future__ import annotations

import statistics
import time

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from src.bot.work_pool import ThreadedPool
from src.waiting import Waiter
from tests.bot.harness import BotHarness

ONE_A_SECOND = 60
AT_ONCE = 100
BURST_SECONDS = 20


def measure() -> list[Figure]:
    """Measure with jobs that end one a second, then with a hundred at once and Slack's limit of a post a second."""
    with sandbox(MAX_CONCURRENT_JOBS="100") as harness:
        asked = [harness.ask(f"result after {20 + number}") for number in range(ONE_A_SECOND)]
        delays = _delays(harness, asked)
    spaced = Figure("result to answer, p95, one a second", statistics.quantiles(delays, n=20)[-1], "s", limit=3.0)
    with sandbox(MAX_CONCURRENT_JOBS="100", SLACK_POST_INTERVAL="1") as harness:
        harness.box.slack.set_limits(on=True)
        asked = [harness.ask(f"result after {BURST_SECONDS}") for _ in range(AT_ONCE)]
        delays = _delays(harness, asked)
    allowed = float(AT_ONCE - 1)
    return [spaced, Figure(f"{AT_ONCE} results at once, last answer", max(delays), "s", allowed, 1.1)]


def _delays(harness: BotHarness, asked: list[str]) -> list[float]:
    """Seconds for each message, by the sandbox's own clock: S3's time of result.json, Slack's of the answer."""
    bot = harness.bot(pool=ThreadedPool(), waiting=Waiter(), clock=time.time)
    bot.run()
    written = {
        call["path"].split("/")[-2]: call["at"]
        for call in harness.box.calls(service="s3", operation="PutObject", origin="platform")
        if call["path"].endswith("/result.json")
    }
    delays = []
    for ts in asked:
        [execution] = harness.record(ts)["requests"][0]["attempts"]
        [answer] = [message for message in harness.box.slack.thread(ts=ts)[1:] if not message.get("files")]
        delays.append(float(answer["ts"]) - written[execution["execution_id"]])
    return delays
