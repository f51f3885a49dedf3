"""An account larger than any: 400 changes of the mode, 200 countries, most flags at once."""

from __future__ import annotations

from datetime import date, timedelta

from verify_credit.report import render_report

from tests.money.ledger import Ledger, sql_of

CHANGES, COUNTRIES = 400, 200
FIRST = date(2024, 6, 1)
LEVELS = ("off", "basic", "standard", "max")


def ledger() -> Ledger:
    """A change a day, each country on every fifth day."""
    end = FIRST + timedelta(days=CHANGES + 1)
    account = Ledger(sql_of(FIRST.isoformat(), end.isoformat()), mccs=[], costs=[])
    for number in range(CHANGES + 1):  # the first day's mode is no change
        day = FIRST + timedelta(days=number)
        account.set(LEVELS[number % 4], day.isoformat(), (day + timedelta(days=1)).isoformat())
        for country in range(number % 5, COUNTRIES, 5):
            iso, mcc = _country(country)
            attempts = 3 + (number * 7 + country * 13) % 97
            account.use(day.isoformat(), attempts, f"{attempts * 0.0713:.4f}", country_iso=iso, mcc=mcc)
            account.block(day.isoformat(), attempts // 2, country_iso=iso, mcc=mcc)
    for country in range(COUNTRIES):
        iso, mcc = _country(country)
        account.cost("0.041300", "2024-01-01", country_iso=iso, mcc=mcc)
        if country % 20:
            account.mccs.append({"mcc": mcc, "country_iso": iso, "country_name": f"Country {iso}"})
    return account


def report() -> str:
    """Its report."""
    account = ledger()
    queries = [_query(name, len(rows)) for name, rows in account.rows.items()]
    return render_report(
        account.claim,
        account.evidence,
        account.decision,
        execution_id="20260115_123456_3fa94c01",
        timestamp="2026-01-15T12:34:56Z",
        queries=queries,
        image=None,
    )


def _query(name: str, rows: int) -> dict[str, object]:
    file = f"data/{name}.jsonl.gz"
    return {"name": name, "rows": rows, "seconds": 0.5, "query_id": None, "file": file, "sha256": "0" * 64}


def _country(number: int) -> tuple[str, str]:
    return f"{chr(65 + number // 26)}{chr(65 + number % 26)}", f"{200 + number}"
