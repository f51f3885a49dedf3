"""The values of query rows, read strictly: what no credit may be computed from is a DataError naming row and column.

A value is as Presto's protocol or a saved data file gives it: DECIMAL, DATE and TIMESTAMP as text, BIGINT as a number.
What an error says is posted in Slack: the value itself is in its `detail` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from .claim import is_account
from .errors import DataError
from .sayable import key_value

Values = Mapping[str, object]

LARGEST = 10**15
"""The largest number, in USD or attempts, that a row may have; a larger one is a mistake."""

_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?", re.ASCII)
_NO_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})([ T]00:00(:00(\.0+)?)?)?", re.ASCII)
_ADVICE = "Fix the row in the warehouse, or its query in notebooks/verify_credit/queries, then post the link again."


@dataclass(frozen=True)
class Row:
    """One row of a query. `number` counts from 1; `key` are the columns that tell the row to a person.

    advice: what to do about a value that cannot be used.
    """

    query: str
    number: int
    values: Values
    key: tuple[str, ...] = ()
    advice: str = _ADVICE

    def refuse(self, column: str, what: str, advice: str = "", *, why: str = "is") -> DataError:
        """The error for a value that cannot be used; `what` holds no value but one of a known form.

        why: what goes before the value in the detail.
        """
        detail = f"{self.name}: {column} {why} {_short(self.values.get(column))}"
        return DataError(f"{self.name}: {column} {what}.", advice or self.advice, detail)

    @property
    def name(self) -> str:
        """`usage row 3 (2025-07-01, VA…, US)`: how a person finds the row."""
        key = ", ".join(key_value(column, self.values.get(column)) for column in self.key)
        return f"{self.query} row {self.number}" + (f" ({key})" if key else "")

    def get(self, column: str) -> object:
        """The raw value. Raises DataError, naming the columns that came, where the column is missing."""
        if column not in self.values:
            came = ", ".join(self.values) or "none"
            raise DataError(
                f"The {self.query} query has no column {column}; it returned {came}.",
                f"Give the column that name in notebooks/verify_credit/queries/{self.query}.sql.",
            )
        return self.values[column]

    def number_of(self, column: str) -> Fraction:
        """A finite number, exactly, of either sign."""
        value = self.get(column)
        if value is None:
            raise self.refuse(column, "is NULL")
        text = str(value).strip()
        if isinstance(value, bool) or not _NUMBER.fullmatch(text):
            raise self.refuse(column, f"is {text}" if text in _NO_NUMBERS else "is not a number")
        number = Fraction(Decimal(text))
        if abs(number) > LARGEST:
            raise self.refuse(column, "is larger than any sum this can be")
        return number

    def amount(self, column: str) -> Fraction:
        """Money, exactly; not negative."""
        amount = self.number_of(column)
        if amount < 0:
            raise self.refuse(column, "is negative", why="is negative:")
        return amount

    def count(self, column: str) -> int:
        """A whole number; not negative."""
        count = self.amount(column)
        if count.denominator != 1:
            raise self.refuse(column, "is not a whole number")
        return count.numerator

    def text(self, column: str) -> str:
        """Text that must be there."""
        value = self.optional_text(column)
        if value is None:
            raise self.refuse(column, "is NULL")
        return value

    def optional_text(self, column: str) -> str | None:
        """Text, or None for NULL."""
        value = self.get(column)
        if value is not None and not isinstance(value, str):
            raise self.refuse(column, "is not text")
        return value

    def optional_account(self, column: str) -> str | None:
        """An account's SID, or None for NULL."""
        sid = self.optional_text(column)
        if sid is not None and not is_account(sid):
            raise self.refuse(column, "is not an account's SID")
        return sid

    def day(self, column: str) -> date:
        """A date; a timestamp is one only at midnight."""
        match = _DATE.fullmatch(self.text(column).strip())
        try:
            return date.fromisoformat(match[1] if match else "")
        except ValueError:
            raise self.refuse(column, "is not a date") from None

    def optional_day(self, column: str) -> date | None:
        """A date, or None for NULL."""
        return None if self.get(column) is None else self.day(column)

    def moment(self, column: str) -> datetime:
        """A point in time in UTC; text without a zone is UTC, as the session is."""
        text = self.text(column).strip().removesuffix(" UTC")
        try:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.refuse(column, "is not a timestamp") from None

    def optional_moment(self, column: str) -> datetime | None:
        """A point in time, or None for NULL."""
        return None if self.get(column) is None else self.moment(column)


def _short(value: object) -> str:
    text = "NULL" if value is None else str(value)
    return text if len(text) <= 200 else text[:197] + "..."
