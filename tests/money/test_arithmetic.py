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
ModeLineArguments = tuple[str, int, int, str, str]
"""Level, attempts, blocked, USD charged, unit cost."""
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


def test_a_ceiling_of_a_cent_less_than_nothing_is_said_to_count_as_nothing() -> None:
    told = steps(pooled("basic", 100, 0, "50.00", "0.5001"))
    [ceiling] = [step.words for step in told if step.words.startswith(LEFT)]
    assert ceiling.endswith("(less than nothing counts as 0):")


COUNTED = "Attempts that went through, and those that Fraud Guard blocked:"
MISSED = "So many of those that went through it should have blocked as well:"
LEFT = "At most what is left of the charge after"
SMALLER = "The smaller one of the two, to the cent:"
SENTENCES: list[tuple[str, ModeLineArguments, list[str]]] = [
    (
        "a ceiling above what is refunded",
        ("standard", 7, 3, "1.0001", "0.000001"),
        [
            f"{COUNTED} 7 + 3 = 10",
            "In this mode Fraud Guard is to block 90 % of them: 0.9 × 10 = 9",
            f"{MISSED} 9 − 3 = 6",
            "Their part of what was charged, of which 80 % is refunded: 0.8 × 6 ÷ 7 × 1.0001 ≈ 0.6858",
            f"{LEFT} 50 % of what providers charged: 1.0001 − 0.5 × 0.000007 = 1.0000965",
            f"{SMALLER} smaller of 0.6858 and 1.0000965 ≈ 0.69",
        ],
    ),
    (
        "providers charged more than the customer paid",
        ("basic", 100, 0, "50.00", "0.75"),
        [
            f"{COUNTED} 100 + 0 = 100",
            "In this mode Fraud Guard is to block 60 % of them: 0.6 × 100 = 60",
            f"{MISSED} 60 − 0 = 60",
            "Their part of what was charged, of which 50 % is refunded: 0.5 × 60 ÷ 100 × 50.00 = 15.00",
            f"{LEFT} 100 % of what providers charged (less than nothing counts as 0): 50.00 − 1 × 75.00 = −25.00",
            f"{SMALLER} smaller of 15.00 and 0.00 = 0.00",
        ],
    ),
    (
        "providers charged all that the customer paid",
        ("basic", 100, 0, "50.00", "0.5"),
        [
            f"{COUNTED} 100 + 0 = 100",
            "In this mode Fraud Guard is to block 60 % of them: 0.6 × 100 = 60",
            f"{MISSED} 60 − 0 = 60",
            "Their part of what was charged, of which 50 % is refunded: 0.5 × 60 ÷ 100 × 50.00 = 15.00",
            f"{LEFT} 100 % of what providers charged: 50.00 − 1 × 50.00 = 0.00",
            f"{SMALLER} smaller of 15.00 and 0.00 = 0.00",
        ],
    ),
    (
        "blocked more than its target",
        ("basic", 100, 900, "50.00", "0.01"),
        [
            f"{COUNTED} 100 + 900 = 1,000",
            "In this mode Fraud Guard is to block 60 % of them: 0.6 × 1,000 = 600",
            "It blocked more than that, so nothing of what went through is refunded (0, not less): 600 − 900 = −300",
            "Their part of what was charged, of which 50 % is refunded: 0.5 × 0 ÷ 100 × 50.00 = 0.00",
            f"{LEFT} 100 % of what providers charged: 50.00 − 1 × 1.00 = 49.00",
            f"{SMALLER} smaller of 0.00 and 49.00 = 0.00",
        ],
    ),
    (
        "blocked just its target",
        ("basic", 40, 60, "50.00", "0"),
        [
            f"{COUNTED} 40 + 60 = 100",
            "In this mode Fraud Guard is to block 60 % of them: 0.6 × 100 = 60",
            f"{MISSED} 60 − 60 = 0",
            "Their part of what was charged, of which 50 % is refunded: 0.5 × 0 ÷ 40 × 50.00 = 0.00",
            f"{LEFT} 100 % of what providers charged: 50.00 − 1 × 0.00 = 50.00",
            f"{SMALLER} smaller of 0.00 and 50.00 = 0.00",
        ],
    ),
    (
        "no cost is kept, fractions of a cent",
        ("max", 1000, 0, "50.1234", "0.01"),
        [
            f"{COUNTED} 1,000 + 0 = 1,000",
            "In this mode Fraud Guard is to block 100 % of them: 1 × 1,000 = 1,000",
            f"{MISSED} 1,000 − 0 = 1,000",
            "Their part of what was charged, of which 100 % is refunded: 1 × 1,000 ÷ 1,000 × 50.1234 = 50.1234",
            "To the cent: 50.1234 ≈ 50.12",
        ],
    ),
    (
        "no cost is kept, whole cents",
        ("max", 1, 3, "2875.30", "0.01"),
        [
            f"{COUNTED} 1 + 3 = 4",
            "In this mode Fraud Guard is to block 100 % of them: 1 × 4 = 4",
            f"{MISSED} 4 − 3 = 1",
            "Their part of what was charged, of which 100 % is refunded: 1 × 1 ÷ 1 × 2,875.30 = 2,875.30",
        ],
    ),
    ("nothing is refunded", ("off", 5, 0, "1801.58", "0"), ["Nothing is refunded in this mode. 0 × 1,801.58 = 0.00"]),
    (
        "nothing went through",
        ("basic", 0, 5815, "0", "0"),
        ["Nothing went through; 5,815 attempts were blocked: no credit."],
    ),
]


@pytest.mark.parametrize(("pool", "sentences"), [case[1:] for case in SENTENCES], ids=[case[0] for case in SENTENCES])
def test_the_steps_that_finance_reads(pool: ModeLineArguments, sentences: list[str]) -> None:
    assert [f"{step.words} {step.formula}".strip() for step in steps(pooled(*pool))] == sentences


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
