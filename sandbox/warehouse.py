"""The warehouse's data: the sample account of the worked example, and around it what must not leak into its totals.

mode      valid            A (through)  B (blocked)  G (charged)  P (provider cost)
disabled  07-01 → 07-15    16378        0            1801.58      1064.57
basic     07-15 → 08-05    23260        5815         1860.80      1046.70
standard  08-05 → 09-01    21444        32166        2680.50      1501.08
max       09-01 → 10-01    28753        86259        2875.30      1725.18
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

USERNAME, CATALOG, SCHEMA = "credits-bot", "hive", "authy"
"""What the secret says of user and tables: both Prestos have them."""
SAMPLE_ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
PARENT_ACCOUNT_SID = "ACfedcba9876543210fedcba9876543210"
OTHER_ACCOUNT_SID = "AC00000000000000000000000000000001"
SERVICES = ("VA11111111111111111111111111111111", "VA22222222222222222222222222222222")
PLACES = (("NG", "621"), ("PK", "410"), ("ID", "510"))

SAMPLE_SQL = f"""-- Verify: attempts and charges of one account
SELECT verification_usage.usage_date AS "verification_usage.usage_date",
       SUM(verification_usage.attempts) AS "verification_usage.total_attempts",
       SUM(verification_usage.amount) AS "verification_usage.total_amount"
FROM authy.verification_usage AS verification_usage
WHERE verification_usage.account_sid = '{SAMPLE_ACCOUNT_SID}'
  AND verification_usage.is_fraud = true
  AND verification_usage.usage_date >= DATE '2025-07-01' AND verification_usage.usage_date < DATE '2025-10-01'
GROUP BY 1
ORDER BY 1
LIMIT 5000
"""

TABLES = {
    "authy.verification_usage": "account_sid VARCHAR, service_sid VARCHAR, usage_date DATE, country_iso VARCHAR, "
    "mcc VARCHAR, is_fraud BOOLEAN, attempts BIGINT, amount DECIMAL(18,4), currency VARCHAR",
    "verify.mcc_codes": "mcc VARCHAR, country_iso VARCHAR, country_name VARCHAR",
    "verify.fraud_guard_settings": "account_sid VARCHAR, service_sid VARCHAR, level VARCHAR, valid_from TIMESTAMP, "
    "valid_to TIMESTAMP",
    "verify.accounts": "account_sid VARCHAR, parent_account_sid VARCHAR, friendly_name VARCHAR",
    "verify.mrr": "account_sid VARCHAR, month DATE, mrr DECIMAL(18,2)",
    "verify.provider_costs": "country_iso VARCHAR, mcc VARCHAR, valid_from DATE, valid_to DATE, "
    "unit_cost DECIMAL(18,6), currency VARCHAR",
    "verify.blocking_events": "account_sid VARCHAR, service_sid VARCHAR, event_date DATE, country_iso VARCHAR, "
    "mcc VARCHAR, error_code VARCHAR, blocked BIGINT",
}


class Interval(NamedTuple):
    """One mode's days, half-open, and its totals; price and unit cost in USD an attempt."""

    level: str
    start: date
    end: date
    attempts: int
    blocked: int
    price: Decimal
    cost: Decimal


INTERVALS = (
    Interval("off", date(2025, 7, 1), date(2025, 7, 15), 16378, 0, Decimal("0.110"), Decimal("0.065")),
    Interval("basic", date(2025, 7, 15), date(2025, 8, 5), 23260, 5815, Decimal("0.080"), Decimal("0.045")),
    Interval("standard", date(2025, 8, 5), date(2025, 9, 1), 21444, 32166, Decimal("0.125"), Decimal("0.070")),
    Interval("max", date(2025, 9, 1), date(2025, 10, 1), 28753, 86259, Decimal("0.100"), Decimal("0.060")),
)


def secret(*, port: int, password: str, ca_pem: str) -> dict[str, Any]:
    """Return the content of Presto's secret, for a server on loopback with TLS and a password."""
    return {
        "host": "127.0.0.1",
        "port": port,
        "username": USERNAME,
        "password": password,
        "catalog": CATALOG,
        "schema": SCHEMA,
        "http_scheme": "https",
        "ca_pem": ca_pem,
    }


def statements() -> Iterator[str]:
    """Make the tables and fill them, one statement at a time, in SQL that DuckDB and Presto read alike."""
    for schema in sorted({name.split(".")[0] for name in TABLES}):
        yield f"CREATE SCHEMA {schema}"
    for name, columns in TABLES.items():
        yield f"CREATE TABLE {name} ({columns})"
    for name, rows in _rows().items():
        yield insert(name, rows)


def insert(table: str, rows: Iterable[tuple[object, ...]]) -> str:
    """The statement that adds these rows to one of TABLES."""
    values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
    return f"INSERT INTO {table} VALUES {values}"


