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
    said = {"policy_version": "2025-1", "flags": [], **other}
    return Answer("20260115_120000_00000001", 1.0, credit=total, modes=rows, **said)


def table(*rows: dict[str, Any], **other: Any) -> Answer:
    """Of a notebook that knows nothing of ours."""
    return Answer("20260115_120000_00000002", 1.0, credit=Decimal("10.00"), modes=list(rows), **other)


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


def test_a_notebook_that_knows_no_policy_and_no_flags_is_held_to_neither() -> None:
    found = compared(
        Answer("a", 1.0, Decimal(10), modes=answer(("max", "10")).modes), answer(("max", "10"), flags=["x"])
    )
    assert (said(found), found.verdict(Decimal(0))) == ([], "equal")


def test_rows_of_any_columns_are_found_by_those_that_tell_them_apart_in_whatever_order() -> None:
    old = table({"country": "NG", "mcc": "621", "usd": 1.5}, {"country": "US", "mcc": "310", "usd": 2.0})
    new = table({"usd": 2.0, "mcc": "310", "country": "US"}, {"usd": 1.6, "mcc": "621", "country": "NG"})
    found = compared(old, new)
    assert said(found) == ["country NG: usd 1.5 → 1.6"]
    assert [found.verdict(Decimal(tolerance)) for tolerance in (0, 1, 7)] == ["DIFFERS", "DIFFERS", "within tolerance"]


def test_whole_numbers_tell_rows_apart_where_both_sides_have_them_and_places_do_where_nothing_does() -> None:
    assert said(
        compared(
            table({"mcc": 1, "usd": 1.0}, {"mcc": 2, "usd": 2.0}), table({"mcc": 2, "usd": 2.0}, {"mcc": 1, "usd": 3.0})
        )
    ) == ["mcc 1: usd 1.0 → 3.0"]
    assert said(compared(table({"attempts": 10, "usd": 1.0}), table({"attempts": 11, "usd": 1.0}))) == [
        "row 1: attempts 10 → 11"
    ]


def test_a_sum_in_another_order_is_the_same_number() -> None:
    assert said(compared(table({"usd": 0.1 + 0.2 + 0.3}), table({"usd": 0.3 + 0.2 + 0.1}))) == []


def test_columns_of_one_side_alone_are_said_once_and_a_row_of_one_side_alone_is_never_within_tolerance() -> None:
    one, two = {"day": "2025-07-01", "usd": 1.0}, {"day": "2025-07-02", "usd": 2.0}
    wider = compared(table(one, two), table({**one, "note": "x"}, {**two, "note": "y"}))
    assert said(wider) == ["columns of one side alone none → note"]
    assert wider.verdict(Decimal(1)) == "within tolerance"
    longer = compared(table(one), table(one, two))
    assert said(longer) == ["day 2025-07-02: usd none → 2.0"]
    assert longer.verdict(Decimal(100)) == "DIFFERS"


def test_the_same_number_in_another_currency_differs_whatever_the_tolerance() -> None:
    found = compared(table(), table(currency="EUR"))
    assert (said(found), found.verdict(Decimal(100))) == (["currency USD → EUR"], "DIFFERS")


@pytest.mark.parametrize("odd", [None, "", [1, {"a": None}], {"b": [2]}, True, "2025-07-01"])
def test_cells_of_any_kind_are_compared(odd: Any) -> None:
    same = table({"a": odd, "usd": 1.0}, {"a": odd, "usd": 2.0})
    assert compared(same, same).verdict(Decimal(0)) == "equal"
    assert compared(same, table({"a": odd, "usd": 1.0}, {"a": 5, "usd": 2.0})).verdict(Decimal(1)) == "DIFFERS"
