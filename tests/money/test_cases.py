"""The cases to get right, one by one: days, services, costs, currencies, what is missing, what contradicts itself."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from verify_credit import tables
from verify_credit.calculation import decide
from verify_credit.errors import DataError
from verify_credit.evidence import Evidence
from verify_credit.policy import policy_version
from verify_credit.presto import QueryResult
from verify_credit.result import build_result, dumps

from tests.money.ledger import ACCOUNT, OTHER_SERVICE, PARENT, SERVICE, Ledger, sql_of

DAY = "2025-07-10"


def credits_of(ledger: Ledger) -> dict[str, str]:
    return {line.mode: str(line.credit) for line in ledger.decision.modes}


def flags_of(ledger: Ledger) -> list[str]:
    return [flag.code for flag in ledger.decision.flags]


def plain() -> Ledger:
    """100 attempts for 50 USD at level max: 50.00 USD."""
    return Ledger().set("max", "2025-01-01").use(DAY, 100, "50.00").cost("0.1")


@pytest.fixture
def machines_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets this process's time zone, for one test."""

    def take(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield take
    monkeypatch.undo()
    time.tzset()


# The level of a day

LEVELS: list[tuple[str, list[tuple[Any, ...]], str]] = [
    ("a row holds from the midnight it begins at", [("max", DAY, None)], "max"),
    ("a row that begins after midnight holds from the next day", [("max", f"{DAY} 00:00:01", None)], "unknown"),
    ("a row that ends at midnight does not hold for that day", [("max", "2025-01-01", DAY)], "unknown"),
    ("a row that ends a second later does", [("max", "2025-01-01", f"{DAY} 00:00:01")], "max"),
    ("a moment with a zone is the one in UTC: before midnight", [("max", f"{DAY} 01:00:00+02:00", None)], "max"),
    ("a moment with a zone is the one in UTC: after midnight", [("max", f"{DAY} 00:00:00-01:00", None)], "unknown"),
    ("off is the mode disabled", [("off", "2025-01-01", None)], "disabled"),
    ("rows that meet do not overlap", [("basic", "2025-01-01", DAY), ("max", DAY, None)], "max"),
    ("no row: unknown", [], "unknown"),
]


@pytest.mark.parametrize(("rows", "mode"), [case[1:] for case in LEVELS], ids=[case[0] for case in LEVELS])
def test_the_level_of_a_day(rows: list[tuple[str, str, str | None]], mode: str) -> None:
    ledger = Ledger().use(DAY, 100, "50.00").cost("0")
    for level, start, end in rows:
        ledger.set(level, start, end)
    assert [line.mode for line in ledger.decision.modes] == [mode]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_moment_without_a_zone_is_utc_whatever_the_machines_zone_is(
    zone: str, machines_zone: Callable[[str], None]
) -> None:
    machines_zone(zone)
    ledger = Ledger().use(DAY, 100, "50.00").cost("0").set("basic", "2025-01-01", DAY).set("max", DAY)
    assert [line.mode for line in ledger.decision.modes] == ["max"]


def test_a_services_row_goes_before_the_accounts() -> None:
    ledger = plain().set("off", "2025-01-01", service_sid=SERVICE).use(DAY, 10, "5.00", service_sid=OTHER_SERVICE)
    assert credits_of(ledger) == {"disabled": "0.00", "max": "5.00"}


def test_blocks_go_to_the_mode_of_their_own_service_and_day_also_without_fraud() -> None:
    ledger = plain().set("standard", "2025-01-01", service_sid=OTHER_SERVICE)
    ledger.block("2025-08-01", 7, service_sid=OTHER_SERVICE).block("2025-08-02", 3)
    assert {line.mode: line.blocked for line in ledger.decision.modes} == {"standard": 7, "max": 3}


def test_a_geographic_permission_is_not_fraud_guards_work() -> None:
    assert plain().block(DAY, 900, error_code="60605").decision.total.blocked == 0


def test_a_parents_settings_never_hold_for_a_sub_account() -> None:
    ledger = Ledger().use(DAY, 100, "50.00").cost("0").set("max", "2025-01-01", account_sid=PARENT)
    assert credits_of(ledger) == {"unknown": "0.00"}
    assert "mode_unknown" in flags_of(ledger)


def test_a_change_inside_a_day_is_flagged_with_that_days_amount() -> None:
    ledger = Ledger().use(DAY, 100, "50.00").cost("0")
    ledger.set("max", "2025-01-01", f"{DAY} 09:30:00").set("off", f"{DAY} 09:30:00")
    assert credits_of(ledger) == {"max": "50.00"}
    [flag] = [flag for flag in ledger.decision.flags if flag.code == "changed_inside_day"]
    assert "50.00 USD" in flag.text


def test_of_rows_that_overlap_inside_a_day_the_earlier_one_holds_until_its_end() -> None:
    ledger = Ledger().use(DAY, 100, "50.00").cost("0")
    ledger.set("max", "2025-01-01", f"{DAY} 12:00:00").set("off", f"{DAY} 09:00:00")
    told = [(f"{change.at:%H:%M}", change.before, change.after) for change in ledger.decision.setting_changes]
    assert told == [("12:00", "max", "disabled")]


def test_a_change_is_told_with_the_mode_that_held_before_it_and_the_one_that_holds_after_it() -> None:
    ledger = plain().set("off", "2025-07-05", "2025-07-20 08:00:00", service_sid=SERVICE)
    told = [(f"{change.at:%m-%d %H:%M}", change.before, change.after) for change in ledger.decision.setting_changes]
    assert told == [("07-05 00:00", "max", "disabled"), ("07-20 08:00", "disabled", "max")]


def test_a_setting_that_begins_with_the_window_is_no_change_within_it() -> None:
    ledger = Ledger().use(DAY, 100, "50.00").cost("0").set("basic", "2025-01-01", "2025-07-01").set("max", "2025-07-01")
    assert ledger.decision.setting_changes == ()


# Costs

COSTS: list[tuple[str, list[dict[str, Any]], str | None]] = [
    ("the row of country and MCC", [{"unit_cost": "0.1"}, {"unit_cost": "0.9", "mcc": None}], "10.00"),
    ("else the country's default", [{"unit_cost": "0.2", "mcc": None}, {"unit_cost": "0.9", "mcc": "999"}], "20.00"),
    ("else the mean of the country's", [{"unit_cost": "0.1", "mcc": "1"}, {"unit_cost": "0.5", "mcc": "2"}], "30.00"),
    (
        "a row that has ended does not count",
        [{"unit_cost": "0.1", "end": DAY}, {"unit_cost": "0.3", "start": DAY}],
        "30.00",
    ),
    ("another country's does not count", [{"unit_cost": "0.1", "country_iso": "PK"}], None),
    ("none", [], None),
]


@pytest.mark.parametrize(("rows", "cost"), [case[1:] for case in COSTS], ids=[case[0] for case in COSTS])
def test_the_unit_cost_of_a_day(rows: list[dict[str, Any]], cost: str | None) -> None:
    ledger = Ledger().set("max", "2025-01-01").use(DAY, 100, "50.00")
    for row in rows:
        ledger.cost(**row)
    [line] = ledger.decision.modes
    assert line.provider_cost == (None if cost is None else Decimal(cost))
    assert ("cost_unknown" in flags_of(ledger)) == (cost is None)


def test_a_mean_is_flagged() -> None:
    ledger = Ledger().set("max", "2025-01-01").use(DAY, 100, "50.00").cost("0.1", mcc="1").cost("0.5", mcc="2")
    assert "cost_averaged" in flags_of(ledger)


def test_an_mcc_of_several_countries_multiplies_nothing() -> None:
    ledger = plain()
    ledger.mccs = [{"mcc": "621", "country_iso": iso, "country_name": iso} for iso in ("NG", "GP", "MQ")]
    assert credits_of(ledger) == {"max": "50.00"}
    assert ledger.decision.total.attempts == 100


def test_an_mcc_nobody_knows_stays_in_every_total_and_is_flagged() -> None:
    ledger = plain().use(DAY, 10, "5.00", mcc="999")
    assert credits_of(ledger) == {"max": "55.00"}
    assert "mcc_unknown" in flags_of(ledger)


# What is little or nothing


def test_no_fraud_rows_are_a_credit_of_nothing_and_said_plainly() -> None:
    ledger = Ledger().set("max", "2025-01-01")
    assert str(ledger.decision.credit) == "0.00"
    assert "no_fraud" in flags_of(ledger)
    assert ledger.decision.total.block_rate is None


@pytest.mark.parametrize(("through", "blocked", "rate"), [(100, 0, 0), (100, 300, 0.75)])
def test_block_rates(through: int, blocked: int, rate: float) -> None:
    ledger = Ledger().set("max", "2025-01-01").use(DAY, through, "50.00").cost("0").block(DAY, blocked)
    assert float(ledger.decision.total.block_rate or 0) == rate


def test_the_mrr_is_the_parents_in_the_month_of_the_last_day() -> None:
    ledger = plain()
    ledger.mrr.append({"account_sid": ACCOUNT, "month": "2025-09-01", "mrr": "7.00"})
    ledger.mrr.append({"account_sid": PARENT, "month": "2025-10-01", "mrr": "9.00"})
    assert ledger.evidence.mrr == 3


def test_no_mrr_is_null_and_flagged() -> None:
    ledger = plain()
    ledger.mrr = []
    assert ledger.evidence.mrr is None
    assert "mrr_missing" in flags_of(ledger)


def test_an_account_without_a_row_is_its_own_parent_and_flagged() -> None:
    ledger = plain()
    ledger.accounts = []
    assert ledger.evidence.parent_account_sid == ACCOUNT
    assert "account_unknown" in flags_of(ledger)


UNREADABLE_MCCS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no MCC", {"mcc": None}, ["mcc_codes_unreadable"]),
    ("a number for an MCC", {"mcc": 410}, ["mcc_codes_unreadable"]),
    ("a number for a country", {"country_iso": 1}, ["mcc_codes_unreadable"]),
    ("a list for a name", {"country_name": ["Pakistan"]}, ["mcc_codes_unreadable"]),
    ("no country and no name", {"country_iso": None, "country_name": None}, []),
]


