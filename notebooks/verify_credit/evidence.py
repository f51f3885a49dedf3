"""The evidence: the warehouse's rows, checked and typed. Exact numbers (fractions), no I/O, standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from .claim import Claim, Flag
from .errors import DataError
from .rows import Row, Values
from .sayable import key_value
from .totals import Totals, check_totals, control_totals

FRAUD_GUARD_BLOCK = "60410"
"""Error code of an attempt that Fraud Guard blocked; 60605 is a geographic permission's."""
CURRENCY = "USD"

KEYS: dict[str, tuple[str, ...]] = {
    "usage": ("usage_date", "service_sid", "country_iso", "mcc"),
    "mcc_codes": ("mcc", "country_iso"),
    "fraud_guard_settings": ("service_sid", "level", "valid_from"),
    "accounts": ("account_sid",),
    "mrr": ("account_sid", "month"),
    "provider_costs": ("country_iso", "mcc", "valid_from"),
    "blocking_events": ("event_date", "service_sid", "country_iso", "mcc", "error_code"),
}


@dataclass(frozen=True)
class Usage:
    """Fraud attempts that went through, of one day, service, country and MCC; `amount` in USD."""

    day: date
    service_sid: str | None
    country_iso: str | None
    mcc: str | None
    attempts: int
    amount: Fraction


@dataclass(frozen=True)
class Blocks:
    """Attempts that Fraud Guard blocked, of one day, service, country and MCC."""

    day: date
    service_sid: str | None
    country_iso: str | None
    mcc: str | None
    blocked: int


@dataclass(frozen=True)
class Setting:
    """A level of Fraud Guard (the warehouse's word), from `valid_from` on, before `valid_to` (None: still).

    service_sid None: for all services of the account that have no setting of their own.
    """

    service_sid: str | None
    level: str
    valid_from: datetime
    valid_to: datetime | None
    row: str


@dataclass(frozen=True)
class UnitCost:
    """What providers charge for one attempt in USD, from `valid_from` on, before `valid_to`; mcc None: default."""

    country_iso: str
    mcc: str | None
    valid_from: date
    valid_to: date | None
    unit_cost: Fraction
    row: str

    def holds_on(self, day: date) -> bool:
        """Whether this is a cost of the day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True)
class Evidence:
    """Everything a decision is computed from besides claim and policy."""

    usage: tuple[Usage, ...]
    blocks: tuple[Blocks, ...]
    settings: tuple[Setting, ...]
    costs: tuple[UnitCost, ...]
    country_names: Mapping[str, str]
    known_mccs: frozenset[str]
    parent_account_sid: str
    account_name: str | None
    mrr: Fraction | None
    totals: Totals
    flags: tuple[Flag, ...] = ()

    @classmethod
    def from_rows(cls, claim: Claim, rows: Mapping[str, Sequence[Values]]) -> Evidence:
        """Build the evidence from each query's rows, by query name: fresh from Presto, or from saved data files.

        Raises DataError, naming query, row and column, for rows that no credit may be computed from: a query or column
        that is missing, NaN, NULL, negative numbers, a foreign currency, an answer that may be cut off, control totals
        that differ from the warehouse's.
        """
        return _read(cls, claim, rows)


def _read(cls: type[Evidence], claim: Claim, rows: Mapping[str, Sequence[Values]]) -> Evidence:
    usage = tuple(_usage(claim, row) for row in _rows(rows, "usage"))
    totals = Totals(sum((one.amount for one in usage), Fraction(0)), sum(one.attempts for one in usage))
    check_totals(claim, control_totals(claim, _query(rows, "looker")), totals)
    countries = {one.country_iso for one in usage if one.country_iso is not None}
    parent, name, account_flags = _account(claim, _rows(rows, "accounts"))
    mrr, mrr_flags = _mrr(claim, parent, _rows(rows, "mrr"))
    country_names, known_mccs, mcc_flags = _mcc_codes(_rows(rows, "mcc_codes"))
    return cls(
        usage=usage,
        blocks=tuple(_blocks(claim, _rows(rows, "blocking_events"))),
        settings=tuple(_settings(claim, _rows(rows, "fraud_guard_settings"))),
        costs=tuple(_costs(claim, countries, _rows(rows, "provider_costs"))),
        country_names=country_names,
        known_mccs=known_mccs,
        parent_account_sid=parent,
        account_name=name,
        mrr=mrr,
        totals=totals,
        flags=account_flags + mrr_flags + mcc_flags,
    )


def _query(rows: Mapping[str, Sequence[Values]], query: str) -> Sequence[Values]:
    if query not in rows:
        raise DataError(f"The rows of the {query} query are missing.", "Run all queries, or give all data files.")
    return rows[query]


def _rows(rows: Mapping[str, Sequence[Values]], query: str) -> Iterable[Row]:
    for number, values in enumerate(_query(rows, query), start=1):
        yield Row(query, number, values, KEYS[query])


def _usage(claim: Claim, row: Row) -> Usage:
    usage = Usage(
        day=_day_in_window(claim, row, "usage_date"),
        service_sid=_in_filter(claim.services, row, "service_sid"),
        country_iso=_in_filter(claim.countries, row, "country_iso"),
        mcc=_in_filter(claim.mccs, row, "mcc"),
        attempts=row.count("attempts"),
        amount=row.amount("amount"),
    )
    if usage.amount and not usage.attempts:
        raise row.refuse("attempts", "is 0, its amount is not")
    _require_usd(row)
    return usage


def _require_usd(row: Row) -> None:
    currency = row.optional_text("currency")
    if currency != CURRENCY:
        raise row.refuse(
            "currency",
            f"is {key_value('currency', currency)}, not {CURRENCY}",
            f"Credits are computed in {CURRENCY} alone: ask the owner of the table, or narrow the Looker query.",
        )


def _day_in_window(claim: Claim, row: Row, column: str) -> date:
    day = row.day(column)
    if not claim.start <= day < claim.end:
        raise row.refuse(column, f"is {day}, outside of the window {claim.fraud_start} to {claim.fraud_end}")
    return day


def _in_filter(allowed: tuple[str, ...] | None, row: Row, column: str) -> str | None:
    value = row.optional_text(column)
    if allowed is not None and value not in allowed:
        raise row.refuse(column, f"is {key_value(column, value)}, which the Looker SQL's filter leaves out")
    return value


def _blocks(claim: Claim, rows: Iterable[Row]) -> Iterable[Blocks]:
    for row in rows:
        if row.text("error_code") == FRAUD_GUARD_BLOCK:
            yield Blocks(
                day=_day_in_window(claim, row, "event_date"),
                service_sid=_in_filter(claim.services, row, "service_sid"),
                country_iso=_in_filter(claim.countries, row, "country_iso"),
                mcc=_in_filter(claim.mccs, row, "mcc"),
                blocked=row.count("blocked"),
            )


def _settings(claim: Claim, rows: Iterable[Row]) -> Iterable[Setting]:
    """Read the settings of the account itself: a parent's never hold for a sub-account."""
    for row in rows:
        if row.text("account_sid") == claim.account_sid:
            yield Setting(
                service_sid=row.optional_text("service_sid"),
                level=row.text("level"),
                valid_from=row.moment("valid_from"),
                valid_to=row.optional_moment("valid_to"),
                row=row.name,
            )


