"""The arithmetic that the report prints: done again with the printed numbers alone, as a reader would."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verify_credit.arithmetic import ArithmeticStep, steps, total_formula
from verify_credit.calculation import ModeLine

from tests.money.ledger import Ledger

NUMBER = re.compile(r"−?[\d,]+(?:\.\d+)?")
OPERATORS = {"+": 1, "−": 1, "×": 2, "÷": 2}


def value(text: str) -> Fraction:
    assert NUMBER.fullmatch(text), text
    return Fraction(text.replace(",", "").replace("−", "-"))


def computed(expression: str) -> Fraction:
    """A calculator that knows + − × ÷, the latter two first, from the left."""
    if found := re.fullmatch(r"smaller of (\S+) and (\S+)", expression):
        return min(value(found[1]), value(found[2]))
    first, *rest = expression.split(" ")
    terms = [value(first)]
    for operator, text in zip(rest[::2], rest[1::2], strict=True):
        match operator:
            case "+" | "−":
                terms.append(value(text) * (1 if operator == "+" else -1))
            case "×":
                terms[-1] *= value(text)
            case "÷":
                terms[-1] /= value(text)
            case _:
                raise AssertionError(f"no operator: {operator}")
    return sum(terms, Fraction(0))


def half_up(exact: Fraction, digits: int) -> Fraction:
    return Fraction(math.floor(exact * 10**digits + Fraction(1, 2)), 10**digits)


def check_formula(formula: str) -> str:
    """The formula holds for the numbers as printed; its right side."""
    left, sign, right = re.fullmatch(r"(.+) ([=≈]) (\S+)", formula).groups()  # type: ignore[union-attr]
    exact = computed(left)
    if sign == "=":
        assert value(right) == exact, formula
    else:
        assert value(right) != exact, f"{formula}: is exact"
        assert value(right) == half_up(exact, len(right.partition(".")[2])), formula
    return right


def check(line: ModeLine) -> list[ArithmeticStep]:
    told = steps(line)
    formulas = [step.formula for step in told if step.formula]
    results = [check_formula(formula) for formula in formulas]
    if results:
        assert value(results[-1]) == Fraction(line.credit), told
    return told


def pooled(level: str, attempts: int, blocked: int, amount: str, cost: str) -> ModeLine:
    ledger = Ledger().set(level, "2025-01-01").use("2025-07-10", attempts, amount).cost(cost)
    if blocked:
        ledger.block("2025-07-11", blocked)
    [line] = ledger.decision.modes
    return line


@pytest.mark.parametrize(
    ("level", "attempts", "blocked", "amount", "cost"),
    [
        ("basic", 23260, 5815, "1860.80", "0.045"),
        ("standard", 21444, 32166, "2680.50", "0.07"),
        ("max", 28753, 86259, "2875.30", "0.06"),
        ("off", 16378, 0, "1801.58", "0.065"),
        ("basic", 100, 900, "50.00", "0.01"),  # blocked more than its target
        ("basic", 100, 0, "50.00", "0.75"),  # providers charged more than the customer paid
        ("standard", 7, 3, "1.0001", "0.000001"),
        ("standard", 3, 1, "0.0150", "0"),
    ],
)
def test_each_printed_step_computes_to_the_printed_number(
    level: str, attempts: int, blocked: int, amount: str, cost: str
) -> None:
    check(pooled(level, attempts, blocked, amount, cost))


@settings(max_examples=300, deadline=None)
@given(
    level=st.sampled_from(["basic", "standard", "max", "off"]),
    attempts=st.integers(1, 10**9),
    blocked=st.integers(0, 10**9),
    amount=st.decimals("0.0001", 10**9, places=4),
    cost=st.decimals(0, 2, places=6),
)
def test_so_it_does_for_any_figures(level: str, attempts: int, blocked: int, amount: Decimal, cost: Decimal) -> None:
    check(pooled(level, attempts, blocked, str(amount), str(cost)))


def test_a_mean_of_costs_has_no_end_and_still_leads_to_the_credit() -> None:
    ledger = Ledger().set("basic", "2025-01-01").use("2025-07-10", 1000, "90.00", mcc="999")
    for mcc, cost in (("621", "0.01"), ("622", "0.02"), ("623", "0.02")):
        ledger.cost(cost, mcc=mcc)
    [line] = ledger.decision.modes
    assert line.provider_cost is not None
    assert line.provider_cost.denominator % 3 == 0
    check(line)


def test_the_modes_add_up_to_the_credit() -> None:
    ledger = Ledger().set("max", "2025-01-01", "2025-08-01").set("basic", "2025-08-01").cost("0.01")
    ledger.use("2025-07-10", 1000, "90.00").use("2025-08-10", 77, "1234.56")
    assert value(check_formula(total_formula(ledger.decision.modes))) == Fraction(ledger.decision.credit)


def test_what_was_done_by_no_setting_is_said_in_words() -> None:
    [line] = Ledger().use("2025-07-10", 100, "50.00").cost("0").decision.modes
    [step] = check(line)
    assert "No setting of Fraud Guard" in step.words