@pytest.mark.parametrize(
    ("changed", "flags"), [case[1:] for case in UNREADABLE_MCCS], ids=[case[0] for case in UNREADABLE_MCCS]
)
def test_a_row_of_mcc_codes_is_only_for_show_and_never_a_reason_to_refuse(
    changed: dict[str, Any], flags: list[str]
) -> None:
    ledger = plain()
    ledger.mccs.append({"mcc": "410", "country_iso": "PK", "country_name": "Pakistan", **changed})
    assert credits_of(ledger) == {"max": "50.00"}
    assert flags_of(ledger) == flags
    assert ledger.evidence.known_mccs >= {"621"}
    assert ledger.evidence.country_names["NG"] == "Nigeria"


# What is refused

REFUSED: list[tuple[str, Callable[[Ledger], object], str]] = [
    ("a level that is none", lambda it: it.settings.clear() or it.set("extreme", "2025-01-01"), "extreme"),
    ("two levels of one scope on a day", lambda it: it.set("off", "2025-07-01"), "Two"),
    ("two costs of one place on a day", lambda it: it.cost("0.2"), "Two provider costs"),
    ("euros", lambda it: it.use(DAY, 1, "1.00", currency="EUR"), "currency is EUR"),
    ("no currency", lambda it: it.use(DAY, 1, "1.00", currency=None), "currency is NULL"),
    ("costs in euros", lambda it: it.costs.clear() or it.cost("0.2", currency="EUR"), "currency is EUR"),
    ("NaN", lambda it: it.use(DAY, 1, "NaN") and setattr(it, "looker", []), "amount is NaN"),
    ("no amount", lambda it: it.use(DAY, 1, None) and setattr(it, "looker", []), "amount is NULL"),
    ("a negative amount", lambda it: it.use(DAY, 1, "-1.00"), "amount is negative: -1.00"),
    ("negative attempts", lambda it: it.use(DAY, -1, "1.00"), "attempts is negative: -1"),
    ("an amount for no attempts", lambda it: it.use(DAY, 0, "1.00"), "attempts is 0"),
    ("a day outside of the window", lambda it: it.use("2025-10-01", 1, "1.00"), "outside of the window"),
    (
        "half an attempt",
        lambda it: it.use(DAY, "1.5", "1.00") and setattr(it, "looker", []),
        "attempts is not a whole number",
    ),
    ("half a block", lambda it: it.block(DAY, "0.5"), "blocked is not a whole number"),
    (
        "a column that is not there",
        lambda it: [row.pop("amount") for row in it.usage] and setattr(it, "looker", []),
        "The usage query has no column amount; it returned ",
    ),
    ("negative blocks", lambda it: it.block(DAY, -5), "blocked is negative: -5"),
    ("totals that differ by a cent", lambda it: setattr(it, "looker", [{"attempts": 100, "amount": "50.01"}]), "50.01"),
    ("totals that differ by an attempt", lambda it: setattr(it, "looker", [{"attempts": 99, "amount": "50"}]), "99"),
    (
        "two columns of amounts",
        lambda it: setattr(it, "looker", [{"attempts": 100, "usage.amount": "50", "other.amount": "50"}]),
        "The Looker query has several columns for amount: usage.amount, other.amount.",
    ),
    (
        "two settings at one midnight, the second of which begins the day before",
        lambda it: it.set("off", f"{DAY} 12:00:00", "2025-07-12").set(
            "basic", f"{DAY} 13:00:00", "2025-07-11 00:00:01"
        ),
        "hold on 2025-07-11",
    ),
    (
        "no column of amounts",
        lambda it: setattr(it, "looker", [{"attempts": 100, "usd": "50"}]),
        "returned attempts, usd",
    ),
    ("more money than any sum can be", lambda it: it.use(DAY, 1, "1000000000000000.01"), "is larger than any sum"),
    (
        "a sum of the Looker query's second row that is none",
        lambda it: setattr(it, "looker", [{"attempts": 1, "amount": "1"}, {"attempts": 1, "amount": "many"}]),
        "Looker query row 2: amount is not a number",
    ),
    (
        "no column of attempts",
        lambda it: setattr(it, "looker", [{"amount": "50"}]),
        (
            "no column attempts (or total_attempts, sum_attempts, sum_of_attempts, fraud_attempts, "
            "verification_attempts); it returned amount."
        ),
    ),
    ("as many rows as the LIMIT", lambda it: setattr(it, "sql", sql_of(tail="LIMIT 1")), "LIMIT"),
    ("the account twice", lambda it: it.accounts.append(dict(it.accounts[0])), "accounts row 2 ("),
    ("two MRR of a month", lambda it: it.mrr.append(dict(it.mrr[0])), "mrr row 2 ("),
]


