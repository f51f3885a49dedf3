"""`python -m src.runs cost`, and what the prices are."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from src import prices, runs
from src.config import BotSettings
from src.history.costs import cost_report, first_day_needed
from tests.bot.harness import BotHarness

TODAY = date(2026, 11, 11)


def execution(day: str, usd: float | None, *, requester: str = "U0SUPPORT1", number: int = 0) -> dict[str, Any]:
    return {
        "execution_id": f"{day.replace('-', '')}_120000_{number:08x}",
        "requester": requester,
        "cost_estimate": {"instance_type": "ml.m5.xlarge", "seconds": 3600.0, "usd": usd},
    }


def report(*records: dict[str, Any], first: date = date(2026, 11, 1), **settings: Any) -> dict[str, Any]:
    return cost_report(records, first, TODAY, TODAY, BotSettings(**settings))


def test_what_ticks_have_run_is_summed_by_day_requester_and_account(
    harness: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    for outcome in ("result", "result", "error"):
        harness.ask(outcome)
    harness.ticks_until_quiet()

    assert runs.main(["cost", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)

    assert said["total"]["executions"] == 3
    for by in ("day", "requester", "account"):
        assert sum(row["executions"] for row in said[f"by_{by}"]) == 3
    assert len(said["by_account"]) == 3
    assert said["prices_as_of"] == prices.PRICES_AS_OF


def test_people_are_told_that_it_is_an_estimate_and_of_which_date(
    harness: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    harness.ask("result")
    harness.ticks_until_quiet()
    assert runs.main(["cost"]) == 0
    said = capsys.readouterr().out
    assert "USD (estimate)" in said
    assert f"as of {prices.PRICES_AS_OF}" in said


def test_the_audit_record_says_which_prices_its_estimate_is_of(harness: BotHarness) -> None:
    harness.ask("result")
    harness.ticks_until_quiet()
    [record] = [json.loads(body) for key, body in harness.objects("credits-automation/audit/").items()]
    assert record["cost_estimate"]["prices_as_of"] == prices.PRICES_AS_OF


def test_the_dearest_requester_comes_first() -> None:
    said = report(
        execution("2026-11-02", 0.1, number=1),
        execution("2026-11-03", 0.5, requester="U0OTHER001", number=2),
        execution("2026-11-04", 0.2, number=3),
    )
    assert [(row["requester"], row["usd_estimate"]) for row in said["by_requester"]] == [
        ("U0OTHER001", 0.5),
        ("U0SUPPORT1", 0.3),
    ]
    assert [row["day"] for row in said["by_day"]] == ["2026-11-02", "2026-11-03", "2026-11-04"]


def test_the_forecast_is_the_month_so_far_and_the_days_left_at_the_pace_of_the_last_thirty() -> None:
    october = [execution("2026-10-12", 3.0, number=1), execution("2026-10-20", 3.0, number=2)]
    november = [execution("2026-11-01", 3.0, number=3), execution("2026-11-11", 1.0, number=4)]
    month = report(*october, *november)["month"]
    # 9 USD in the 30 days before today, 0.30 a day; 4 USD in November so far, 19 days left of it
    assert month == {
        "month": "2026-11",
        "so_far_usd_estimate": 4.0,
        "usd_a_day_estimate": 0.3,
        "forecast_usd_estimate": 9.7,
    }


def test_the_forecast_needs_days_that_the_report_itself_leaves_out() -> None:
    assert first_day_needed(date(2026, 11, 10), TODAY) == date(2026, 10, 12)
    said = report(execution("2026-11-01", 2.0), first=date(2026, 11, 10))
    assert said["total"]["executions"] == 0
    assert said["month"]["so_far_usd_estimate"] == 2.0


def test_an_installation_of_three_days_is_forecast_from_three_days() -> None:
    month = report(execution("2026-11-08", 3.0), execution("2026-11-10", 3.0, number=2))["month"]
    assert month["usd_a_day_estimate"] == 2.0


def test_an_execution_without_a_price_is_counted_and_said() -> None:
    total = report(execution("2026-11-02", None), execution("2026-11-02", 0.1, number=2))["total"]
    assert (total["executions"], total["unpriced"], total["usd_estimate"]) == (2, 1, 0.1)


def test_the_endpoints_of_a_vpc_cost_whether_jobs_run_or_not() -> None:
    inside = report(sagemaker_subnet_ids="subnet-1,subnet-2", sagemaker_output_kms_key_id="key")["fixed"]
    assert inside == {"vpc_endpoints": 2, "services": ["secretsmanager"], "usd_a_month": 14.6}
    assert report()["fixed"] == {"vpc_endpoints": 0, "services": [], "usd_a_month": 0.0}


def test_prices_say_how_old_they_are() -> None:
    year, month = map(int, prices.PRICES_AS_OF.split("-"))
    assert prices.months_old(date(year + 1, month, 28)) == 12


def test_the_default_instance_has_a_price() -> None:
    assert prices.estimate(BotSettings().sagemaker_instance_type, 3600) == 0.23
    assert prices.estimate("local", 3600) is None
