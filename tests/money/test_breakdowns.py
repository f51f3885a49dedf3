"""By day and by country: the tables and charts of the report, and its first sentence."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from matplotlib.dates import num2date
from verify_credit.calculation import Decision
from verify_credit.charts import by_day, by_mode
from verify_credit.report import render_report

from tests.money.ledger import ACCOUNT, OTHER_SERVICE, Ledger, sql_of


def decision() -> Decision:
    """Two services of one account, one of them always off; Nigeria, Pakistan, and a row without a place."""
    ledger = Ledger().set("max", "2025-01-01").set("off", "2025-01-01", service_sid=OTHER_SERVICE)
    ledger.mccs.append({"mcc": "410", "country_iso": "PK", "country_name": "Pakistan"})
    ledger.cost("0.1").cost("0.2", country_iso="PK", mcc="410")
    ledger.use("2025-07-11", 10, "2.00").use("2025-07-10", 20, "3.00", country_iso="PK", mcc="410")
    ledger.use("2025-07-10", 30, "4.50", service_sid=OTHER_SERVICE).use("2025-07-10", 1, "0.50")
    ledger.use("2025-07-12", 2, "2.50", country_iso=None, mcc=None)
    return ledger.block("2025-07-11", 40).block("2025-07-12", 5, country_iso="PK", mcc="999").decision


def test_by_day_and_mode() -> None:
    rows = [
        (f"{row.day:%m-%d}", row.mode, row.attempts, row.blocked, float(row.charged), cost(row.provider_cost))
        for row in decision().by_day
    ]
    assert rows == [
        # day, mode, attempts, blocked, charged, provider cost
        ("07-10", "disabled", 30, 0, 4.5, 3.0),
        ("07-10", "max", 21, 0, 3.5, 4.1),
        ("07-11", "max", 10, 40, 2.0, 1.0),
        ("07-12", "max", 2, 5, 2.5, None),
    ]


def test_by_country_mcc_and_mode_the_most_charged_first() -> None:
    rows = [
        (row.country_name, row.mcc, row.mcc_known, row.mode, row.attempts, row.blocked, float(row.charged))
        for row in decision().by_country
    ]
    assert rows == [
        # country, MCC, known, mode, attempts, blocked, charged
        ("Nigeria", "621", True, "disabled", 30, 0, 4.5),
        ("Pakistan", "410", True, "max", 20, 0, 3.0),
        (None, None, False, "max", 2, 0, 2.5),
        ("Nigeria", "621", True, "max", 11, 40, 2.5),
        ("Pakistan", "999", False, "max", 0, 5, 0.0),
    ]


def test_places_that_were_charged_alike_are_in_the_order_of_country_mcc_and_mode() -> None:
    ledger = Ledger().set("max", "2025-01-01").set("off", "2025-01-01", service_sid=OTHER_SERVICE)
    for country, mcc in (("PK", "410"), ("NG", "622"), ("NG", "621"), (None, None)):
        ledger.use("2025-07-10", 1, "1.00", country_iso=country, mcc=mcc)
        ledger.use("2025-07-10", 1, "1.00", country_iso=country, mcc=mcc, service_sid=OTHER_SERVICE)
    places = [(row.country_iso, row.mcc, row.mode) for row in ledger.decision.by_country]
    assert places == [
        *((None, None, mode) for mode in ("disabled", "max")),
        *(("NG", "621", mode) for mode in ("disabled", "max")),
        *(("NG", "622", mode) for mode in ("disabled", "max")),
        *(("PK", "410", mode) for mode in ("disabled", "max")),
    ]


SENTENCES: list[tuple[str, Ledger, str]] = [
    (
        "a credit",
        Ledger().set("max", "2025-01-01").use("2025-07-10", 1500, "1234.565").cost("0"),
        (
            "We recommend crediting Example Shop with 1,234.57 USD of the 1,234.57 USD it was charged for 1,500 fraud "
            "attempts"
        ),
    ),
    (
        "none",
        Ledger().set("off", "2025-01-01").use("2025-07-10", 2, "5.00").cost("0"),
        "No credit is recommended for Example Shop of the 5.00 USD it was charged for 2 fraud attempts",
    ),
    (
        "no fraud, no name",
        Ledger(accounts=[]).set("off", "2025-01-01").block("2025-07-10", 3),
        f"No credit for {ACCOUNT}: the query found no fraud",
    ),
]


@pytest.mark.parametrize(("ledger", "sentence"), [case[1:] for case in SENTENCES], ids=[case[0] for case in SENTENCES])
def test_the_reports_first_sentence(ledger: Ledger, sentence: str) -> None:
    assert f"{sentence} from 2025-07-01 to 2025-09-30 (UTC)." in text_of(ledger)


def test_the_report_says_the_share_that_was_blocked_in_percent() -> None:
    ledger = Ledger().set("max", "2025-01-01").use("2025-07-10", 1, "5.00").cost("0").block("2025-07-10", 2)
    assert "2 attempts 66.7 % of all" in text_of(ledger)
    assert "– of all" in text_of(Ledger())


def test_markup_in_the_sql_is_words_in_the_report() -> None:
    ledger = Ledger(sql=sql_of(more="-- <script>alert('1')</script> & more\n"))
    html = html_of(ledger)
    assert "&lt;script&gt;" in html
    assert "<script" not in html


def test_the_report_says_which_countries_and_services_alone_were_asked_for() -> None:
    asked = f"AND country_iso IN ('NG', 'PK') AND service_sid = '{OTHER_SERVICE}'"
    assert f" Only services {OTHER_SERVICE}; countries NG, PK " in text_of(Ledger(sql=sql_of(more=asked)))
    assert " Only " not in text_of(Ledger())


def test_the_reports_places_are_over_all_modes() -> None:
    """In the order of what was charged: NG 4.50 of one service and 2.50 of the other."""
    ledger = Ledger().set("max", "2025-01-01").set("off", "2025-01-01", service_sid=OTHER_SERVICE)
    ledger.cost("0.1", mcc=None).use("2025-07-10", 30, "4.50", service_sid=OTHER_SERVICE).use("2025-07-10", 11, "2.50")
    ledger.use("2025-07-10", 20, "5.00", mcc="999").block("2025-07-10", 40, mcc=None)
    ledger.block("2025-07-10", 5, mcc=None, country_iso=None)
    assert (
        "Country MCC Charged, USD Went through Blocked "
        "Nigeria 621 7.00 41 0 "
        "Nigeria 999 (unknown) 5.00 20 0 "
        "Nigeria none (unknown) 0.00 0 40 "
        "unknown none (unknown) 0.00 0 5 "
    ) in text_of(ledger)


def test_the_chart_by_mode_has_a_bar_and_a_label_for_each_amount() -> None:
    """Labels are whole dollars, half a dollar up."""
    chart = by_mode(decision())
    [axes] = chart.figure.axes
    assert [[round(float(bar.get_height()), 2) for bar in bars] for bars in axes.containers] == [[4.5, 8.0], [0.0, 8.0]]
    assert [label.get_text() for label in axes.texts] == ["5", "8", "0", "8"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["disabled", "max"]
    assert [label.get_text() for label in axes.get_legend().get_texts()] == ["charged", "credited"]
    assert chart.alt.endswith("disabled: charged 4.50, credited 0.00; max: charged 8.00, credited 8.00.")


def test_the_chart_by_day_has_what_was_blocked_upon_what_went_through() -> None:
    chart = by_day(decision())
    [axes] = chart.figure.axes
    bars = [[(bar.get_y(), bar.get_height()) for bar in bars] for bars in axes.containers]
    assert bars == [[(0, 51), (0, 10), (0, 2)], [(51, 0), (10, 40), (2, 5)]]
    assert chart.alt.startswith(
        "Fraud attempts by day, 2025-07-10 to 2025-07-12: 63 went through, at most 51 a day (2025-07-10); "
        "45 were blocked. The settings of Fraud Guard changed 0 times"
    )


@pytest.mark.parametrize(("changes", "names"), [(3, ["disabled", "max", "disabled"]), (40, [])])
def test_the_chart_by_day_marks_each_change_of_a_setting(changes: int, names: list[str]) -> None:
    """Few by name; many by ticks alone."""
    ledger = Ledger().use("2025-07-10", 1, "0.50").cost("0.1")
    ends = [str(date(2025, 7, 2) + timedelta(days=n)) for n in range(changes)]
    for n, (begin, end) in enumerate(pairwise(["2025-01-01", *ends, "2026-01-01"])):
        ledger.set(("max", "off")[n % 2], begin, end)
    [axes] = by_day(ledger.decision).figure.axes
    assert [str(num2date(line.get_xdata()[0]).date()) for line in axes.lines] == ends
    assert [label.get_text().strip() for label in axes.texts] == names


def cost(exact: object) -> float | None:
    return None if exact is None else float(exact)  # type: ignore[arg-type]


def html_of(ledger: Ledger) -> str:
    return render_report(
        ledger.claim,
        ledger.evidence,
        ledger.decision,
        execution_id="20260115_123456_3fa94c01",
        timestamp="2026-01-15T12:34:56Z",
        queries=[],
        image=None,
    )


def text_of(ledger: Ledger) -> str:
    """The report's words, without its markup."""
    words = re.sub(r"<(style|svg).*?</\1>|<[^>]*>", " ", html_of(ledger), flags=re.S)
    return " ".join(words.split()).replace(" .", ".")
