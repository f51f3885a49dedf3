"""What a result is doubtful for, in the words that thread, report and result.json hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.money.ledger import OTHER_SERVICE, SERVICE, Ledger

DAY, NEXT_DAY, LATER = "2025-07-10", "2025-07-11", "2025-07-20"


def plain() -> Ledger:
    """100 attempts for 1,050.00 USD at level max."""
    return Ledger().set("max", "2025-01-01").use(DAY, 100, "1050.00").cost("0.1")


def no_setting(it: Ledger) -> None:
    it.settings.clear()
    it.use("2025-07-15", 1, "0.25").use(LATER, 7, "0.50")


def a_change_inside_a_day(it: Ledger) -> None:
    it.settings.clear()
    it.set("max", "2025-01-01", f"{DAY} 09:30:00").set("off", f"{DAY} 09:30:00", f"{DAY} 12:00:00")
    it.set("basic", f"{DAY} 12:00:00").use(NEXT_DAY, 1, "9.00")


def a_change_of_one_service(it: Ledger) -> None:
    it.set("max", "2025-01-01", f"{DAY} 09:30:00", service_sid=SERVICE)
    it.set("off", f"{DAY} 09:30:00", service_sid=SERVICE)
    it.use(DAY, 5, "3.00", service_sid=OTHER_SERVICE)


def a_change_at_midnight(it: Ledger) -> None:
    it.settings.clear()
    it.set("max", "2025-01-01", DAY).set("off", DAY)


def a_mean_of_costs(it: Ledger) -> None:
    it.costs.clear()
    it.cost("0.1", mcc="622").cost("0.5", mcc="623").use(LATER, 1900, "1.00").use(LATER, 3, "1.00", mcc="622")


def no_cost(it: Ledger) -> None:
    it.costs.clear()
    it.set("off", "2025-01-01", service_sid=OTHER_SERVICE).use(NEXT_DAY, 1, "1.00", service_sid=OTHER_SERVICE)


def no_attempts_and_no_cost(it: Ledger) -> None:
    it.costs = []
    it.usage = []
    it.block(DAY, 5)


def codes_that_nobody_knows(it: Ledger) -> None:
    it.cost("0.1", mcc=None).use(DAY, 10, "5.00", mcc="999").use(LATER, 10, "5.25", mcc="999").block(
        DAY, 10, mcc="888", country_iso=None
    )
    it.use(DAY, 1, "2.00", mcc=None)


STAY = "USD of it stay in all sums. Check that the code is right."
AFTER = "Check how much of that came after the change."
FLAGS: list[tuple[Callable[[Ledger], None], list[str]]] = [
    (
        no_setting,
        [
            (
                "mode_unknown: No Fraud Guard setting covers 3 days from 2025-07-10 to 2025-07-20: 108 attempts, "
                "1,050.75 USD, get no credit until somebody has reviewed them."
            ),
        ],
    ),
    (
        a_change_inside_a_day,
        [
            (
                "changed_inside_day: Fraud Guard changed inside 2025-07-10 (UTC) from max to disabled, then basic: the "
                f"whole day counts as max, with 1,050.00 USD of it. {AFTER}"
            )
        ],
    ),
    (
        a_change_of_one_service,
        [
            (
                "changed_inside_day: Fraud Guard changed inside 2025-07-10 (UTC) from max to disabled: the whole day "
                f"counts as max, with 1,050.00 USD of it. {AFTER}"
            )
        ],
    ),
    (a_change_at_midnight, []),
    (
        a_mean_of_costs,
        [
            (
                "cost_averaged: NG, MCC 621: no provider cost of its own and no default of the country on 2 days from "
                "2025-07-10 to 2025-07-20; the mean of the country's costs was taken for 2,000 attempts. Check what "
                "was paid there."
            ),
            f"mcc_unknown: NG, MCC 622 is not in verify.mcc_codes: 1.00 {STAY}",
        ],
    ),
    (
        no_cost,
        [
            (
                "cost_unknown: NG, MCC 621: no provider cost on 2 days from 2025-07-10 to 2025-07-11, so that of mode "
                "disabled, max is unknown; the credit does not depend on it."
            )
        ],
    ),
    (
        no_attempts_and_no_cost,
        [
            (
                "no_fraud: No fraud attempts from 2025-07-01 to 2025-09-30: nothing to credit. Check that account and "
                "dates of the link are the ones meant."
            )
        ],
    ),
    (
        codes_that_nobody_knows,
        [
            f"mcc_unknown: {place} is not in verify.mcc_codes: {usd} {STAY}"
            for place, usd in (("NG, MCC 999", "10.25"), ("NG, MCC unknown", "2.00"), ("no country, MCC 888", "0.00"))
        ],
    ),
]


@pytest.mark.parametrize(("spoil", "texts"), FLAGS, ids=[spoil.__name__ for spoil, _ in FLAGS])
def test_the_words_of_a_flag(spoil: Callable[[Ledger], None], texts: list[str]) -> None:
    ledger = plain()
    spoil(ledger)
    assert [f"{flag.code}: {flag.text}" for flag in ledger.decision.flags] == texts


@pytest.mark.parametrize(
    ("places", "last"),
    [
        (20, f"NG, MCC 819 is not in verify.mcc_codes: 1.00 {STAY}"),
        (21, "... and 1 more of this kind."),
        (23, "... and 3 more of this kind."),
    ],
)
def test_of_one_kind_twenty_are_told_and_the_others_counted(places: int, last: str) -> None:
    ledger = plain()
    for mcc in range(800, 800 + places):
        ledger.use(DAY, 1, "1.00", mcc=str(mcc))
    flags = [flag for flag in ledger.decision.flags if flag.code == "mcc_unknown"]
    assert (len(flags), flags[-1].text) == (min(places, 21), last)
