"""Types of the bot's own reading of a SQL: what it asks a credit for, or why the job will refuse it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from ..errors import QueryError
from ..state.records import Understood


@dataclass(frozen=True)
class Claimed:
    """What a SQL asks a credit for; days ISO and inclusive."""

    account_sid: str
    fraud_start: str
    fraud_end: str
    understood: Understood = field(default_factory=Understood, compare=False)


class ClaimRefused(QueryError):
    """The reader refuses the SQL, in the words that a job with the same reader would use.

    understood: what was read until then; certain: whether such a job refuses it whatever Presto's session is.
    """

    def __init__(self, message: str, advice: str, understood: Understood, *, certain: bool) -> None:
        super().__init__(message)
        self.advice = advice
        self.understood = understood
        self.certain = certain


class ReadSql(Protocol):
    """Reads a SQL, given the day that NOW() stands for. Raises ClaimRefused; TransientError if it takes long."""

    def __call__(self, sql: str, as_of: date, /) -> Claimed: ...


class ClaimReader(ReadSql, Protocol):
    """A ReadSql that says which reader it is."""

    def sha256(self) -> str:
        """Return the reader's hash: two of one hash read alike. Raises TransientError if there is no reader."""
        ...
