"""An installation on the sandbox that is whole, to be broken in one place at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sandbox.client import ROOT, Sandbox
from src.checks import job as job_checks
from src.checks.findings import Finding
from src.config import readable_settings
from src.doctor import examine


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
        settings, unreadable = readable_settings()
        self.findings = examine(settings, unreadable, lambda _: None, job=job, sleep=_little, session=self.box.session)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`python -m src.doctor` as an installer starts it."""
        command = [sys.executable, "-m", "src.doctor", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    @property
    def wrong(self) -> dict[str, str]:
        """Check to what is wrong and what fixes it."""
        return {one.check: f"{one.found} → {one.fix}" for one in self.findings if one.state == "wrong"}

    def found(self, check: str) -> str:
        return next(finding.found for finding in self.findings if finding.check == check)

    def state(self, check: str) -> str:
        return next(finding.state for finding in self.findings if finding.check == check)


def _little(seconds: float) -> None:
    """Real jobs take real time, but less than the doctor would wait."""
    time.sleep(min(seconds, 0.1))


@pytest.fixture
def installation(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    sandbox.reset()
    monkeypatch.setattr(job_checks, "STATUS_EVERY", 0.0)
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    yield Installation(sandbox, monkeypatch)
    sandbox.reset()
