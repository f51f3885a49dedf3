"""A sandbox, and this process's environment set for a bot on it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.client import Sandbox
from tests.bot.harness import BotHarness
from tests.clocks import MovedClock


@contextmanager
def sandbox(*, real_jobs: bool = False, **settings: str) -> Iterator[BotHarness]:
    """A fresh sandbox with scripted jobs, or real ones; `settings` are environment variables of the bot."""
    before = dict(os.environ)
    started = Sandbox.start() if real_jobs else Sandbox.start(jobs="scripted", presto="none")
    with started as box:
        os.environ.update({**box.env, "SLACK_POST_INTERVAL": "0", **settings})
        try:
            yield BotHarness(box, MovedClock(time.time()))
        finally:
            os.environ.clear()
            os.environ.update(before)
