"""From claim, evidence and policy to the credit. Exact (fractions), pure, standard library only.

decide      give each row its mode and cost, pool by mode, apply the rule, round once a mode
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from .claim import Claim, Flag
from .costs import UnitCosts
from .evidence import Evidence
from .flags import flags_of
from .fraud_guard import FraudGuard, SettingChange
from .policy import MODES, Policy, Rule
from .priced_rows import Amounts, PricedRow, price_rows

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class ModeLine(Amounts):
    """One mode's credit, with the steps of the arithmetic. In the design's letters:

    attempts A, blocked B, charged G, provider_cost P (None: unknown), share a, entitled e·a·G, ceiling
    max(G − r·P, 0) (None: unknown, and without influence), credit their smaller one, between 0 and G, to the cent.
    `rule` holds e, T and r (refund, target, cost_kept); None for the mode unknown.
    """

    mode: str
    rule: Rule | None
    share: Fraction
    entitled: Fraction
    ceiling: Fraction | None
    credit: Decimal


@dataclass(frozen=True, kw_only=True)
class DayLine(Amounts):
    """A day of one mode (services may differ, so a day may have several)."""

    day: date
    mode: str


@dataclass(frozen=True, kw_only=True)
class CountryLine(Amounts):
    """A country's MCC in one mode. country_name None: no name known; mcc_known: whether mcc_codes has the MCC."""

    country_iso: str | None
    country_name: str | None
    mcc: str | None
    mcc_known: bool
    mode: str


@dataclass(frozen=True)
class Decision:
    """The recommendation; `credit` in USD. `flags` are those of the claim, of the evidence and of the calculation."""

    policy: Policy
    modes: tuple[ModeLine, ...]
    total: Amounts
    credit: Decimal
    by_day: tuple[DayLine, ...]
    by_country: tuple[CountryLine, ...]
    setting_changes: tuple[SettingChange, ...]
    flags: tuple[Flag, ...]


def decide(claim: Claim, evidence: Evidence, policy: Policy) -> Decision:
    """Compute the credit under a policy. Raises DataError for missing or contradictory settings and costs."""
    guard = FraudGuard(claim, evidence.settings)
    rows = price_rows(evidence, guard, UnitCosts(claim, evidence.costs), policy)
    pools = _pooled(rows, lambda row: row.mode)
    modes = tuple(_mode_line(mode, pools[mode], policy.rules.get(mode)) for mode in MODES if mode in pools)
    return Decision(
        policy=policy,
        modes=modes,
        total=_total(rows),
        credit=sum((line.credit for line in modes), Decimal("0.00")),
        by_day=_by_day(rows),
        by_country=_by_country(rows, evidence),
        setting_changes=guard.changes(),
        flags=claim.flags + evidence.flags + tuple(flags_of(claim, evidence, rows, guard)),
    )


def round_half_up(amount: Fraction) -> Decimal:
    """Round to the cent, half a cent up; for amounts of 0 and more."""
    cents = int(amount * 100 + Fraction(1, 2))
    return Decimal(f"{cents // 100}.{cents % 100:02d}")


def clamp(value: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """The value, kept between low and high."""
    return max(low, min(value, high))


def _mode_line(mode: str, pool: Amounts, rule: Rule | None) -> ModeLine:
    share = _share(pool, rule)
    entitled = rule.refund * share * pool.charged if rule else Fraction(0)
    ceiling = _ceiling(pool, rule)
    credit = entitled if ceiling is None else min(entitled, ceiling)
    return ModeLine(
        mode=mode,
        rule=rule,
        attempts=pool.attempts,
        blocked=pool.blocked,
        charged=pool.charged,
        provider_cost=pool.provider_cost,
        share=share,
        entitled=entitled,
        ceiling=ceiling,
        credit=round_half_up(clamp(credit, Fraction(0), pool.charged)),
    )


def _share(pool: Amounts, rule: Rule | None) -> Fraction:
    """Return the share of the attempts that went through which the mode's target would have blocked."""
    if rule is None or pool.attempts == 0:
        return Fraction(0)
    target = rule.target * (pool.attempts + pool.blocked)
    return clamp((target - pool.blocked) / pool.attempts, Fraction(0), Fraction(1))


def _ceiling(pool: Amounts, rule: Rule | None) -> Fraction | None:
    """Return what is left of the charge after the provider cost we keep; None if unknown: no ceiling applies then."""
    if rule is None:
        return None
    if pool.provider_cost is None:
        return pool.charged if rule.cost_kept == 0 else None
    return max(pool.charged - rule.cost_kept * pool.provider_cost, Fraction(0))


def _pooled(rows: Iterable[PricedRow], key: Callable[[PricedRow], Key]) -> dict[Key, Amounts]:
    groups: dict[Key, list[PricedRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {group: _total(members) for group, members in groups.items()}


def _total(rows: Iterable[PricedRow]) -> Amounts:
    attempts = blocked = 0
    charged, cost = Fraction(0), Fraction(0)
    cost_known = True
    for row in rows:
        attempts, blocked, charged = attempts + row.attempts, blocked + row.blocked, charged + row.charged
        cost_known = cost_known and row.provider_cost is not None
        cost += row.provider_cost or 0
    return Amounts(attempts=attempts, blocked=blocked, charged=charged, provider_cost=cost if cost_known else None)


def _by_day(rows: Iterable[PricedRow]) -> tuple[DayLine, ...]:
    pools = _pooled(rows, lambda row: (row.day, MODES.index(row.mode)))
    return tuple(DayLine(day=day, mode=MODES[mode], **vars(pool)) for (day, mode), pool in sorted(pools.items()))


def _by_country(rows: Iterable[PricedRow], evidence: Evidence) -> tuple[CountryLine, ...]:
    """The most charged first."""
    pools = _pooled(rows, lambda row: (row.country_iso, row.mcc, row.mode))
    order = sorted(pools, key=lambda key: (-pools[key].charged, key[0] or "", key[1] or "", MODES.index(key[2])))
    return tuple(
        CountryLine(
            country_iso=country,
            country_name=evidence.country_names.get(country or ""),
            mcc=mcc,
            mcc_known=mcc in evidence.known_mccs,
            mode=mode,
            **vars(pools[country, mcc, mode]),
        )
        for country, mcc, mode in order
    )
