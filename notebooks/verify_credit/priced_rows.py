"""Evidence rows with their mode and provider cost: what pools and breakdowns are summed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .costs import Price, UnitCosts
from .errors import DataError
from .evidence import Evidence
from .fraud_guard import FraudGuard
from .policy import Policy
from .sayable import key_value


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """Attempts that went through, attempts blocked, what was charged and what providers charged (USD, exact).

    provider_cost None: unknown for at least one attempt.
    """

    attempts: int
    blocked: int
    charged: Fraction
    provider_cost: Fraction | None

    @property
    def block_rate(self) -> Fraction | None:
        """The share of all attempts that was blocked; None if there were no attempts."""
        attempts = self.attempts + self.blocked
        return Fraction(self.blocked, attempts) if attempts else None


@dataclass(frozen=True, kw_only=True)
class PricedRow(Amounts):
    """One usage row or one row of blocks. `averaged`: its unit cost is the mean of the country's."""

    day: date
    service_sid: str | None
    country_iso: str | None
    mcc: str | None
    mode: str
    averaged: bool = False

    @property
    def place(self) -> str:
        """`US, MCC 310`, for messages."""
        country = key_value("country_iso", self.country_iso) if self.country_iso else "no country"
        return f"{country}, MCC {key_value('mcc', self.mcc) if self.mcc else 'unknown'}"


def price_rows(evidence: Evidence, guard: FraudGuard, costs: UnitCosts, policy: Policy) -> tuple[PricedRow, ...]:
    """Give every row its mode and cost. Raises DataError if a cost is missing that the mode's credit depends on."""
    rows = (*_usage_rows(evidence, guard, costs), *_block_rows(evidence, guard))
    missing = [row for row in rows if row.provider_cost is None and _needs_cost(policy, row.mode)]
    if missing:
        raise _missing_cost(missing)
    return rows


def _usage_rows(evidence: Evidence, guard: FraudGuard, costs: UnitCosts) -> Iterable[PricedRow]:
    for usage in evidence.usage:
        price = costs.price(usage.country_iso, usage.mcc, usage.day)
        yield PricedRow(
            day=usage.day,
            service_sid=usage.service_sid,
            country_iso=usage.country_iso,
            mcc=usage.mcc,
            mode=guard.mode(usage.service_sid, usage.day),
            attempts=usage.attempts,
            blocked=0,
            charged=usage.amount,
            provider_cost=_cost(usage.attempts, price),
            averaged=price is not None and price.averaged,
        )


def _cost(attempts: int, price: Price | None) -> Fraction | None:
    """Return the attempts' cost in USD: 0 for no attempts, None if the unit cost is unknown."""
    if attempts == 0:
        return Fraction(0)
    return None if price is None else attempts * price.unit_cost


def _block_rows(evidence: Evidence, guard: FraudGuard) -> Iterable[PricedRow]:
    for blocks in evidence.blocks:
        yield PricedRow(
            day=blocks.day,
            service_sid=blocks.service_sid,
            country_iso=blocks.country_iso,
            mcc=blocks.mcc,
            mode=guard.mode(blocks.service_sid, blocks.day),
            attempts=0,
            blocked=blocks.blocked,
            charged=Fraction(0),
            provider_cost=Fraction(0),
        )


def _needs_cost(policy: Policy, mode: str) -> bool:
    rule = policy.rules.get(mode)
    return rule is not None and rule.needs_cost


def _missing_cost(rows: list[PricedRow]) -> DataError:
    first = rows[0]
    more = f", and for {len(rows) - 1} more usage rows" if len(rows) > 1 else ""
    return DataError(
        f"verify.provider_costs has no cost for {first.place} on {first.day}{more}; the credit of mode {first.mode} "
        f"depends on it.",
        "Add the country's default (mcc NULL) for these days to verify.provider_costs, then post the link again.",
    )
