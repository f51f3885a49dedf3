"""An installation on the sandbox that is whole, to be broken in one place at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sandbox.client import ROOT, Sandbox
from src.checks.findings import Finding
from src.config import readable_settings
from src.doctor import examine
from tests.bot.harness import FastTime

SPEED = 30.0


@dataclass
class Installation:
    """What a test breaks: `box` and, by `set`, the bot's environment. `examine` is the doctor in this process."""

    box: Sandbox
    monkeypatch: pytest.MonkeyPatch
    findings: list[Finding] = field(default_factory=list)

    def set(self, **environment: str) -> None:
        for name, value in environment.items():
            self.monkeypatch.setenv(name, value)

    def examine(self, *, job: bool) -> None:
        time = FastTime(SPEED)
        settings, unreadable = readable_settings()
        self.findings = examine(
            settings, unreadable, lambda _: None, job=job, clock=time, sleep=time.sleep, session=self.box.session
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """`python -m src.doctor` as an installer starts it: exit code and standard output."""
        running = self.start(*arguments)
        out, said = running.communicate(timeout=100)
        assert "Traceback" not in said, said
        return running.returncode, out

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The same, while it runs."""
        command = [sys.executable, "-m", "src.doctor", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    @property
    def wrong(self) -> dict[str, str]:
        """Check to what is wrong and what mends it."""
        return {one.check: f"{one.found} → {one.mend}" for one in self.findings if one.state == "wrong"}

    def state(self, check: str) -> str:
        return next(finding.state for finding in self.findings if finding.check == check)


@pytest.fixture
def installation(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    sandbox.reset()
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    yield Installation(sandbox, monkeypatch)
    sandbox.reset()
