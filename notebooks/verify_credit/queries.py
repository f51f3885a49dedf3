"""The queries of a claim: queries/*.sql with the claim's literals in place, and the Looker SQL beside them.

A team whose warehouse differs edits the SQL files alone: COLUMNS is what the calculation needs of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from string import Template

from .claim import Claim

FOLDER = Path(__file__).parent / "queries"
LOOKER = "looker"

COLUMNS: dict[str, tuple[str, ...]] = {
    "usage": ("usage_date", "service_sid", "country_iso", "mcc", "currency", "attempts", "amount"),
    "mcc_codes": ("mcc", "country_iso", "country_name"),
    "fraud_guard_settings": ("account_sid", "service_sid", "level", "valid_from", "valid_to"),
    "accounts": ("account_sid", "parent_account_sid", "friendly_name"),
    "mrr": ("account_sid", "month", "mrr"),
    "provider_costs": ("country_iso", "mcc", "valid_from", "valid_to", "unit_cost", "currency"),
    "blocking_events": ("event_date", "service_sid", "country_iso", "mcc", "error_code", "blocked"),
}


def render(claim: Claim) -> dict[str, str]:
    """The SQL of each query by its name; `looker` is the claim's own, relative dates replaced."""
    values = _values(claim)
    texts = {name: (FOLDER / f"{name}.sql").read_text(encoding="utf-8") for name in COLUMNS}
    return {
        LOOKER: claim.sql_as_run,
        **{name: Template(text).substitute(values).strip() for name, text in texts.items()},
    }


def _values(claim: Claim) -> Mapping[str, str]:
    month = claim.fraud_end.replace(day=1)
    return {
        "account_sid": text_literal(claim.account_sid),
        "start": date_literal(claim.start),
        "end": date_literal(claim.end),
        "month": date_literal(month),
        "next_month": date_literal((month + timedelta(days=31)).replace(day=1)),
        "filters": _filters(claim),
    }


def _filters(claim: Claim) -> str:
    filters = {"service_sid": claim.services, "country_iso": claim.countries, "mcc": claim.mccs}
    parts = [
        f"AND {column} IN ({', '.join(map(text_literal, values))})"
        for column, values in filters.items()
        if values is not None
    ]
    return "\n  ".join(parts)


def text_literal(value: str) -> str:
    """A string literal of Presto: nothing but the quote means anything in it."""
    return "'" + value.replace("'", "''") + "'"


def date_literal(value: date) -> str:
    """`DATE '2025-07-01'`."""
    return f"DATE '{value.isoformat()}'"
