"""A bot as a test has it, and how long its ticks are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from sandbox.client import Sandbox
from tests.bot.harness import BotHarness
from tests.clocks import MovedClock


@pytest.fixture
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where looking at a job that runs on is not what is tried."""
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "5")


@pytest.fixture
def long_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is tried takes minutes of one tick."""
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "720")


@pytest.fixture
def harness(
    scripted_box: Sandbox, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[BotHarness]:
    scripted_box.reset()
    for name, value in scripted_box.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SLACK_POST_INTERVAL", "0")
    heavy = request.node.get_closest_marker("heavy")
    if "TICK_BUDGET_SECONDS" not in os.environ and not heavy:
        monkeypatch.setenv("TICK_BUDGET_SECONDS", "60")  # a job that does not end is looked for until it is spent
    yield BotHarness(scripted_box, MovedClock(time.time()))
    assert scripted_box.aws.refused() == []  # every request was within the services' own limits
