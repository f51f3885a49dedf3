"""The policy's table, a row a test: tests/money/policy_2025_1.md, computed by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.money.ledger import Ledger

TABLE = Path(__file__).with_name("policy_2025_1.md")
LEVELS = {"disabled": "off", "basic": "basic", "standard": "standard", "max": "max"}


def cases() -> list[list[str]]:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case[0]}, {case[1]}")
def test_a_row_of_the_policys_table(case: list[str]) -> None:
    _, mode, through, blocked, charged, cost, share, credit, _ = case
    ledger = Ledger()
    if mode in LEVELS:
        ledger.set(LEVELS[mode], "2025-01-01")
    if int(through):
        ledger.use("2025-07-10", int(through), charged)
        ledger.cost(str(Decimal(cost) / int(through)))
    if int(blocked):
        ledger.block("2025-07-10", int(blocked))

    [line] = ledger.decision.modes

    assert (line.mode, line.attempts, line.blocked) == (mode, int(through), int(blocked))
    assert line.share == Fraction(share)
    assert str(line.credit) == credit


def test_the_worked_example_is_the_sum_of_its_modes() -> None:
    rows = [case for case in cases() if case[0] == "worked example"]
    assert sum(Decimal(case[7]) for case in rows) == Decimal("4948.80")


def test_each_mode_is_rounded_once_by_itself() -> None:
    ledger = Ledger().set("basic", "2025-01-01", "2025-08-01").set("max", "2025-08-01")
    ledger.use("2025-07-10", 100, "0.15").use("2025-08-10", 100, "0.0050").cost("0")
    assert [str(line.credit) for line in ledger.decision.modes] == ["0.05", "0.01"]
    assert str(ledger.decision.credit) == "0.06"


def test_days_services_and_countries_of_a_mode_are_pooled() -> None:
    """Day by day the credit would be 0 for the day that blocked more than its target."""
    ledger = Ledger().set("standard", "2025-01-01").cost("0")
    ledger.use("2025-07-10", 100, "100.00").use("2025-07-11", 100, "100.00").block("2025-07-11", 1800)
    [line] = ledger.decision.modes
    assert line.share == 0
    assert str(line.credit) == "0.00"
