"""tests/money/cases.md, a row a test: rows into the warehouse, the notebook's own queries, the credit of each mode."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from verify_credit.calculation import Decision, decide
from verify_credit.errors import ClaimError, DataError
from verify_credit.evidence import Evidence
from verify_credit.looker_sql import read_claim
from verify_credit.policy import policy_version
from verify_credit.queries import render

from sandbox.presto.engine import Engine
from sandbox.warehouse import CATALOG, TABLES

TABLE = Path(__file__).with_name("cases.md")
ACCOUNT, PARENT = "AC" + "1" * 32, "AC" + "2" * 32
AS_OF = date(2026, 1, 15)
JULY = "usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-08-01'"
MONTHS = ("2025-07", "2025-08", "2026-01")


class Case(NamedTuple):
    """A row of the table, as text."""

    name: str
    sql: str
    settings: str
    costs: str
    usage: str
    blocks: str
    credit: str
    flags: str
    because: str


def cases() -> list[Case]:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return [Case(*row) for row in rows if row[0] not in {"case", "---"}]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def decision(engine: Engine, case: Case) -> Decision:
    """What the notebook decides, its queries answered by the sandbox's warehouse."""
    fill(engine, case)
    claim = read_claim(
        "SELECT SUM(attempts) AS total_attempts, SUM(amount) AS total_amount FROM authy.verification_usage "
        f"WHERE account_sid = '{ACCOUNT}' AND is_fraud = true AND {case.sql.replace('July', JULY)}",
        as_of=AS_OF,
    )
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, sql in render(claim).items():
        table = engine.query(sql, CATALOG, "authy")
        rows[name] = [dict(zip([column for column, _ in table.columns], row, strict=True)) for row in table.rows]
    return decide(claim, Evidence.from_rows(claim, rows), policy_version("2025-1"))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_case_of_the_table(engine: Engine, case: Case) -> None:
    if case.credit.startswith("refused: "):
        with pytest.raises((ClaimError, DataError)) as refusal:
            decision(engine, case)
        assert case.credit.removeprefix("refused: ") in f"{refusal.value} {refusal.value.detail}"
        assert refusal.value.advice
        return

    found = decision(engine, case)

    credits_by_mode = [f"{line.mode} {line.credit}" for line in found.modes]
    assert "; ".join(credits_by_mode) == case.credit.replace("nothing", "")
    assert sorted({flag.code for flag in found.flags}) == sorted(case.flags.split())
    assert found.credit == sum(line.credit for line in found.modes)


# The table's shorthand


def fill(engine: Engine, case: Case) -> None:
    """The warehouse holds this case alone, and a second account that must not matter."""
    for table in TABLES:
        engine.execute(f"DELETE FROM {table}")
    insert(engine, "verify.accounts", [(ACCOUNT, PARENT, "Example Shop"), (PARENT, None, "Example Holding")])
    insert(engine, "verify.mrr", [(PARENT, f"{month}-01", 3) for month in MONTHS])
    known = [("621", "NG"), ("410", "PK"), ("340", "GP"), ("340", "MQ")]
    insert(engine, "verify.mcc_codes", [(mcc, country, country) for mcc, country in known])
    insert(engine, "verify.fraud_guard_settings", [setting(text) for text in parts(case.settings)])
    insert(engine, "verify.provider_costs", [cost(text) for text in parts(case.costs)])
    usage = [row for text in parts(case.usage) for row in (used(text), used(text, account=PARENT))]
    insert(engine, "authy.verification_usage", usage)
    blocks = [row for text in parts(case.blocks) for row in (blocked(text), blocked(text, account=PARENT))]
    insert(engine, "verify.blocking_events", blocks)


def insert(engine: Engine, table: str, rows: list[tuple[object, ...]]) -> None:
    values = [", ".join("NULL" if value in (None, "-") else f"'{value}'" for value in row) for row in rows]
    if values:
        engine.execute(f"INSERT INTO {table} VALUES ({'), ('.join(values)})")


def parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def day(text: str) -> str:
    return text if text.startswith("20") else f"2025-{text}"


def spell(text: str) -> tuple[str, str | None]:
    """`07-01`, `07-01..07-15`; either side may have a time of day."""
    start, _, end = text.partition("..")
    return day(start), day(end) if end else None


def setting(text: str) -> tuple[object, ...]:
    found = re.fullmatch(r"(?:(V\d|parent) )?(\w+) (.+)", text)
    assert found, text
    whose, level, when = found.groups()
    account, service = (PARENT, None) if whose == "parent" else (ACCOUNT, whose)
    return (account, service, level, *spell(when))


def cost(text: str) -> tuple[object, ...]:
    country, mcc, unit_cost, *more = text.split()
    currency = more.pop() if more and more[-1].isalpha() else "USD"
    when = spell(more[0]) if more else ("2025-01-01", None)
    return (country, None if mcc == "*" else mcc, *when, unit_cost, currency)


def place(words: list[str]) -> tuple[str, str, str]:
    """(service, country, MCC), taken off the front where given."""
    service = words.pop(0) if re.fullmatch(r"V\d", words[0]) else "V1"
    country, mcc = (words.pop(0), words.pop(0)) if re.fullmatch(r"[A-Z]{2}|-", words[0]) else ("NG", "621")
    return service, country, mcc


def used(text: str, account: str = ACCOUNT) -> tuple[object, ...]:
    words = text.split()
    fraud = words[0] != "honest" or not words.pop(0)
    service, country, mcc = place(words)
    when, attempts, amount, *currency = words
    return (account, service, day(when), country, mcc, fraud, attempts, amount, currency[0] if currency else "USD")


def blocked(text: str, account: str = ACCOUNT) -> tuple[object, ...]:
    words = text.split()
    service, country, mcc = place(words)
    when, count, *code = words
    return (account, service, day(when), country, mcc, code[0] if code else "60410", count)
