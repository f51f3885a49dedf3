"""Documentation/POLICY.md says the numbers that the code has."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from verify_credit.calculation import Decision, ModeLine
from verify_credit.policy import POLICIES, Policy

from sandbox.warehouse import INTERVALS
from tests.money.ledger import Ledger

DOCUMENT = (Path(__file__).resolve().parents[2] / "Documentation" / "POLICY.md").read_text()


def table(first_cell: str) -> list[list[str]]:
    """The rows of the table whose first heading begins so."""
    found = [block for block in DOCUMENT.split("\n\n") if block.startswith(f"| {first_cell}")]
    assert len(found) == 1, f"{len(found)} tables begin with {first_cell}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()]


@pytest.fixture(scope="module")
def decision() -> Decision:
    """The sandbox's sample account, a row a mode."""
    ledger = Ledger()
    for interval in INTERVALS:
        start, end = str(interval.start), str(interval.end)
        ledger.set(interval.level, start, end).cost(str(interval.cost), start, end)
        ledger.use(start, interval.attempts, str(interval.attempts * interval.price))
        if interval.blocked:
            ledger.block(start, interval.blocked)
    return ledger.decision


def number(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace("*", ""))


def short(line: ModeLine) -> Fraction:
    """How many more the mode should have blocked."""
    assert line.rule is not None
    return max(line.rule.target * (line.attempts + line.blocked) - line.blocked, Fraction(0))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.version)
def test_every_version_is_there_with_its_day_and_its_numbers(policy: Policy) -> None:
    heading, _, *rows = table(f"version {policy.version}")
    assert heading[0] == f"version {policy.version}, in force from {policy.in_force_from}"
    said = {row[0]: tuple(map(Fraction, row[1:])) for row in rows}
    assert said == {mode: (rule.refund, rule.target, rule.cost_kept) for mode, rule in policy.rules.items()}


def test_the_worked_example_is_what_the_code_computes_to_the_cent(decision: Decision) -> None:
    *rows, total = table("mode | A | B")[2:]
    assert [row[0] for row in rows] == [line.mode for line in decision.modes]
    for row, line in zip(rows, decision.modes, strict=True):
        computed = (
            Fraction(line.attempts),
            Fraction(line.blocked),
            line.charged,
            line.provider_cost,
            short(line),
            line.share,
            line.entitled,
            line.ceiling,
            Fraction(line.credit),
        )
        assert tuple(map(number, row[1:])) == computed, line.mode
    assert [number(total[place]) for place in (1, 2, 3, 4)] == [
        decision.total.attempts,
        decision.total.blocked,
        decision.total.charged,
        decision.total.provider_cost,
    ]
    assert total[-1] == f"**{decision.credit:,}**" == "**4,948.80**"
    assert decision.credit == Decimal("4948.80")


def test_the_sentence_about_mode_standard_is_its_arithmetic(decision: Decision) -> None:
    [line] = [line for line in decision.modes if line.mode == "standard"]
    words = " ".join(DOCUMENT.split())
    attempts = line.attempts + line.blocked
    assert (
        f"{line.attempts:,} + {line.blocked:,} = {attempts:,} attempts, of which 90 % are {int(attempts * 0.9):,}"
        in words
    )
    assert f"{line.blocked:,} were blocked, {int(short(line)):,} too few" in words
    assert f"0.80 × 0.75 × 2,680.50 = {line.credit:,}" in words
