"""How a scripted job ends: as a comment in its SQL says, else by the first rule that fits, else with a result."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from sandbox.aws.outcomes import OUTCOMES

_WORDS = "|".join(sorted(OUTCOMES, key=len, reverse=True))
_MARKER = re.compile(rf"script:\s*(?P<outcome>{_WORDS})(?P<once>\s+once)?(?:\s+after\s+(?P<seconds>\d+(?:\.\d+)?))?\b")


def scripted(sql: str, outcome: str) -> str:
    """This SQL with its scripted job's end in a comment: an outcome's name, then `once`, then `after 5` seconds."""
    return f"{sql} /* script: {outcome} */"


class Plan(NamedTuple):
    """The outcome's name, and the seconds until the job comes to it."""

    outcome: str
    seconds: float


@dataclass
class Rule:
    """For jobs whose name fits the glob `job` and whose SQL has the text `sql`; at most `left` more times."""

    plan: Plan
    job: str
    sql: str
    left: int | None


class Script:
    """Thread-safe. What a comment says comes first: by `scripted(sql, "error after 5")`, error.json after 5 seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """No rules; nothing happened yet."""
        with self._lock:
            self._rules: list[Rule] = []
            self._seen: Counter[str] = Counter()

    def add(
        self, outcome: str = "result", seconds: float = 0.0, job: str = "*", sql: str = "", count: int | None = None
    ) -> None:
        """From now on such jobs end so. Raises ValueError for an outcome there is not."""
        if outcome not in OUTCOMES:
            raise ValueError(f"There is no outcome {outcome!r}: use one of {', '.join(OUTCOMES)}.")
        with self._lock:
            self._rules.insert(0, Rule(Plan(outcome, seconds), job, sql, count))

    def plan(self, job_name: str, sql: str) -> Plan:
        """How this job will end."""
        with self._lock:
            self._seen[sql] += 1
            return self._marked(sql) or self._ruled(job_name, sql) or Plan("result", 0.0)

    def _marked(self, sql: str) -> Plan | None:
        marker = _MARKER.search(sql)
        if marker is None:
            return None
        over = marker["once"] and self._seen[sql] > 1
        return Plan("result" if over else marker["outcome"], float(marker["seconds"] or 0))

    def _ruled(self, job_name: str, sql: str) -> Plan | None:
        for rule in self._rules:
            if rule.left != 0 and fnmatchcase(job_name, rule.job) and rule.sql in sql:
                rule.left = None if rule.left is None else rule.left - 1
                return rule.plan
        return None
