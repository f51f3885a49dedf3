"""What differs between two answers, and whether it is too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .cases import Case
from .journal import Answer

CREDIT = "credit"
EQUAL, WITHIN, DIFFERS, NOT_COMPARED = "equal", "within tolerance", "DIFFERS", "not compared"


@dataclass(frozen=True)
class Difference:
    """One number, or text, that is not the same: of a mode, or of the whole (`mode` is "")."""

    mode: str
    what: str
    old: Any
    new: Any

    def __str__(self) -> str:
        where = f"mode {self.mode}: " if self.mode else ""
        both = f"{where}{self.what} {_shown(self.old)} → {_shown(self.new)}"
        return f"{both} ({self.new - self.old:+,.2f})" if self.what == CREDIT and self.amount else both

    @property
    def amount(self) -> Decimal | None:
        """By how many USD a credit differs; None where a side has none."""
        return self.new - self.old if self.what == CREDIT and None not in (self.old, self.new) else None


@dataclass(frozen=True)
class Comparison:
    """A case with what both sides made of it; `problem`: why a side could not be asked at all."""

    case: Case
    old: Answer | None
    new: Answer | None
    problem: str = ""

    @property
    def difference(self) -> Decimal | None:
        """New less old, USD; None where a side has no credit."""
        if self.old is None or self.new is None or self.old.credit is None or self.new.credit is None:
            return None
        return self.new.credit - self.old.credit

    @property
    def percent(self) -> float | None:
        """Of the old credit; None where there is no difference to speak of, or nothing to compare it with."""
        if self.difference is None or not self.old or not self.old.credit:
            return 0.0 if self.difference == 0 else None
        return float(self.difference / self.old.credit * 100)

    def differences(self) -> list[Difference]:
        """Everything that differs; the whole first, then mode by mode."""
        return list(_differences(self.old, self.new)) if self.old and self.new else []

    def unexpected(self, tolerance: Decimal) -> list[str]:
        """How the sides miss the expected amount. `tolerance` in percent of it."""
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
        whole and of each mode; at 0 nothing may differ at all."""
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
        return all(abs(each.amount) <= allowed for each in found if each.amount is not None)


def _differences(old: Answer, new: Answer) -> Iterator[Difference]:
    if old.credit != new.credit:
        yield Difference("", CREDIT, old.credit, new.credit)
    for what in ("failure", "policy_version", "flags"):
        if getattr(old, what) != getattr(new, what):
            yield Difference("", what.replace("_", " "), getattr(old, what), getattr(new, what))
    before, after = ({row["mode"]: row for row in side.modes} for side in (old, new))
    for mode in dict.fromkeys([*before, *after]):
        yield from _mode_differences(mode, before.get(mode, {}), after.get(mode, {}))


def _mode_differences(mode: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    """The credit first: it is what the others explain. A mode that a side lacks has a credit of 0."""
    before, after = (Decimal(f"{row.get(CREDIT, 0):.2f}") for row in (old, new))
    if before != after:
        yield Difference(mode, CREDIT, before, after)
    for what in sorted({*old, *new} - {CREDIT, "mode"}):
        if old.get(what) != new.get(what):
            yield Difference(mode, what.replace("_", " "), old.get(what), new.get(what))


def _near(amount: Decimal, expected: Decimal, tolerance: Decimal) -> bool:
    return abs(amount - expected) <= abs(expected) * tolerance / 100


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return ", ".join(value) or "none" if isinstance(value, list) else "none" if value in (None, "") else str(value)
