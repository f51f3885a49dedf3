"""The queries that a claim runs beside its own: the month of the MRR."""

from __future__ import annotations

import pytest
from verify_credit.queries import LOOKER, render

from tests.money.ledger import Ledger, sql_of


@pytest.mark.parametrize(
    ("end", "month", "next_month"),
    [
        ("2025-08-01", "2025-07-01", "2025-08-01"),
        ("2025-09-02", "2025-09-01", "2025-10-01"),
        ("2025-03-01", "2025-02-01", "2025-03-01"),
        ("2026-01-01", "2025-12-01", "2026-01-01"),
        ("2025-02-01", "2025-01-01", "2025-02-01"),
    ],
)
def test_the_mrr_is_asked_for_the_month_of_the_last_day(end: str, month: str, next_month: str) -> None:
    claim = Ledger(sql=sql_of("2025-01-01", end)).claim
    assert f"month >= DATE '{month}' AND month < DATE '{next_month}'" in " ".join(render(claim)["mrr"].split())


def test_each_query_is_of_the_claims_account_days_and_filters() -> None:
    claim = Ledger(sql=sql_of(more="AND mcc IN ('621', '410') AND country_iso = 'N''G'")).claim
    queries = render(claim)
    assert queries[LOOKER] == claim.sql_as_run
    for name, day in (("usage", "usage_date"), ("blocking_events", "event_date")):
        said = " ".join(queries[name].split())
        assert f"account_sid = '{claim.account_sid}'" in said
        assert f"{day} >= DATE '2025-07-01' AND {day} < DATE '2025-10-01'" in said
        assert "AND country_iso IN ('N''G') AND mcc IN ('410', '621')" in said
