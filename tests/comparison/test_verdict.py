"""What counts as a difference between two answers, and when it is too much."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from src.comparison.cases import Case
from src.comparison.journal import Answer
from src.comparison.verdict import Comparison


def answer(*modes: tuple[str, str], attempts: int = 10, **other: Any) -> Answer:
    rows = [{"mode": mode, "credit": float(credit), "attempts": attempts} for mode, credit in modes]
    total = sum((Decimal(credit) for _, credit in modes), Decimal(0))
    return Answer("20260115_120000_00000001", 1.0, credit=total, modes=rows, **other)


def compared(old: Answer, new: Answer, expected: str | None = None) -> Comparison:
    return Comparison(Case("one", "SELECT 1", expected=Decimal(expected) if expected else None), old, new)


def said(comparison: Comparison) -> list[str]:
    return list(map(str, comparison.differences()))


def test_modes_that_make_up_for_each_other_are_found() -> None:
    found = compared(answer(("standard", "10"), ("max", "20")), answer(("standard", "11"), ("max", "19")))
    assert (found.difference, found.percent, found.verdict(Decimal(0))) == (0, 0.0, "DIFFERS")
    assert said(found) == [
        "mode standard: credit 10.00 → 11.00 (+1.00)",
        "mode max: credit 20.00 → 19.00 (-1.00)",
    ]
    assert found.verdict(Decimal(1)) == "DIFFERS"
    assert found.verdict(Decimal(4)) == "within tolerance"


def test_a_number_behind_the_same_credit_is_found_at_tolerance_0_alone() -> None:
    found = compared(answer(("max", "10")), answer(("max", "10"), attempts=1))
    assert said(found) == ["mode max: attempts 10 → 1"]
    assert (found.verdict(Decimal(0)), found.verdict(Decimal("0.1"))) == ("DIFFERS", "within tolerance")


def test_the_tolerance_is_percent_of_the_old_credit() -> None:
    found = compared(answer(("max", "1000")), answer(("max", "1010")))
    assert found.percent == 1.0
    assert (found.verdict(Decimal(1)), found.verdict(Decimal("0.99"))) == ("within tolerance", "DIFFERS")


def test_nothing_is_near_an_old_credit_of_nothing() -> None:
    found = compared(answer(("max", "0")), answer(("max", "0.01")))
    assert (found.percent, found.verdict(Decimal(100))) == (None, "DIFFERS")


def test_a_mode_that_only_one_side_has_is_a_difference() -> None:
    found = compared(answer(("max", "10")), answer(("max", "10"), ("basic", "2")))
    assert "mode basic: credit 0.00 → 2.00 (+2.00)" in said(found)


@pytest.mark.parametrize("other", [{"policy_version": "2026-1"}, {"flags": ["mrr_missing"]}])
def test_another_policy_version_or_flag_is_a_difference(other: dict[str, Any]) -> None:
    found = compared(answer(("max", "10")), answer(("max", "10"), **other))
    assert found.verdict(Decimal(0)) == "DIFFERS"


def test_both_sides_are_held_to_the_expected_amount() -> None:
    found = compared(answer(("max", "100")), answer(("max", "101")), expected="101")
    assert found.unexpected(Decimal(0)) == ["expected 101.00, old says 100.00"]
    assert found.verdict(Decimal(0)) == "DIFFERS"
    assert found.verdict(Decimal(1)) == "within tolerance"
