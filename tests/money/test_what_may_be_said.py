"""A card number in any column of any answer is in no error's words, in no reply and in no report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from verify_credit.calculation import decide
from verify_credit.errors import JobError
from verify_credit.evidence import Evidence
from verify_credit.policy import policy_version
from verify_credit.presto_said import token_at
from verify_credit.queries import COLUMNS
from verify_credit.report import render_report
from verify_credit.result import build_result
from verify_credit.sayable import key_value, name_or_none

from src.slack import reply
from tests.canary import CARD
from tests.money.ledger import ACCOUNT, Ledger, sql_of

DAY = "2025-07-10"
EXECUTION = "20260115_123456_3fa94c01"
LOOKER = ("total_attempts", "total_amount", "anything.else")
EVERYWHERE = [(query, column) for query, columns in {"looker": LOOKER, **COLUMNS}.items() for column in columns]
FOR_SHOW = {
    "accounts": ["friendly_name"],
    "mcc_codes": ["mcc", "country_iso", "country_name"],
    "usage": ["mcc", "country_iso", "service_sid"],
    "fraud_guard_settings": ["service_sid"],
}


def planted(ledger: Ledger, query: str, *columns: str) -> dict[str, list[dict[str, Any]]]:
    rows = ledger.rows
    return {**rows, query: [{**row, **dict.fromkeys(columns, CARD)} for row in rows[query]]}


def ledger() -> Ledger:
    return Ledger().set("max", "2025-01-01").use(DAY, 100, "50.00").cost("0.1").block(DAY, 3)


def said_of(ledger: Ledger, rows: dict[str, list[dict[str, Any]]]) -> tuple[str, str]:
    """What the thread says of these rows, and the report that lies in it."""
    evidence = Evidence.from_rows(ledger.claim, rows)
    decision = decide(ledger.claim, evidence, policy_version("2025-1"))
    result: Any = build_result(
        ledger.claim, evidence, decision, execution_id=EXECUTION, timestamp="2026-01-15T12:34:56Z", provenance={}
    )
    told = reply.answer(result, report_url="https://s3.example/r", notebook_url="https://s3.example/n")
    report = render_report(
        ledger.claim,
        evidence,
        decision,
        execution_id=EXECUTION,
        timestamp="2026-01-15T12:34:56Z",
        queries=[],
        image=None,
    )
    return told.text + json.dumps(told.blocks), report


@pytest.mark.parametrize(("query", "column"), EVERYWHERE)
@pytest.mark.parametrize(
    "filtered", ["", "AND country_iso = 'NG' AND mcc = '621' AND service_sid = 'VA" + "1" * 32 + "'"]
)
def test_a_card_number_in_a_column_is_not_in_what_is_said(query: str, column: str, filtered: str) -> None:
    it = ledger()
    it.sql = sql_of(more=filtered)
    try:
        evidence = Evidence.from_rows(it.claim, planted(it, query, column))
        flags = decide(it.claim, evidence, policy_version("2025-1")).flags
    except JobError as error:
        assert CARD not in f"{error} {error.message} {error.advice}"
        assert column in error.message
        assert CARD in error.detail
    else:
        assert CARD not in " ".join(flag.text for flag in flags)
        assert CARD not in evidence.parent_account_sid


@pytest.mark.parametrize("query", FOR_SHOW)
def test_what_is_only_for_show_is_not_shown_where_it_is_none_of_its_kind(query: str) -> None:
    it = ledger()
    thread, report = said_of(it, planted(it, query, *FOR_SHOW[query]))
    assert "credit" in thread
    assert ACCOUNT in report
    assert CARD not in thread + report


def test_a_row_is_named_by_keys_of_their_form() -> None:
    it = ledger().use("2025-08-01", 1, "-1.00", mcc="310410")
    with pytest.raises(
        JobError, match=r"usage row 2 \(2025-08-01, VA1{32}, NG, 310410\): amount is negative\."
    ) as raised:
        _ = it.evidence
    assert "-1.00" in raised.value.detail


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("usage_date", "2025-07-01", "2025-07-01"),
        ("valid_from", "2025-07-01 09:30:00.000", "2025-07-01 09:30:00"),
        ("valid_from", "2025-07-01 00:00:00.4111111111111111", "2025-07-01"),
        ("mcc", "4111111", "(not shown)"),
        ("mcc", None, "NULL"),
        ("country_iso", "NGA", "(not shown)"),
        ("level", "max", "max"),
        ("level", "4111", "(not shown)"),
        ("service_sid", "VA" + "a" * 32, "VA" + "a" * 32),
        ("friendly_name", "Jane", "(not shown)"),
    ],
)
def test_a_key_is_said_in_the_form_of_its_column_alone(column: str, value: str | None, said: str) -> None:
    assert key_value(column, value) == said


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Shop 24/7 GmbH", True),
        ("Shop 2025", True),
        ("Shop 20251", False),
        (CARD, False),
        ("jane@shop.example", False),
    ],
)
def test_a_name_is_said_where_it_looks_like_one(name: str, shown: bool) -> None:
    assert (name_or_none(name) is not None) is shown


@pytest.mark.parametrize(
    ("line", "column", "token"),
    [(1, 8, "a.b"), (2, 1, '"x y".z'), (2, 9, "'it''s'"), (3, 1, ""), (1, 99, ""), (0, 0, ""), (2, 8, "")],
)
def test_the_token_that_stands_at_a_place(line: int, column: int, token: str) -> None:
    assert token_at("SELECT a.b\n\"x y\".z 'it''s'\n", line, column) == token