def _costs(claim: Claim, countries: set[str], rows: Iterable[Row]) -> Iterable[UnitCost]:
    """Read the costs that can matter: of a country with fraud, valid on a day of the window."""
    for row in rows:
        country, valid_from, valid_to = (
            row.text("country_iso"),
            row.day("valid_from"),
            row.optional_day("valid_to"),
        )
        over = valid_from >= claim.end or (valid_to is not None and valid_to <= claim.start)
        if country in countries and not over:
            _require_usd(row)
            mcc = row.optional_text("mcc")
            yield UnitCost(country, mcc, valid_from, valid_to, row.amount("unit_cost"), row.name)


def _mcc_codes(rows: Iterable[Row]) -> tuple[dict[str, str], frozenset[str], tuple[Flag, ...]]:
    """Return each country's name, the known MCCs, and a flag if rows cannot be read: they are only for show."""
    names: dict[str, str] = {}
    known: set[str] = set()
    unreadable = 0
    for row in rows:
        try:
            mcc, country, name = row.text("mcc"), row.optional_text("country_iso"), row.optional_text("country_name")
        except DataError:
            unreadable += 1
            continue
        known.add(mcc)
        if country and name:
            names.setdefault(country, name)
    text = f"{unreadable} of the rows of verify.mcc_codes cannot be read and were left out: they are only for show."
    return names, frozenset(known), (Flag("mcc_codes_unreadable", text),) if unreadable else ()


def _account(claim: Claim, rows: Iterable[Row]) -> tuple[str, str | None, tuple[Flag, ...]]:
    found = [row for row in rows if row.text("account_sid") == claim.account_sid]
    if len(found) > 1:
        raise found[1].refuse("account_sid", "comes a second time")
    if not found:
        text = f"verify.accounts has no row for {claim.account_sid}: taken as its own parent."
        return claim.account_sid, None, (Flag("account_unknown", text),)
    row = found[0]
    return row.optional_account("parent_account_sid") or claim.account_sid, row.optional_text("friendly_name"), ()


def _mrr(claim: Claim, parent: str, rows: Iterable[Row]) -> tuple[Fraction | None, tuple[Flag, ...]]:
    month = claim.fraud_end.replace(day=1)
    found = [row for row in rows if row.text("account_sid") == parent and row.day("month").replace(day=1) == month]
    if len(found) > 1:
        raise found[1].refuse("month", f"is {month:%Y-%m} a second time")
    if not found or found[0].get("mrr") is None:
        return None, (Flag("mrr_missing", f"verify.mrr has no MRR of {parent} for {month:%Y-%m}: look it up."),)
    return found[0].number_of("mrr"), ()
