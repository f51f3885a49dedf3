"""Selects executions by what somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .columns import COLUMNS, of_claim, of_result
from .reader import Record


@dataclass(frozen=True)
class Filters:
    """Criteria; None accepts all. Amounts in USD, bounds included; window: first and last day, to overlap with."""

    state: str | None = None
    requester: str | None = None
    min_amount: float | None = None
    max_amount: float | None = None
    window: tuple[date, date] | None = None

    def fits(self, record: Record) -> bool:
        """Return whether the record meets every criterion."""
        return (
            self._is("state", self.state, record)
            and self._is("requester", self.requester, record)
            and self._has_amount(of_result(record, "credit_amount"))
            and (self.window is None or _overlaps(record, *self.window))
        )

    def _is(self, column: str, wanted: str | None, record: Record) -> bool:
        return wanted is None or COLUMNS[column].of(record) == wanted

    def _has_amount(self, amount: float | None) -> bool:
        if self.min_amount is None and self.max_amount is None:
            return True
        return amount is not None and (self.min_amount or 0.0) <= amount <= (
            float("inf") if self.max_amount is None else self.max_amount
        )


def _overlaps(record: Record, first: date, last: date) -> bool:
    start, end = of_claim(record, "fraud_start"), of_claim(record, "fraud_end")
    return bool(start and end and start <= last.isoformat() and end >= first.isoformat())
