"""An account's index: which recommendations are told of together, and what of entries not as written."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest

from src import paths
from src.aws import AwsClients
from src.history.reader import History
from src.state.account_index import AccountIndex
from src.state.object_store import ObjectStore
from src.state.recommendations import Earlier, IndexEntry, are_near, index_entry, told_of
from tests.conftest import BUCKET

ACCOUNT = "AC" + "1" * 32
JULY = ("2025-07-01", "2025-07-31")


def window(days: tuple[str, str] | None) -> Any:
    return days and tuple(date.fromisoformat(day) for day in days)


@pytest.mark.parametrize(
    ("other", "near"),
    [
        (JULY, True),
        (("2025-07-10", "2025-07-10"), True),
        (("2025-06-01", "2025-09-30"), True),
        (("2025-07-31", "2025-08-31"), True),
        (("2025-08-01", "2025-08-31"), True),  # adjoins
        (("2025-06-01", "2025-06-30"), True),
        (("2025-09-01", "2025-09-30"), True),  # 31 days between
        (("2025-09-02", "2025-09-30"), False),
        (("2025-05-01", "2025-05-30"), True),
        (("2025-05-01", "2025-05-29"), False),
        (None, True),
    ],
)
def test_windows_that_overlap_adjoin_or_have_at_most_31_days_between_them_are_near(
    other: tuple[str, str] | None, near: bool
) -> None:
    assert are_near(window(JULY), window(other)) is near
    assert are_near(window(other), window(JULY)) is near


def result(number: int, days: tuple[str, str] | None = JULY, amount: float = 0.1, **more: Any) -> Any:
    dates = dict(zip(("fraud_start", "fraud_end"), days, strict=True)) if days else {}
    execution = {"execution_id": f"20260101_000000_{number:08x}", "timestamp": "", "output_df": []}
    return {"account_sid": ACCOUNT, "credit_amount": amount, **execution, **dates, **more}


def entry(number: int, *arguments: Any, **more: Any) -> IndexEntry:
    return index_entry("C1", f"{number}.0", result(number, *arguments, **more))


def test_all_that_are_near_are_summed_exactly_by_currency_and_the_latest_five_named() -> None:
    found = [
        *(entry(number) for number in (3, 1, 2)),
        entry(9, None, 0.2),
        entry(8, ("2025-08-01", "2025-08-02"), 1e12, currency="EUR"),
        entry(7, ("2025-08-01", "2025-08-02"), 0.01, currency="EUR"),
        entry(10, ("2025-09-02", "2025-09-02"), 777.0),
    ]
    told = told_of(entry(11), found)
    assert (told.count, told.without_window) == (6, 1)
    assert told.sums == {"EUR": "1000000000000.01", "USD": "0.50"}
    assert [one.execution_id[-1] for one in told.latest] == ["9", "8", "7", "3", "2"]


def test_every_one_of_the_account_is_counted_for_an_answer_whose_window_is_not_known() -> None:
    told = told_of(entry(3, None), [entry(1, ("2001-01-01", "2001-01-01")), entry(2, None)])
    assert (told.count, told.without_window, told.window_known) == (2, 1, False)


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({"scope": {"services": ["VA1"], "countries": None, "mccs": ["310", "311"]}}, (["VA1"], None, ["310", "311"])),
        ({"scope": {"services": [], "countries": "US", "mccs": {"a": 1}}}, (None, None, None)),
        ({"scope": "of another notebook"}, (None, None, None)),
        ({}, (None, None, None)),
        (
            {"scope": {"countries": [1, None, "x" * 1000] * 100}},
            (None, ["1", "None", "x" * 100] * 66 + ["1", "None"], None),
        ),
    ],
)
def test_the_filters_of_a_scope_are_kept_whatever_another_notebook_calls_so(changed: Any, kept: Any) -> None:
    assert tuple(entry(1, **changed).filters.values()) == kept


def test_a_window_that_is_half_known_turned_round_or_on_no_calendar_is_not_known() -> None:
    halves = [{"fraud_start": None}, {"fraud_end": None}, {"fraud_start": "2025-02-30"}, {"fraud_end": "2024-01-01"}]
    assert [entry(1, **half).window for half in halves] == [None] * 4


@pytest.fixture
def store(clients: AwsClients) -> ObjectStore:
    return ObjectStore(clients, BUCKET)


def enter(store: ObjectStore, *results: Any) -> list[str]:
    """The keys of the entries that this makes."""
    made = [AccountIndex(store).enter("C1", "1.0", one) for one in results]
    return [one.key for one in made if one]


def earlier(store: ObjectStore, one: Any) -> tuple[Any, list[str]]:
    told: list[str] = []
    return AccountIndex(store).earlier(index_entry("C1", "2.0", one), told.append), told


def test_a_list_finds_what_is_near_on_both_sides_and_what_has_no_window(store: ObjectStore) -> None:
    first = date(2025, 1, 1)
    spans = [(first + timedelta(a), first + timedelta(b)) for a, b in combinations(range(0, 200, 20), 2)]
    days = [(one.isoformat(), other.isoformat()) for one, other in spans]
    kept = [result(number, span) for number, span in enumerate(days)] + [result(1000, None)]
    enter(store, *kept)
    for number in (0, 20, 44, None):
        this = kept[-1] if number is None else kept[number]
        told, faults = earlier(store, this)
        mine = index_entry("", "", this)
        others = [index_entry("", "", one) for one in kept if one is not this]
        assert told.count == sum(are_near(one.window, mine.window) for one in others) > 0
        assert faults == []


def test_an_entry_of_the_execution_itself_is_its_own_however_often_it_is_entered(store: ObjectStore) -> None:
    [key], [again] = enter(store, result(1)), enter(store, result(1))
    assert key == again
    assert earlier(store, result(1))[0].count == 0


@pytest.mark.parametrize("sid", [None, "", "AC1", "../../state/open/x", ACCOUNT + "0"])
def test_what_is_no_account_sid_is_no_key(store: ObjectStore, sid: str | None) -> None:
    assert enter(store, result(1, account_sid=sid)) == []
    AccountIndex(store).reached_nobody(Earlier())
    assert list(store.keys("")) == []


def test_an_entry_that_reached_nobody_is_neither_named_nor_summed(store: ObjectStore) -> None:
    enter(store, result(1), result(2, None), result(3))
    for number, days in ((1, JULY), (2, None)):
        AccountIndex(store).reached_nobody(earlier(store, result(number, days))[0])
    told, faults = earlier(store, result(4))
    assert (told.count, [one.execution_id[-1] for one in told.latest], faults) == (1, ["3"], [])
    assert History(store).of_account(ACCOUNT) == []  # none has an audit record, and no key is taken for another's


def test_a_window_the_wrong_way_round_is_none_and_is_found_by_every_answer(store: ObjectStore) -> None:
    enter(store, result(1, ("2025-09-01", "2024-06-01")))
    assert (earlier(store, result(2))[0].count, earlier(store, result(2))[0].without_window) == (1, 1)


def test_an_entry_of_an_earlier_release_is_read(store: ObjectStore) -> None:
    old = {
        "execution_id": "20250901_000000_00000007",
        "account_sid": ACCOUNT,
        "fraud_start": "2025-07-01",
        "fraud_end": "2025-07-31",
        "credit_amount": 12.3,
        "currency": "USD",
        "channel": "C1",
        "ts": "1.0",
    }
    key = f"{paths.ROOT}/index/account/{ACCOUNT}/2025-07-31_20250901_000000_00000007"
    store.put_bytes(key, json.dumps(old).encode())
    told, faults = earlier(store, result(4))
    assert (told.count, told.sums, told.unreadable, faults) == (1, {"USD": "12.30"}, 0, [])


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: b"[]",
        lambda body: body[:-1],
        lambda body: body.replace(b"0.1", b"NaN"),
        lambda body: body.replace(ACCOUNT.encode(), b"AC" + b"2" * 32),
        lambda body: body.replace(b"00000001", b"00000009"),
        lambda body: body.replace(b"2025-07-31", b"2025-08-31"),
    ],
)
def test_an_entry_that_is_not_what_was_written_costs_a_word_and_on_call_is_told(
    store: ObjectStore, damage: Any
) -> None:
    [key, _] = enter(store, result(1), result(2))
    body = store.get_bytes(key)
    assert body
    store.put_bytes(key, damage(body[0]))
    told, [fault] = earlier(store, result(3))
    assert (told.count, told.sums, told.unreadable) == (1, {"USD": "0.10"}, 1)
    assert key in fault
    assert "delete it" in fault
