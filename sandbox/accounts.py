"""Generated accounts: varied, and the same each time, for cases that the tidy sample account lacks.

Levels of Fraud Guard that change at random, some inside a day, some for one service alone; several countries, some
without a cost of their own; days without fraud; blocks of other error codes; missing MRR; every form of Looker SQL.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.warehouse import insert

FIRST, LAST = date(2025, 3, 1), date(2025, 4, 30)
LEVELS = ("off", "basic", "standard", "max")
PLACES = (("BR", "724"), ("BR", "725"), ("VN", "452"), ("EG", "602"), ("KE", "639"))
NAMES = {"BR": "Brazil", "VN": "Vietnam", "EG": "Egypt", "KE": "Kenya"}
_TAILS = ("", " ORDER BY 1", " ORDER BY 1 LIMIT 5000", ";")

Row = tuple[object, ...]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Account:
    """An account, and a Looker query's SQL about it."""

    account_sid: str
    sql: str


def generate(count: int, seed: int = 2025) -> tuple[list[Account], list[str]]:
    """So many accounts, and the statements that put them into the warehouse."""
    chance = random.Random(seed)
    rows = _shared(chance)
    accounts = [_account(number, chance, rows) for number in range(1, count + 1)]
    return accounts, [insert(table, values) for table, values in rows.items()]


def _shared(chance: random.Random) -> Rows:
    """Country costs: a default for each, an MCC's own for some (the others are priced by the default)."""
    costs: list[Row] = []
    for country in NAMES:
        costs.append((country, None, date(2025, 1, 1), None, _price(chance, 20, 60), "USD"))
    for country, mcc in PLACES[1:3]:
        half = date(2025, 4, 1)
        costs.append((country, mcc, date(2025, 1, 1), half, _price(chance, 20, 60), "USD"))
        costs.append((country, mcc, half, None, _price(chance, 20, 60), "USD"))
    return {
        "authy.verification_usage": [],
        "verify.mcc_codes": [(mcc, country, NAMES[country]) for country, mcc in PLACES[:-1]],
        "verify.fraud_guard_settings": [],
        "verify.accounts": [],
        "verify.mrr": [],
        "verify.provider_costs": costs,
        "verify.blocking_events": [],
    }


def _account(number: int, chance: random.Random, rows: Rows) -> Account:
    sid, parent = f"AC{number:08x}{chance.getrandbits(96):024x}", f"AC{chance.getrandbits(128):032x}"
    services = [f"VA{chance.getrandbits(128):032x}" for _ in range(chance.randint(1, 3))]
    places = chance.sample(PLACES, chance.randint(1, len(PLACES)))
    rows["verify.accounts"].append((sid, parent if number % 2 else None, f"Generated {number}"))
    if number % 5:
        payer = parent if number % 2 else sid
        rows["verify.mrr"].append((payer, date(2025, 4, 1), Decimal(chance.randint(1, 5000))))
    rows["verify.fraud_guard_settings"] += [(sid, None, *held) for held in _levels(chance)]
    if number % 3 == 0:
        rows["verify.fraud_guard_settings"] += [(sid, services[0], *held) for held in _levels(chance)]
    for day in _days(chance):
        for service in services:
            for country, mcc in places:
                _traffic(chance, rows, (sid, service, day, country, mcc))
    return Account(sid, _sql(number, chance, sid, services, [country for country, _ in places]))


def _levels(chance: random.Random) -> Iterator[Row]:
    """Half-open intervals that cover the window; a boundary in three lies inside a day."""
    cuts = sorted(chance.sample(range(1, (LAST - FIRST).days), chance.randint(0, 4)))
    bounds = [datetime(2025, 1, 1)]  # noqa: DTZ001 - the warehouse's timestamps have no zone
    bounds += [datetime(FIRST.year, FIRST.month, FIRST.day) + timedelta(days=cut) for cut in cuts]  # noqa: DTZ001
    bounds = [
        bound + timedelta(hours=13) if place and chance.random() < 0.33 else bound for place, bound in enumerate(bounds)
    ]
    for start, end in zip(bounds, [*bounds[1:], None], strict=True):
        yield chance.choice(LEVELS), start, end


def _days(chance: random.Random) -> list[date]:
    every = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return sorted(chance.sample(every, chance.randint(20, len(every))))


def _traffic(chance: random.Random, rows: Rows, cell: tuple[str, str, date, str, str]) -> None:
    sid, service, day, country, mcc = cell
    attempts = chance.randint(1, 400)
    if chance.random() < 0.8:
        amount = attempts * _price(chance, 30, 150)
        rows["authy.verification_usage"].append((sid, service, day, country, mcc, True, attempts, amount, "USD"))
    if chance.random() < 0.2:
        rows["authy.verification_usage"].append((sid, service, day, country, mcc, False, 50, Decimal("2.50"), "USD"))
    if chance.random() < 0.5:
        code = "60410" if chance.random() < 0.9 else "60605"
        rows["verify.blocking_events"].append((sid, service, day, country, mcc, code, chance.randint(1, 700)))


def _price(chance: random.Random, low: int, high: int) -> Decimal:
    return Decimal(chance.randint(low, high)) / 1000


def _sql(number: int, chance: random.Random, sid: str, services: list[str], countries: list[str]) -> str:
    """One of the forms that Looker and its users write."""
    window = (
        f"u.usage_date BETWEEN DATE '{FIRST}' AND DATE '{LAST}'"
        if number % 2
        else f"u.usage_date >= DATE '{FIRST}' AND u.usage_date < DATE '{LAST + timedelta(days=1)}'"
    )
    filters = [f"u.account_sid = '{sid}'", "u.is_fraud = true", window]
    if number % 4 == 0:
        filters.append(f"u.country_iso IN ({', '.join(repr(country) for country in sorted(set(countries)))})")
    if number % 6 == 0:
        filters.append(f"u.service_sid = '{services[0]}'")
    key = chance.choice(("u.usage_date", "u.country_iso", "u.service_sid"))
    return (
        f'SELECT {key} AS "u.key", SUM(u.attempts) AS "u.total_attempts", SUM(u.amount) AS "u.total_amount" '
        f"FROM authy.verification_usage AS u WHERE {' AND '.join(filters)} GROUP BY 1{_TAILS[number % len(_TAILS)]}"
    )
