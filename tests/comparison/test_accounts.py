"""The sandbox's generated accounts are varied, and the notebook's own code can decide each of them."""

from __future__ import annotations

from datetime import date

import pytest
from verify_credit.calculation import Decision, decide
from verify_credit.evidence import Evidence
from verify_credit.looker_sql import read_claim
from verify_credit.policy import MODES, UNKNOWN, policy_version
from verify_credit.queries import render

from sandbox.accounts import generate
from sandbox.presto.engine import Engine
from sandbox.warehouse import CATALOG


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    engine = Engine()
    accounts, statements = generate(20)
    for statement in statements:
        engine.execute(statement)
    return [_decide(engine, account.sql) for account in accounts]


def _decide(engine: Engine, sql: str) -> Decision:
    claim = read_claim(sql, as_of=date(2026, 1, 15))
    rows = {}
    for name, query in render(claim).items():
        table = engine.query(query, CATALOG, None)
        rows[name] = [dict(zip([column for column, _ in table.columns], row, strict=True)) for row in table.rows]
    return decide(claim, Evidence.from_rows(claim, rows), policy_version("2025-1"))


def test_no_two_accounts_are_alike_and_every_mode_occurs(decisions: list[Decision]) -> None:
    assert len({decision.total.charged for decision in decisions}) == 20
    assert len({decision.credit for decision in decisions}) > 15
    assert {line.mode for decision in decisions for line in decision.modes} == {*MODES} - {UNKNOWN}


def test_their_results_are_doubtful_in_several_ways(decisions: list[Decision]) -> None:
    codes = {flag.code for decision in decisions for flag in decision.flags}
    assert {"changed_inside_day", "mcc_unknown", "mrr_missing"} <= codes


def test_the_same_accounts_come_each_time() -> None:
    assert generate(3) == generate(3)
    assert generate(3)[0] != generate(3, seed=1)[0]
