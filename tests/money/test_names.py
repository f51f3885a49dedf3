"""Names mean what Presto takes them to mean. The lane of the real Presto holds each accepted form to what it reads."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from verify_credit.claim import Claim
from verify_credit.errors import ClaimError
from verify_credit.looker_sql import DEFAULT_ALLOWED_TABLES, Session, read_claim

from tests.money.ledger import ACCOUNT, AS_OF
from tests.money.names import ACCEPTED, PLAIN, REFUSED, SESSION, TOTALS, joined, where

JULY = (ACCOUNT, date(2025, 7, 1), date(2025, 8, 1))
BARE = f"SELECT {TOTALS} FROM verification_usage {where('verification_usage')}"


def read(sql: str, **options: Any) -> Claim:
    return read_claim(sql, **{"as_of": AS_OF, "session": SESSION, **options})


@pytest.mark.parametrize("form", ACCEPTED)
def test_a_form_is_read_as_its_account_window_and_tables_and_alike_without_the_secret(form: str) -> None:
    sql, tables = ACCEPTED[form]
    claim, bots = read(sql), read(sql, session=None)
    assert (claim.account_sid, claim.start, claim.end) == JULY == (bots.account_sid, bots.start, bots.end)
    assert set(claim.tables) == tables
    assert claim.flags == ()


@pytest.mark.parametrize("form", REFUSED)
def test_a_form_is_refused_by_name(form: str) -> None:
    sql, words = REFUSED[form]
    with pytest.raises(ClaimError) as raised:
        read(sql)
    assert words in str(raised.value)
    assert raised.value.advice
    assert len(str(raised.value)) < 400


def test_the_text_that_runs_is_the_authors_with_catalog_and_schema_put_in() -> None:
    claim = read(f"/* a */ {joined('LEFT JOIN @ ON u.mcc = m.mcc', 'Verify.MCC_Codes AS m')} -- b\n;")
    expected = claim.sql.replace("authy.ver", '"hive".authy.ver').replace("Verify.", '"hive".Verify.')
    assert claim.sql_as_run == expected.removesuffix("\n;")
    assert read(BARE).sql_as_run == BARE.replace("FROM ", 'FROM "hive"."authy".')
    assert read(BARE.replace("FROM ", "FROM hive.authy.")).sql_as_run == BARE.replace("FROM ", "FROM hive.authy.")


def test_a_text_that_is_not_known_to_run_anywhere_is_left_as_it_is() -> None:
    assert read(BARE, session=None).sql_as_run == BARE


@pytest.mark.parametrize(
    ("session", "table", "refused"),
    [
        (Session("hive", "reporting"), "verification_usage", "which is hive.reporting.verification_usage to Presto"),
        (Session("hive", "reporting"), PLAIN, ""),
        (Session("lake", "authy"), "verification_usage", ""),
        (Session("lake", "authy"), f"hive.{PLAIN}", "The SQL reads hive.authy.verification_usage: not allowed"),
        (Session("HIVE", "Authy"), "verification_usage", ""),
        (Session('o"dd', "de-fault"), PLAIN, ""),
    ],
)
def test_a_name_takes_catalog_and_schema_of_the_secret(session: Session, table: str, refused: str) -> None:
    sql = f"SELECT {TOTALS} FROM {table} {where()}"
    if refused:
        with pytest.raises(ClaimError, match=refused):
            read(sql, session=session)
        return
    claim = read(sql, session=session)
    [name] = claim.tables
    assert name == f"{session.catalog.lower()}.authy.verification_usage"
    put_in = '"' + session.catalog.lower().replace('"', '""') + '".'
    assert f"FROM {put_in}" in claim.sql_as_run


@pytest.mark.parametrize(
    ("allowed", "table", "is_allowed"),
    [
        ("verify.mcc_codes", "verify.mcc_codes", True),
        ("VERIFY.MCC_CODES", "hive.verify.mcc_codes", True),
        ("hive.verify.mcc_codes", "verify.mcc_codes", True),
        ("lake.verify.mcc_codes", "lake.verify.mcc_codes", True),
        ("lake.verify.mcc_codes", "verify.mcc_codes", False),
        ("verify.mcc_codes", "lake.verify.mcc_codes", False),
        ("verify.mcc_codes", "mcc_codes", False),
        ("verify.mcc_codes", '"verify.mcc_codes"', False),
    ],
)
def test_an_allowed_table_of_two_parts_is_in_the_secrets_catalog_one_of_three_is_exact(
    allowed: str, table: str, is_allowed: bool
) -> None:
    sql = joined("JOIN @ ON u.mcc = m.mcc", f"{table} m")
    if is_allowed:
        assert len(read(sql, allowed_tables=[PLAIN, allowed]).tables) == 2
    else:
        with pytest.raises(ClaimError, match="not allowed"):
            read(sql, allowed_tables=[PLAIN, allowed])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("credit_cards", "reads credit_cards: not allowed"),
        ("reporting.verification_usage", "not allowed"),
        ('"authy.verification_usage"', "not allowed"),
    ],
)
def test_without_the_secret_a_table_of_no_allowed_name_is_refused_too(table: str, words: str) -> None:
    with pytest.raises(ClaimError, match=words):
        read(f"SELECT {TOTALS} FROM {table} {where()}", session=None)


def test_without_the_secret_any_catalog_may_be_the_secrets() -> None:
    assert read(f"SELECT {TOTALS} FROM lake.{PLAIN} {where()}", session=None).account_sid == ACCOUNT


def test_the_default_tables_may_be_read_by_schema_and_name() -> None:
    for table in set(DEFAULT_ALLOWED_TABLES) - {PLAIN}:
        assert f"hive.{table}" in read(joined("JOIN @ ON u.mcc = m.mcc", f"{table} m")).tables