def _rows() -> dict[str, list[tuple[object, ...]]]:
    return {
        "authy.verification_usage": [*_usage(), *_usage_of_no_matter()],
        "verify.mcc_codes": [
            ("621", "NG", "Nigeria"),
            ("410", "PK", "Pakistan"),
            ("510", "ID", "Indonesia"),
            ("310", "US", "United States"),
            ("311", "US", "United States"),
            ("340", "GP", "Guadeloupe"),
            ("340", "MQ", "Martinique"),
        ],
        "verify.fraud_guard_settings": [*_settings()],
        "verify.accounts": [
            (SAMPLE_ACCOUNT_SID, PARENT_ACCOUNT_SID, "Example Shop (verification)"),
            (PARENT_ACCOUNT_SID, None, "Example Shop"),
            (OTHER_ACCOUNT_SID, None, "Somebody else"),
        ],
        "verify.mrr": [
            (PARENT_ACCOUNT_SID, date(2025, 9, 1), Decimal("3.00")),
            (PARENT_ACCOUNT_SID, date(2025, 10, 1), Decimal("5.00")),
            (SAMPLE_ACCOUNT_SID, date(2025, 9, 1), Decimal("7.00")),
            (OTHER_ACCOUNT_SID, date(2025, 9, 1), Decimal("1200.00")),
        ],
        "verify.provider_costs": [*_costs()],
        "verify.blocking_events": [*_blocks(), *_blocks_of_no_matter()],
    }


def _usage() -> Iterator[tuple[object, ...]]:
    for interval in INTERVALS:
        for (day, service, (country, mcc)), attempts in _spread(interval, interval.attempts):
            amount = attempts * interval.price
            yield SAMPLE_ACCOUNT_SID, service, day, country, mcc, True, attempts, amount, "USD"


def _usage_of_no_matter() -> Iterator[tuple[object, ...]]:
    """The account's honest traffic, its fraud outside the window, and another account's fraud."""
    for day in (date(2025, 7, 1), date(2025, 8, 20), date(2025, 9, 30)):
        yield SAMPLE_ACCOUNT_SID, SERVICES[0], day, "US", "310", False, 5000, Decimal("250.00"), "USD"
        yield OTHER_ACCOUNT_SID, "VA33333333333333333333333333333333", day, "NG", "621", True, 900, Decimal(90), "USD"
    for day in (date(2025, 6, 30), date(2025, 10, 1)):
        yield SAMPLE_ACCOUNT_SID, SERVICES[0], day, "NG", "621", True, 777, Decimal("77.70"), "USD"


def _blocks() -> Iterator[tuple[object, ...]]:
    for interval in INTERVALS:
        for (day, service, (country, mcc)), blocked in _spread(interval, interval.blocked):
            if blocked:
                yield SAMPLE_ACCOUNT_SID, service, day, country, mcc, "60410", blocked


def _blocks_of_no_matter() -> Iterator[tuple[object, ...]]:
    """Geographic permissions, which are not Fraud Guard's work, and blocks of another account or another time."""
    yield SAMPLE_ACCOUNT_SID, SERVICES[0], date(2025, 7, 20), "PK", "410", "60605", 4321
    yield SAMPLE_ACCOUNT_SID, SERVICES[0], date(2025, 10, 1), "PK", "410", "60410", 1234
    yield OTHER_ACCOUNT_SID, "VA33333333333333333333333333333333", date(2025, 8, 1), "NG", "621", "60410", 99


def _settings() -> Iterator[tuple[object, ...]]:
    for interval in INTERVALS:
        until = None if interval.level == "max" else interval.end
        yield SAMPLE_ACCOUNT_SID, None, interval.level, interval.start, until
    yield PARENT_ACCOUNT_SID, None, "max", date(2024, 1, 1), None
    yield OTHER_ACCOUNT_SID, None, "standard", date(2024, 1, 1), None


def _costs() -> Iterator[tuple[object, ...]]:
    for interval in INTERVALS:
        for country, mcc in PLACES:
            yield country, mcc, interval.start, interval.end, interval.cost, "USD"
            yield country, None, interval.start, interval.end, Decimal("0.500"), "USD"


def _spread(interval: Interval, total: int) -> Iterator[tuple[tuple[date, str, tuple[str, str]], int]]:
    """`total` over every day, service and place of the interval, as evenly as whole numbers go."""
    days = [interval.start + timedelta(days=n) for n in range((interval.end - interval.start).days)]
    cells = list(product(days, SERVICES, PLACES))
    each, left = divmod(total, len(cells))
    return ((cell, each + (number < left)) for number, cell in enumerate(cells))


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value}'"
    return f"DATE '{value}'" if isinstance(value, date) else f"'{value}'"
