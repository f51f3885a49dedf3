"""Who starts a job next: a quarter each while others wait, all of it where nobody does."""

from __future__ import annotations

import json

import pytest

from src import paths
from src.bot.job_slots import Share, may_start
from tests.bot.harness import VERIFY, BotHarness


def share(name: str, jobs: int, state: str) -> Share:
    """state: ready, to come, busy."""
    return Share(("C1", name), jobs, ready=state == "ready", to_come=state in {"ready", "to come"})


@pytest.mark.parametrize(
    ("most", "messages", "start"),
    [
        (4, [("a", 0, "ready"), ("b", 0, "ready")], "ab"),
        (4, [("a", 1, "ready"), ("b", 0, "ready")], "ab"),  # there is room for both
        (4, [("a", 3, "ready"), ("b", 0, "ready")], "b"),  # for one: the older has its quarter
        (4, [("a", 3, "ready")], "a"),  # nobody waits
        (4, [("a", 3, "ready"), ("b", 0, "to come")], ""),  # its SQL comes in a moment
        (8, [("a", 5, "ready"), ("b", 2, "to come")], "a"),  # it has its quarter
        (4, [("a", 3, "ready"), ("b", 0, "busy")], "a"),  # it wants no job
        (4, [("a", 4, "ready"), ("b", 0, "ready")], ""),
        (20, [("a", 4, "ready"), ("b", 15, "ready")], "a"),
        (20, [("a", 14, "ready"), ("b", 5, "ready")], "b"),  # both have theirs: whoever has fewer
        (1, [("a", 0, "ready"), ("b", 0, "ready")], "a"),  # at least one each, oldest first
        (1, [("a", 1, "ready"), ("b", 0, "ready")], ""),
        (2, [("a", 3, "ready"), ("b", 0, "ready")], ""),  # MAX_CONCURRENT_JOBS was lowered meanwhile
        (4, [], ""),
    ],
)
def test_turns(most: int, messages: list[tuple[str, int, str]], start: str) -> None:
    assert {ts for _, ts in may_start(most, [share(*message) for message in messages])} == set(start)


def links(harness: BotHarness, count: int, outcome: str) -> list[str]:
    return [harness.query(f"{VERIFY} /* script: {outcome} */") for _ in range(count)]


@pytest.mark.usefixtures("short_ticks")
def test_a_message_of_eight_links_leaves_the_next_message_its_turn(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has all four jobs while it is alone; the first that ends makes room for the other message."""
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "4")
    many = harness.post(*links(harness, 8, "result after 36000"))
    assert harness.tick().running == 4
    one = harness.post(*links(harness, 1, "result after 36000"))
    first = next(r for r in harness.record(many)["requests"] if r["state"] == "running")
    harness.box.client("sagemaker").stop_processing_job(ProcessingJobName=first["attempts"][0]["job_name"])
    harness.time.sleep(200)

    summary = harness.tick()

    assert [request["state"] for request in harness.record(one)["requests"]] == ["running"]
    assert (summary.running, len(harness.jobs())) == (4, 5)


@pytest.mark.usefixtures("short_ticks")
def test_of_eight_links_and_one_posted_together_the_one_is_among_the_first_jobs(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "4")
    harness.post(*links(harness, 8, "result after 36000"))
    one = harness.post(*links(harness, 1, "result after 36000"))

    assert harness.tick().running == 4

    begun = sorted(json.loads(body)["created_at"] for body in harness.objects(paths.EXECUTIONS_PREFIX).values())
    [attempt] = harness.record(one)["requests"][0]["attempts"]
    assert attempt["created_at"][:19] <= begun[3][:19]