@pytest.mark.parametrize(("spoil", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_rows_no_credit_may_be_computed_from(spoil: Callable[[Ledger], object], words: str) -> None:
    ledger = plain()
    spoil(ledger)
    with pytest.raises(DataError) as raised:
        _ = ledger.decision
    assert words in f"{raised.value} {raised.value.detail}"
    assert raised.value.advice


def test_the_largest_sum_is_a_thousand_million_million_usd() -> None:
    assert str(Ledger().set("max", "2025-01-01").use(DAY, 1, "1e15").decision.credit) == "1000000000000000.00"


@pytest.mark.parametrize("level", ["standard", "basic"])
@pytest.mark.parametrize(
    ("rows", "more"), [(1, ""), (2, ", and for 1 more usage rows"), (3, ", and for 2 more usage rows")]
)
def test_a_missing_cost_is_an_error_where_the_credit_depends_on_it(level: str, rows: int, more: str) -> None:
    ledger = Ledger().set(level, "2025-01-01")
    for day in range(rows):
        ledger.use(f"2025-07-{10 + day}", 100, "50.00")
    with pytest.raises(DataError) as raised:
        _ = ledger.decision
    assert str(raised.value).startswith(
        f"verify.provider_costs has no cost for NG, MCC 621 on {DAY}{more}; the credit of mode {level} depends on it."
    )


@pytest.mark.parametrize(("level", "ceiling"), [("max", 50), ("off", None)])
def test_a_missing_cost_is_null_and_flagged_where_it_does_not(level: str, ceiling: int | None) -> None:
    """The ceiling is all that was charged where no cost is kept, and unknown where it is."""
    ledger = Ledger().set(level, "2025-01-01").use(DAY, 100, "50.00")
    assert [(line.provider_cost, line.ceiling) for line in ledger.decision.modes] == [(None, ceiling)]
    assert "cost_unknown" in flags_of(ledger)


@pytest.mark.parametrize(
    "columns",
    [
        ("attempts", "amount"),
        ("verification_usage.total_attempts", "verification_usage.total_amount"),
        ("x.Sum_Attempts", "y.AMOUNT_USD"),
    ],
)
def test_control_totals_are_found_by_the_last_part_of_their_columns_names(columns: tuple[str, str]) -> None:
    ledger = plain()
    ledger.looker = [{columns[0]: 60, columns[1]: "20.00"}, {columns[0]: 40, columns[1]: "30.00"}]
    assert credits_of(ledger) == {"max": "50.00"}


def test_a_first_row_of_no_attempts_does_not_make_the_control_totals_nothing() -> None:
    ledger = plain()
    ledger.looker = [{"attempts": 0, "amount": "0"}, {"attempts": 100, "amount": "50.00"}]
    assert credits_of(ledger) == {"max": "50.00"}
    ledger.looker = [{"attempts": 0, "amount": "50.00"}]
    with pytest.raises(DataError, match="Looker query row 1: attempts is 0, its amount is not"):
        _ = ledger.decision


@pytest.mark.parametrize(
    ("amount", "agrees"), [("50.0049", True), ("49.9951", True), ("50.0050", False), ("49.9950", False)]
)
def test_control_totals_may_differ_by_less_than_half_a_cent(amount: str, agrees: bool) -> None:
    ledger = plain()
    ledger.looker = [{"attempts": 100, "amount": amount}]
    if agrees:
        assert credits_of(ledger) == {"max": "50.00"}
        return
    with pytest.raises(DataError, match="The Looker query's totals are"):
        _ = ledger.decision


@pytest.mark.parametrize("looker", [[], [{"attempts": None, "amount": None}], [{"attempts": 0, "amount": None}]])
def test_a_looker_query_without_rows_agrees_with_no_usage_only(looker: list[dict[str, Any]]) -> None:
    ledger = Ledger(looker=looker).set("max", "2025-01-01")
    assert str(ledger.decision.credit) == "0.00"
    with pytest.raises(DataError, match="The Looker query's totals are"):
        _ = ledger.use(DAY, 1, "0.0001").cost("0").decision


def test_the_saved_rows_give_the_same_credit_again() -> None:
    """What the audit keeps is enough to compute the credit anew, without Presto."""
    ledger = plain().use("2025-08-01", 33, "7.77").block(DAY, 12)
    saved = {name: gzip.compress("\n".join(map(json.dumps, rows)).encode()) for name, rows in ledger.rows.items()}
    rows = {
        name: [json.loads(line) for line in gzip.decompress(body).decode().splitlines()] for name, body in saved.items()
    }
    again = decide(ledger.claim, Evidence.from_rows(ledger.claim, rows), policy_version("2025-1"))
    assert again.credit == ledger.decision.credit


def test_a_result_holds_no_nan() -> None:
    ledger = plain()
    result = build_result(
        ledger.claim,
        ledger.evidence,
        ledger.decision,
        execution_id="20260115_123456_3fa94c01",
        timestamp="2026-01-15T12:34:56Z",
        provenance={},
    )
    assert json.loads(dumps(result))["credit_amount"] == 50.0
    with pytest.raises(ValueError, match="Out of range"):
        dumps({**result, "mrr": float("nan")})


def test_the_rows_of_a_query_that_are_missing_are_named() -> None:
    ledger = plain()
    rows = {name: found for name, found in ledger.rows.items() if name != "mrr"}
    with pytest.raises(DataError, match="The rows of the mrr query are missing"):
        Evidence.from_rows(ledger.claim, rows)


def test_the_tables_of_the_notebook_say_the_claim_the_queries_the_flags_and_the_modes() -> None:
    ledger = plain().set("off", "2025-07-05", f"{DAY} 08:00:00", service_sid=SERVICE)
    claim, decision = ledger.claim, ledger.decision
    said = tables.scope(claim)["claim"]
    assert (said["account_sid"], said["services"]) == (ACCOUNT, "all")
    by_mode = tables.by_mode(decision)
    assert dict(zip(by_mode["mode"], by_mode["credit"], strict=True)) == {
        line.mode: float(line.credit) for line in decision.modes
    }
    assert list(tables.flags(decision)["flag"]) == [flag.code for flag in decision.flags]
    took = {
        name: QueryResult(name, "SELECT 1", "q1", (), [{}] * rows, seconds, attempts)
        for name, rows, seconds, attempts in (("usage", 3, 1.5, 2), ("mrr", 1, 0.5, 1))
    }
    assert tables.queries(took).to_dict("records") == [
        {"query": "mrr", "rows": 1, "seconds": 0.5, "attempts": 1},
        {"query": "usage", "rows": 3, "seconds": 1.5, "attempts": 2},
    ]
