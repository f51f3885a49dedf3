"""A check's finding, and the examination that makes checks in order, a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ..errors import CreditsError

State = Literal["ok", "wrong", "not_made"]


@dataclass(frozen=True)
class Finding:
    """One check. `found`: what is there, or what is wrong; `fix`: the command, policy or setting that fixes it."""

    check: str
    state: State
    found: str
    fix: str = ""


class NotMade(Exception):
    """A check could not be made; the text says why."""


class Examination:
    """Makes checks and keeps their findings. `tell` hears of each as it is made."""

    def __init__(self, tell: Callable[[Finding], None]) -> None:
        self._tell = tell
        self.findings: list[Finding] = []

    def check(self, name: str, look: Callable[[], str], *, fix: str = "", needs: Iterable[str] = ()) -> None:
        """Make one check: `look` answers what it found, or raises what is wrong.

        fix: what fixes it, besides what the error says; needs: checks that must be fine for this one to say anything.
        """
        missing = [need for need in needs if not self.is_ok(need)]
        if missing:
            self.add(Finding(name, "not_made", f"stands on: {', '.join(missing)}"))
            return
        try:
            self.add(Finding(name, "ok", look()))
        except NotMade as reason:
            self.add(Finding(name, "not_made", str(reason)))
        except CreditsError as error:
            self.add(Finding(name, "wrong", str(error), fix))

    def add(self, finding: Finding) -> None:
        """Keep a finding, and tell it."""
        self.findings.append(finding)
        self._tell(finding)

    def is_ok(self, name: str) -> bool:
        """Whether a check was fine; a setting that has no line has its default, which is."""
        return all(finding.state == "ok" for finding in self.findings if finding.check == name)

    @property
    def wrong(self) -> list[Finding]:
        """What has to be fixed."""
        return [finding for finding in self.findings if finding.state == "wrong"]
