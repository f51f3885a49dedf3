"""What asking SageMaker for the status of all running jobs costs in calls, whatever else the account holds."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.setting import sandbox
from sandbox.aws.script import scripted
from tests.bot.harness import VERIFY


def measure() -> list[Figure]:
    """List pages and describes of one poll of 100 running jobs beside 500 ended ones."""
    with sandbox() as harness:
        bot = harness.bot()
        for _ in range(500):
            bot.services.executor.execute(VERIFY)
        running = [bot.services.executor.execute(scripted(VERIFY, "result after 3600"))["job_name"] for _ in range(100)]
        harness.box.clear_calls()
        statuses = bot.services.executor.poll(running)
        calls = harness.box.count_calls(service="sagemaker")
    if len(statuses) != len(running):
        raise RuntimeError(f"a poll of {len(running)} jobs found {len(statuses)}")
    return [
        Figure("list pages a poll of 100 jobs", calls.get("sagemaker.ListProcessingJobs", 0), "pages", 1.0, 1.0),
        Figure("describes a poll", calls.get("sagemaker.DescribeProcessingJob", 0), "calls", limit=0.0),
    ]
