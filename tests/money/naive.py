"""The policy a second time: row by row, day by day, in plain loops. Shares no code with verify_credit."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

E = {"max": "1.00", "standard": "0.80", "basic": "0.50", "off": "0"}
T = {"max": "1.00", "standard": "0.90", "basic": "0.60", "off": "0"}
R = {"max": "0", "standard": "0.5", "basic": "1", "off": "1"}
MODES = {"off": "disabled", "basic": "basic", "standard": "standard", "max": "max", "unknown": "unknown"}

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


def rounded(exact: Fraction, places: int, how: str = ROUND_HALF_EVEN) -> Decimal:
    """With so many decimals."""
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1).scaleb(-places), how)


def credit(usage: Rows, blocks: Rows, settings: Rows, costs: Rows) -> Decimal:
    """The sum over levels, each to the cent."""
    found = table(usage, blocks, settings, costs)
    return sum((Decimal(str(row["credit"])) for row in found), Decimal("0.00"))


def table(usage: Rows, blocks: Rows, settings: Rows, costs: Rows) -> Rows:
    """output_df of result.json: a row a level that has attempts or blocks."""
    rows = [
        _row(
            level,
            [row for row in usage if level_on(row["usage_date"], row["service_sid"], settings) == level],
            [row for row in blocks if level_on(row["event_date"], row["service_sid"], settings) == level],
            costs,
        )
        for level in MODES
    ]
    return [row for row in rows if row]


def _row(level: str, usage: Rows, blocks: Rows, costs: Rows) -> dict[str, Any]:
    blocks = [row for row in blocks if row["error_code"] == "60410"]
    if not usage and not blocks:
        return {}
    through, charged, paid, missing = 0, Fraction(0), Fraction(0), False
    for row in usage:
        through += row["attempts"]
        charged += Fraction(row["amount"])
        unit = cost_on(row["usage_date"], row["country_iso"], row["mcc"], costs)
        missing = missing or (unit is None and row["attempts"] > 0)
        paid += row["attempts"] * (unit or 0)
    if missing and level in {"standard", "basic"}:
        raise MissingCost
    blocked = sum(row["blocked"] for row in blocks)
    every = through + blocked
    share = amount = Fraction(0)
    if through and level != "unknown":
        share = min(max((Fraction(T[level]) * every - blocked) / through, Fraction(0)), Fraction(1))
        amount = min(Fraction(E[level]) * share * charged, max(charged - Fraction(R[level]) * paid, Fraction(0)))
        amount = min(max(amount, Fraction(0)), charged)
    return {
        "mode": MODES[level],
        "attempts": through,
        "blocked": blocked,
        "block_rate": float(rounded(Fraction(blocked, every), 6)) if every else None,
        "charged": float(rounded(charged, 4)),
        "provider_cost": None if missing else float(rounded(paid, 6)),
        "share": float(rounded(share, 6)),
        "credit": float(rounded(amount, 2, ROUND_HALF_UP)),
    }
