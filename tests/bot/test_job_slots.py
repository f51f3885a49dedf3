"""Who starts a job next: a quarter each while others wait, all of it where nobody does."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.aws.script import scripted
from src.bot.job_slots import Share, may_start
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness


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


@pytest.mark.usefixtures("short_ticks")
def test_a_job_that_ends_makes_room_for_a_later_message_before_one_that_has_its_quarter(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "4")
    first = harness.ask("result after 36000")
    many = harness.post(*(harness.query(scripted(VERIFY, "result after 36000")) for _ in range(8)))
    assert harness.tick().running == 4  # nobody else waits: three of them are of the message of eight links
    later = harness.ask("result after 36000")
    [attempt] = harness.record(first)["requests"][0]["attempts"]
    harness.box.client("sagemaker").stop_processing_job(ProcessingJobName=attempt["job_name"])
    harness.time.sleep(TICK_EVERY)

    assert harness.tick().running == 4

    assert [request["state"] for request in harness.record(later)["requests"]] == ["running"]
    assert Counter(request["state"] for request in harness.record(many)["requests"]) == {"running": 3, "new": 5}
