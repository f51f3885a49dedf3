"""What providers charge for one attempt, by country, MCC and day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .claim import Claim
from .errors import DataError
from .evidence import UnitCost


@dataclass(frozen=True)
class Price:
    """A unit cost in USD; `averaged`: it is the mean of the country's rows, because none is for the MCC."""

    unit_cost: Fraction
    averaged: bool = False


class UnitCosts:
    """The provider costs of the claim's window. Raises DataError for two rows of one place at once."""

    def __init__(self, claim: Claim, costs: Iterable[UnitCost]) -> None:
        self._claim = claim
        self._places: dict[str, dict[str | None, list[UnitCost]]] = {}
        self._prices: dict[tuple[str, str | None, date], Price | None] = {}
        for cost in sorted(costs, key=lambda cost: cost.valid_from):
            self._places.setdefault(cost.country_iso, {}).setdefault(cost.mcc, []).append(cost)
        for place in self._places.values():
            for rows in place.values():
                self._refuse_two_at_once(rows)

    def price(self, country_iso: str | None, mcc: str | None, day: date) -> Price | None:
        """Return the cost of (country, MCC), else the country's default, else its rows' mean; None if it has none."""
        if country_iso is None:
            return None
        key = (country_iso, mcc, day)
        if key not in self._prices:
            self._prices[key] = self._look_up(*key)
        return self._prices[key]

    def _look_up(self, country_iso: str, mcc: str | None, day: date) -> Price | None:
        place = self._places.get(country_iso, {})
        valid = {name: row.unit_cost for name, rows in place.items() for row in rows if row.holds_on(day)}
        for name in (mcc, None):
            if name in valid:
                return Price(valid[name])
        return Price(sum(valid.values(), Fraction(0)) / len(valid), averaged=True) if valid else None

    def _refuse_two_at_once(self, rows: list[UnitCost]) -> None:
        before = rows[0]
        for row in rows[1:]:
            first = max(row.valid_from, self._claim.start)
            if first < min(self._end(before), self._end(row)):
                raise DataError(
                    f"Two provider costs of one place hold on {first}: {before.row} and {row.row}.",
                    "Fix verify.provider_costs, then post the link again.",
                )
            before = max(before, row, key=self._end)

    def _end(self, cost: UnitCost) -> date:
        return self._claim.end if cost.valid_to is None else min(cost.valid_to, self._claim.end)
