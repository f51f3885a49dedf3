"""Decides what differs between two answers, and whether that is too much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..executor import is_number
from .cases import Case
from .journal import Answer
from .rows import CREDIT, Row, cells, columns

EQUAL, WITHIN, DIFFERS, NOT_COMPARED = "equal", "within tolerance", "DIFFERS", "not compared"
_BOTH_SAY = ("failure", "currency")
_UNSAID = ("", None)
"""Values of what a notebook does not say: another than ours has no policy of ours, and may know of no flags."""
_NUMBER_OR_NONE = {int, float, type(None)}


@dataclass(frozen=True)
class Difference:
    """A number or text that differs, in a row such as `mode standard` or in the whole result (`row` is "")."""

    row: str
    what: str
    old: Any
    new: Any

    def __str__(self) -> str:
        where = f"{self.row}: " if self.row else ""
        both = f"{where}{self.what} {_shown(self.old)} → {_shown(self.new)}"
        return f"{both} ({self.new - self.old:+,.2f})" if self.what == CREDIT and self.amount else both

    @property
    def amount(self) -> Decimal | None:
        """Return by how much a credit differs, in USD; None if a side has none."""
        both = isinstance(self.old, Decimal) and isinstance(self.new, Decimal)
        return self.new - self.old if both else None


@dataclass(frozen=True)
class Comparison:
    """A case with what both sides made of it; `problem`: why a side could not be asked at all."""

    case: Case
    old: Answer | None
    new: Answer | None
    problem: str = ""

    @property
    def difference(self) -> Decimal | None:
        """Return new less old; None if a side has no credit."""
        if self.old is None or self.new is None or self.old.credit is None or self.new.credit is None:
            return None
        return self.new.credit - self.old.credit

    @property
    def percent(self) -> float | None:
        """Return the difference in percent of the old credit; None without a difference or an old credit."""
        if self.difference is None or not self.old or not self.old.credit:
            return 0.0 if self.difference == 0 else None
        return float(self.difference / self.old.credit * 100)

    def differences(self) -> list[Difference]:
        """Return everything that differs: in the whole result first, then row by row."""
        return list(_differences(self.old, self.new)) if self.old and self.new else []

    def unexpected(self, tolerance: Decimal) -> list[str]:
        """Return how the sides miss the expected amount. tolerance: in percent of it."""
        if self.case.expected is None:
            return []
        sides = (("old", self.old), ("new", self.new))
        return [
            f"expected {self.case.expected:,.2f}, {name} says {_shown(side.credit if side else None)}"
            for name, side in sides
            if side is None or side.credit is None or not _near(side.credit, self.case.expected, tolerance)
        ]

    def verdict(self, tolerance: Decimal) -> str:
        """One of the words above. `tolerance` in percent of the old credit: by how much a credit may differ, of the
        whole and of each row; of a table without credits each number, of itself. At 0 nothing may differ at all."""
        if self.problem or self.old is None or self.new is None:
            return NOT_COMPARED
        if self.unexpected(tolerance):
            return DIFFERS
        found = self.differences()
        if not found:
            return NOT_COMPARED if self.old.again or self.new.again else EQUAL
        return WITHIN if self._tolerable(found, tolerance) else DIFFERS

    def _tolerable(self, found: list[Difference], tolerance: Decimal) -> bool:
        if tolerance == 0 or self.old is None or self.old.credit is None or self.difference is None:
            return False
        allowed = self.old.credit * tolerance / 100
        has_credits = all(CREDIT in columns(side.modes) for side in (self.old, self.new) if side and side.modes)
        return all(_is_tolerable(each, allowed, tolerance, has_credits) for each in found)


def _differences(old: Answer, new: Answer) -> Iterator[Difference]:
    if old.credit != new.credit:
        yield Difference("", CREDIT, old.credit, new.credit)
    for what in ("failure", "currency", "policy_version", "flags"):
        before, after = getattr(old, what), getattr(new, what)
        said_by_both = what in _BOTH_SAY or (before not in _UNSAID and after not in _UNSAID)
        if said_by_both and before != after:
            yield Difference("", what.replace("_", " "), before, after)
    if not (old.failure or new.failure):
        yield from _table_differences(old.modes, new.modes)


def _table_differences(old: Sequence[Row], new: Sequence[Row]) -> Iterator[Difference]:
    """Yield each row's differences, the credit first, which the others explain. A missing row has a credit of 0."""
    before, after = columns(old), columns(new)
    if before and after and set(before) != set(after):
        alone = [[name for name in one if name not in other] for one, other in ((before, after), (after, before))]
        yield Difference("", "columns of one side alone", *alone)
    for cell in cells(old, new):
        if cell.column != CREDIT or not {type(cell.old), type(cell.new)} <= _NUMBER_OR_NONE:
            yield Difference(cell.row, cell.column.replace("_", " "), cell.old, cell.new)
        elif (first := _cents(cell.old)) != (second := _cents(cell.new)):
            yield Difference(cell.row, CREDIT, first, second)


def _cents(value: float | None) -> Decimal:
    return Decimal(f"{value or 0:.2f}")


def _is_tolerable(each: Difference, allowed: Decimal, tolerance: Decimal, has_credits: bool) -> bool:
    if each.amount is not None:
        return abs(each.amount) <= allowed
    if not each.row or has_credits:
        return each.what not in _BOTH_SAY
    numbers = is_number(each.old) and is_number(each.new)
    return numbers and abs(each.new - each.old) <= abs(each.old) * float(tolerance) / 100


def _near(amount: Decimal, expected: Decimal, tolerance: Decimal) -> bool:
    return abs(amount - expected) <= abs(expected) * tolerance / 100


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)
