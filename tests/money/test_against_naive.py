"""Random warehouses, computed twice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import localcontext
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verify_credit.errors import DataError
from verify_credit.result import output_rows

from tests.money import naive
from tests.money.ledger import ACCOUNT, OTHER_SERVICE, SERVICE, Ledger, sql_of

FIRST = date(2025, 7, 1)
DAYS = 20
days = st.integers(0, DAYS - 1).map(lambda number: (FIRST + timedelta(days=number)).isoformat())
services = st.sampled_from([SERVICE, OTHER_SERVICE])
countries = st.sampled_from(["NG", "PK"])
mccs = st.sampled_from(["621", "410", "999"])
money = st.decimals(0, 5000, places=4).map(str)
unit_costs = st.decimals(0, 2, places=6).map(str)


@st.composite
def spells(draw: st.DrawFn, begins: date = FIRST - timedelta(days=3)) -> list[tuple[str, str | None]]:
    """Half-open spells one after the other, with gaps."""
    cuts = sorted(draw(st.sets(st.integers(0, DAYS + 6), min_size=2, max_size=5)))
    dates = [(begins + timedelta(days=cut)).isoformat() for cut in cuts]
    found: list[tuple[str, str | None]] = [(start, end) for start, end in pairwise(dates) if draw(st.booleans())]
    return [*found, (dates[-1], None)] if draw(st.booleans()) else found


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    ledger = Ledger(sql=sql_of(FIRST.isoformat(), (FIRST + timedelta(days=DAYS)).isoformat()))
    for scope in (None, SERVICE, OTHER_SERVICE):
        for start, end in draw(spells()):
            ledger.set(draw(st.sampled_from(["off", "basic", "standard", "max"])), start, end, service_sid=scope)
    for country in ("NG", "PK"):
        for mcc in (None, "621", "410"):
            for start, end in draw(spells()):
                ledger.cost(draw(unit_costs), start, end, country_iso=country, mcc=mcc)
    for _ in range(draw(st.integers(0, 12))):
        place = {"service_sid": draw(services), "country_iso": draw(countries), "mcc": draw(mccs)}
        attempts = draw(st.integers(0, 5000))
        ledger.use(draw(days), attempts, draw(money) if attempts else "0.0000", **place)
    for _ in range(draw(st.integers(0, 8))):
        place = {"service_sid": draw(services), "country_iso": draw(countries), "mcc": draw(mccs)}
        code = draw(st.sampled_from(["60410", "60605"]))
        ledger.block(draw(days), draw(st.integers(0, 9000)), code, **place)
    return ledger


@settings(max_examples=300, deadline=None)
@given(ledger=ledgers())
def test_credit_and_table_are_those_that_a_row_by_row_calculation_gives(ledger: Ledger) -> None:
    with localcontext(prec=60):
        try:
            rows = (ledger.usage, ledger.blocks, ledger.settings, ledger.costs)
            expected, table = naive.credit(*rows), naive.table(*rows)
        except naive.MissingCost:
            with pytest.raises(DataError, match="cost"):
                _ = ledger.decision
            return
    assert ledger.decision.credit == expected
    assert output_rows(ledger.decision) == table
    assert {row["account_sid"] for row in ledger.settings} <= {ACCOUNT}
