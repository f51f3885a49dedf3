"""The policy a second time: row by row, day by day, in plain loops. Shares no code with verify_credit."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

E = {"max": "1.00", "standard": "0.80", "basic": "0.50", "off": "0"}
T = {"max": "1.00", "standard": "0.90", "basic": "0.60", "off": "0"}
R = {"max": "0", "standard": "0.5", "basic": "1", "off": "1"}

Rows = list[dict[str, Any]]


class MissingCost(Exception):
    """A cost is missing that the credit depends on."""


def level_on(day: str, service: str, settings: Rows) -> str:
    """By the service's own row, else the account's."""
    midnight = datetime.fromisoformat(day)
    for scope in (service, None):
        for row in settings:
            begins = datetime.fromisoformat(row["valid_from"])
            ends = datetime.fromisoformat(row["valid_to"]) if row["valid_to"] else midnight + timedelta(days=1)
            if row["service_sid"] == scope and begins <= midnight < ends:
                return str(row["level"])
    return "unknown"


def cost_on(day: str, country: str, mcc: str, costs: Rows) -> Fraction | None:
    """Of the pair, else the country's default, else the mean."""
    valid = [
        row
        for row in costs
        if row["country_iso"] == country and row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])
    ]
    for wanted in (mcc, None):
        for row in valid:
            if row["mcc"] == wanted:
                return Fraction(row["unit_cost"])
    return sum((Fraction(row["unit_cost"]) for row in valid), Fraction(0)) / len(valid) if valid else None


def credit(usage: Rows, blocks: Rows, settings: Rows, costs: Rows) -> Decimal:
    """The sum over levels, each to the cent."""
    total = Decimal("0.00")
    for level in ("max", "standard", "basic", "off"):
        through, blocked, charged, paid, missing = 0, 0, Fraction(0), Fraction(0), False
        for row in usage:
            if level_on(row["usage_date"], row["service_sid"], settings) == level:
                through += row["attempts"]
                charged += Fraction(row["amount"])
                unit = cost_on(row["usage_date"], row["country_iso"], row["mcc"], costs)
                missing = missing or (unit is None and row["attempts"] > 0)
                paid += row["attempts"] * (unit or 0)
        for row in blocks:
            if row["error_code"] == "60410" and level_on(row["event_date"], row["service_sid"], settings) == level:
                blocked += row["blocked"]
        if missing and level in {"standard", "basic"}:
            raise MissingCost
        if through == 0:
            continue
        share = (Fraction(T[level]) * (through + blocked) - blocked) / through
        share = min(max(share, Fraction(0)), Fraction(1))
        amount = min(Fraction(E[level]) * share * charged, max(charged - Fraction(R[level]) * paid, Fraction(0)))
        amount = min(max(amount, Fraction(0)), charged)
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)
        total += exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return total
