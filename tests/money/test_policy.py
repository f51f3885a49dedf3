"""Each version's table of cases, a row a test: tests/money/policy_<version>.md, computed by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from verify_credit.calculation import decide
from verify_credit.errors import SettingError
from verify_credit.policy import MAX, POLICIES, Policy, Rule, check_policy, policy_for, policy_version, rule

from tests.money.ledger import Ledger

FOLDER = Path(__file__).parent
LEVELS = {"disabled": "off", "basic": "basic", "standard": "standard", "max": "max"}


def table_of(version: str) -> Path:
    return FOLDER / f"policy_{version.replace('-', '_')}.md"


def cases(version: str) -> list[list[str]]:
    table = table_of(version)
    lines = [line for line in table.read_text().splitlines() if line.startswith("|")] if table.exists() else []
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


ROWS = [(policy.version, case) for policy in POLICIES for case in cases(policy.version)]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.version)
def test_each_version_is_whole_and_has_a_table_of_cases_for_every_mode(policy: Policy) -> None:
    check_policy(policy)
    assert table_of(policy.version).read_text().startswith(f"# Policy {policy.version}")
    assert {case[1] for case in cases(policy.version)} >= policy.rules.keys()


def test_versions_and_their_days_are_unlike() -> None:
    assert len({policy.version for policy in POLICIES}) == len(POLICIES)
    assert len({policy.in_force_from for policy in POLICIES}) == len(POLICIES)


@pytest.mark.parametrize(
    "change",
    [{MAX: rule(refund="1.1", target="1", cost_kept="0")}, {"strict": rule(refund="1", target="1", cost_kept="0")}],
)
def test_a_rule_that_cannot_be_meant_is_refused(change: dict[str, Rule]) -> None:
    with pytest.raises(SettingError, match=next(iter(change))):
        check_policy(Policy("2099-1", date(2099, 1, 1), {**POLICIES[0].rules, **change}))


def test_a_version_holds_from_its_day_on() -> None:
    assert policy_for(date(2025, 1, 1)).version == "2025-1"
    with pytest.raises(SettingError, match="2024-12-31"):
        policy_for(date(2024, 12, 31))


@pytest.mark.parametrize(
    ("version", "case"), ROWS, ids=lambda value: value if isinstance(value, str) else ", ".join(value[:2])
)
def test_a_row_of_a_versions_table(version: str, case: list[str]) -> None:
    _, mode, through, blocked, charged, cost, share, credit, _ = case
    ledger = Ledger()
    if mode in LEVELS:
        ledger.set(LEVELS[mode], "2025-01-01")
    if int(through):
        ledger.use("2025-07-10", int(through), charged)
        ledger.cost(str(Decimal(cost) / int(through)))
    if int(blocked):
        ledger.block("2025-07-10", int(blocked))

    [line] = decide(ledger.claim, ledger.evidence, policy_version(version)).modes

    assert (line.mode, line.attempts, line.blocked) == (mode, int(through), int(blocked))
    assert line.share == Fraction(share)
    assert str(line.credit) == credit


def test_the_worked_example_is_the_sum_of_its_modes() -> None:
    rows = [case for case in cases("2025-1") if case[0] == "worked example"]
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
