"""No result of ours is refused by what the bot holds it to; a cent more than the rounded charge is."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, cast

import pytest
from verify_credit.calculation import decide
from verify_credit.claim import Claim
from verify_credit.evidence import Evidence
from verify_credit.policy import policy_version
from verify_credit.result import build_result, sha256

from src.errors import ResultInvalid
from src.execution.results import check_query
from src.executor import CreditResult
from src.notebook_choice import OUR_PROFILE
from tests.money.ledger import Ledger

ACCOUNTS = 2000
SEED = 17
EXECUTION = "20260115_123456_3fa94c01"
POLICY = policy_version("2025-1")


def in_max_alone(amounts: list[str], blocked: int = 0) -> Ledger:
    ledger = Ledger().set("max", "2025-01-01")
    for day, amount in enumerate(amounts, 1):
        ledger.use(f"2025-07-{day:02d}", day, amount)
    return ledger.block("2025-07-31", blocked) if blocked else ledger


def result_of(ledger: Ledger, claim: Claim) -> dict[str, Any]:
    decision = decide(claim, (evidence := Evidence.from_rows(claim, ledger.rows)), POLICY)
    provenance = {"sql_sha256": sha256(claim.sql)}
    return build_result(
        claim, evidence, decision, execution_id=EXECUTION, timestamp="2026-01-15T12:34:56Z", provenance=provenance
    )


def refusal(result: dict[str, Any], claim: Claim) -> str:
    """What the bot has against it; "" where it has nothing."""
    try:
        check_query(cast("CreditResult", result), claim.sql, OUR_PROFILE)
    except ResultInvalid as error:
        return str(error)
    return ""


def a_cent_more(result: dict[str, Any]) -> dict[str, Any]:
    credit = float(Decimal(str(result["credit_amount"])) + Decimal("0.01"))
    rows = [{**row, "credit": credit} for row in result["output_df"]]
    return {**result, "credit_amount": credit, "output_df": rows}


def test_of_two_thousand_random_accounts_in_max_alone_none_is_refused_and_each_is_with_a_cent_more() -> None:
    chance, claim = random.Random(SEED), Ledger().claim
    above = 0
    for _ in range(ACCOUNTS):
        amounts = [f"{chance.randint(1, 10 ** chance.randint(1, 9)) / 10_000:.4f}" for _ in range(chance.randint(1, 3))]
        result = result_of(in_max_alone(amounts, chance.choice([0, chance.randint(1, 500)])), claim)
        above += Decimal(str(result["credit_amount"])) > sum(map(Decimal, amounts))
        assert refusal(result, claim) == "", amounts
        assert "more than the" in refusal(a_cent_more(result), claim), amounts
    assert ACCOUNTS // 3 < above < ACCOUNTS  # the rounded credit lies above what was charged: that is right


@pytest.mark.parametrize(
    ("charged", "credit"),
    [("2.7054", 2.71), ("2.7050", 2.71), ("2.7049", 2.70), ("0.0050", 0.01), ("0.0049", 0.0), ("999999999.9950", 1e9)],
)
def test_a_credit_is_bounded_by_its_charge_rounded_half_up(charged: str, credit: float) -> None:
    claim = Ledger().claim
    result = result_of(in_max_alone([charged]), claim)
    assert result["credit_amount"] == credit
    assert refusal(result, claim) == ""
    assert refusal(a_cent_more(result), claim)
