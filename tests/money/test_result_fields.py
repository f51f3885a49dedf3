"""Every field of result.json: of one account in all modes, with how each number comes about, and what changes it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from verify_credit.calculation import decide
from verify_credit.evidence import Evidence
from verify_credit.policy import policy_version
from verify_credit.result import build_result, output_rows, sha256

from tests.money.ledger import ACCOUNT, PARENT, SERVICE, Ledger, sql_of

EXECUTION, TIMESTAMP = "20260115_123456_3fa94c01", "2026-01-15T12:34:56Z"
PROVENANCE = {"sql_sha256": "0" * 64, "image": None, "queries": [{"name": "usage", "rows": 5}]}


def july() -> Ledger:
    """A week in each mode, then days that no setting covers. Rows end in digits that the result rounds away."""
    ledger = Ledger(sql=sql_of("2025-07-01", "2025-08-01"))
    ledger.mrr = [{"account_sid": PARENT, "month": "2025-07-01", "mrr": "1234.567"}]
    ledger.mccs = [
        {"mcc": mcc, "country_iso": country, "country_name": country}
        for country, mcc in (("GH", "620"), ("MA", "604"), ("NG", "621"), ("PK", "410"))
    ]
    ledger.set("max", "2025-07-01", "2025-07-08").set("standard", "2025-07-08", "2025-07-15")
    ledger.set("basic", "2025-07-15", "2025-07-22").set("off", "2025-07-22", "2025-07-29")
    ledger.cost("0.0123457", country_iso="GH", mcc="620").cost("0.0333337").cost("0.06", country_iso="PK", mcc="410")
    ledger.use("2025-07-02", 100, "8.123456", country_iso="GH", mcc="620").block("2025-07-03", 50)
    ledger.use("2025-07-09", 301, "24.691378").block("2025-07-10", 600).block("2025-07-10", 9000, "60605")
    ledger.use("2025-07-16", 200, "15.555549", country_iso="PK", mcc="410").block(
        "2025-07-17", 40, country_iso="MA", mcc="604"
    )
    return ledger.use("2025-07-23", 50, "4.00004").use("2025-07-30", 10, "0.80")


UNCOVERED = (
    "No Fraud Guard setting covers 2025-07-30: 10 attempts, 0.80 USD, get no credit until somebody has reviewed them."
)
FIELDS: list[tuple[str, Any, str]] = [
    # field, value, how it comes about
    ("schema_version", "1", ""),
    ("policy_version", "2025-1", "the one it was decided under"),
    ("credit_amount", 25.52, "3.56 + 13.84 + 8.12"),
    ("currency", "USD", ""),
    ("account_sid", ACCOUNT, ""),
    ("parent_account_sid", PARENT, ""),
    ("account_name", "Example Shop", ""),
    ("fraud_start", "2025-07-01", "first day"),
    ("fraud_end", "2025-07-31", "last day, inclusive"),
    ("fraud_total", 53.1704, "4.00004 + 15.555549 + 24.691378 + 8.123456 + 0.80 = 53.170423"),
    ("fraud_attempts", 661, "50 + 200 + 301 + 100 + 10"),
    ("mrr", 1234.57, "the parent's in July, 1234.567"),
    ("execution_id", EXECUTION, ""),
    ("timestamp", TIMESTAMP, ""),
    ("output_df.disabled.attempts", 50, ""),
    ("output_df.disabled.blocked", 0, ""),
    ("output_df.disabled.block_rate", 0.0, "0 ÷ 50"),
    ("output_df.disabled.charged", 4.0, "4.00004"),
    ("output_df.disabled.provider_cost", 1.666685, "50 × 0.0333337"),
    ("output_df.disabled.share", 0.0, "its target is 0"),
    ("output_df.disabled.credit", 0.0, "nothing is refunded"),
    ("output_df.basic.attempts", 200, ""),
    ("output_df.basic.blocked", 40, ""),
    ("output_df.basic.block_rate", 0.166667, "40 ÷ 240"),
    ("output_df.basic.charged", 15.5555, "15.555549"),
    ("output_df.basic.provider_cost", 12.0, "200 × 0.06"),
    ("output_df.basic.share", 0.52, "(0.6 × 240 − 40) ÷ 200"),
    ("output_df.basic.credit", 3.56, "the smaller of 0.5 × 0.52 × 15.555549 = 4.04… and 15.555549 − 12 = 3.555549"),
    ("output_df.standard.attempts", 301, ""),
    ("output_df.standard.blocked", 600, "9,000 more were blocked by a geographic permission"),
    ("output_df.standard.block_rate", 0.665927, "600 ÷ 901 = 0.6659267…"),
    ("output_df.standard.charged", 24.6914, "24.691378"),
    ("output_df.standard.provider_cost", 10.033444, "301 × 0.0333337 = 10.0334437"),
    ("output_df.standard.share", 0.700664, "(0.9 × 901 − 600) ÷ 301 = 0.7006644…"),
    ("output_df.standard.credit", 13.84, "the smaller of 0.8 × 0.7006644… × 24.691378 = 13.840… and 24.69… − 5.01…"),
    ("output_df.max.attempts", 100, ""),
    ("output_df.max.blocked", 50, ""),
    ("output_df.max.block_rate", 0.333333, "50 ÷ 150"),
    ("output_df.max.charged", 8.1235, "8.123456"),
    ("output_df.max.provider_cost", 1.23457, "100 × 0.0123457"),
    ("output_df.max.share", 1.0, "(150 − 50) ÷ 100"),
    ("output_df.max.credit", 8.12, "all of 8.123456"),
    ("output_df.unknown.attempts", 10, ""),
    ("output_df.unknown.blocked", 0, ""),
    ("output_df.unknown.block_rate", 0.0, "0 ÷ 10"),
    ("output_df.unknown.charged", 0.8, ""),
    ("output_df.unknown.provider_cost", 0.333337, "10 × 0.0333337"),
    ("output_df.unknown.share", 0.0, "no rule"),
    ("output_df.unknown.credit", 0.0, "no rule"),
    ("summary.attempts", 661, "as fraud_attempts"),
    ("summary.blocked", 690, "40 + 600 + 50"),
    ("summary.block_rate", 0.510733, "690 ÷ 1351 = 0.5107327…"),
    ("summary.charged", 53.1704, "as fraud_total"),
    ("summary.provider_cost", 25.268036, "1.666685 + 12 + 10.0334437 + 1.23457 + 0.333337 = 25.2680357"),
    ("summary.credit", 25.52, "as credit_amount"),
    ("summary.days", 31, ""),
    ("summary.countries", 3, "GH, NG, PK; in MA all was blocked"),
    ("scope.account_sid", ACCOUNT, ""),
    ("scope.start", "2025-07-01", ""),
    ("scope.end", "2025-08-01", "exclusive"),
    ("scope.services", None, "all"),
    ("scope.countries", None, "all"),
    ("scope.mccs", None, "all"),
    ("flags.mode_unknown", UNCOVERED, ""),
    ("provenance.sql_sha256", "0" * 64, ""),
    ("provenance.image", None, ""),
    ("provenance.queries", [{"name": "usage", "rows": 5}], ""),
]


def without_cost_in_max(ledger: Ledger) -> None:
    ledger.costs = [row for row in ledger.costs if row["country_iso"] != "GH"]


def without_mrr(ledger: Ledger) -> None:
    ledger.mrr = []


def without_the_account(ledger: Ledger) -> None:
    ledger.accounts = []


def one_service_four_countries_four_mccs(ledger: Ledger) -> None:
    ledger.sql = sql_of(
        "2025-07-01",
        "2025-08-01",
        f"AND service_sid = '{SERVICE}' AND country_iso IN ('PK', 'NG', 'MA', 'GH') "
        "AND mcc IN ('620', '410', '621', '604')",
    )


def nothing_at_all(ledger: Ledger) -> None:
    ledger.usage, ledger.blocks = [], []


NO_COST = (
    "GH, MCC 620: no provider cost on 2025-07-02, so that of mode max is unknown; the credit does not depend on it."
)
NO_MRR = "verify.mrr has no MRR of {} for 2025-07: look it up."
NO_ACCOUNT = f"verify.accounts has no row for {ACCOUNT}: taken as its own parent."
NO_FRAUD = (
    "No fraud attempts from 2025-07-01 to 2025-07-31: nothing to credit. Check that account and dates of the link are "
    "the ones meant."
)
GONE = "(no such field)"
EVERY_NUMBER = {"attempts": 0, "blocked": 0, "block_rate": None, "charged": 0.0, "provider_cost": 0.0, "credit": 0.0}
CHANGES: list[tuple[Callable[[Ledger], None], dict[str, Any]]] = [
    # what is different, and the fields that are different then: no other one is
    (
        without_cost_in_max,
        {"output_df.max.provider_cost": None, "summary.provider_cost": None, "flags.cost_unknown": NO_COST},
    ),
    (without_mrr, {"mrr": None, "flags.mrr_missing": NO_MRR.format(PARENT)}),
    (
        without_the_account,
        {
            "parent_account_sid": ACCOUNT,
            "account_name": None,
            "mrr": None,
            "flags.mrr_missing": NO_MRR.format(ACCOUNT),
            "flags.account_unknown": NO_ACCOUNT,
        },
    ),
    (
        one_service_four_countries_four_mccs,
        {
            "scope.services": [SERVICE],
            "scope.countries": ["GH", "MA", "NG", "PK"],
            "scope.mccs": ["410", "604", "620", "621"],
        },
    ),
    (
        nothing_at_all,
        {
            "credit_amount": 0.0,
            "fraud_total": 0.0,
            "fraud_attempts": 0,
            **{field: GONE for field, _, _ in FIELDS if field.startswith("output_df.")},
            **{f"summary.{name}": value for name, value in EVERY_NUMBER.items()},
            "summary.countries": 0,
            "flags.mode_unknown": GONE,
            "flags.no_fraud": NO_FRAUD,
        },
    ),
]


def fields_of(ledger: Ledger) -> dict[str, Any]:
    """result.json by field: of output_df `mode.column`, of flags the text by code."""
    evidence = Evidence.from_rows(ledger.claim, ledger.rows)
    decision = decide(ledger.claim, evidence, policy_version("2025-1"))
    result = build_result(
        ledger.claim, evidence, decision, execution_id=EXECUTION, timestamp=TIMESTAMP, provenance=PROVENANCE
    )
    rows, flags = result.pop("output_df"), result.pop("flags")
    within = {name: result.pop(name) for name in ("summary", "scope", "provenance")}
    within |= {f"output_df.{row.pop('mode')}": row for row in rows}
    within["flags"] = {flag["code"]: flag["text"] for flag in flags}
    return result | {f"{name}.{key}": value for name, values in within.items() for key, value in values.items()}


def test_every_field_of_an_account_in_all_modes() -> None:
    assert fields_of(july()) == {field: value for field, value, _ in FIELDS}


@pytest.mark.parametrize(("change", "fields"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_what_changes_a_field_changes_no_other(change: Callable[[Ledger], None], fields: dict[str, Any]) -> None:
    before, ledger = fields_of(july()), july()
    change(ledger)
    after = fields_of(ledger)
    every = before | after
    assert {name: after.get(name, GONE) for name in every if before.get(name, GONE) != after.get(name, GONE)} == fields


def test_rows_come_in_the_order_of_the_modes_and_their_columns_in_the_tables() -> None:
    rows = output_rows(july().decision)
    assert [row["mode"] for row in rows] == ["disabled", "basic", "standard", "max", "unknown"]
    columns = ["mode", "attempts", "blocked", "block_rate", "charged", "provider_cost", "share", "credit"]
    assert [list(row) for row in rows] == [columns] * 5


def test_text_and_its_bytes_have_one_digest() -> None:
    assert sha256("¤ 25.52") == sha256("¤ 25.52".encode()) == hashlib.sha256("¤ 25.52".encode()).hexdigest()
