"""From a link with filters of its own to the answer in its thread: never that of the saved query."""

from __future__ import annotations

from tests.bot.harness import BotHarness

SAVED, ASKED = "AC" + "a" * 32, "AC" + "b" * 32
FILTERS = {"usage.account_sid": SAVED, "usage.usage_date": "2025-07-01 to 2025-10-01", "usage.is_fraud": "Yes"}


def test_a_look_with_filters_is_answered_about_their_account_or_not_at_all(harness: BotHarness) -> None:
    harness.box.looker.add_look(look_id="88", query={"filters": FILTERS})
    look = f"https://{harness.host}/looks/88?&f[usage.account_sid]={ASKED}&f[usage.usage_date]=2025-07-01+to+2025-10-01"
    honoured = harness.post(look)
    unknown = harness.post(f"{look}&account={ASKED}")
    left_out = harness.post(f"{look.replace('usage_date', 'usage_dat')}")
    harness.ticks_until_quiet()

    harness.box.looker.allow_exploring(allowed=False)
    not_permitted = harness.post(f"{look}&limit=5000")
    harness.ticks_until_quiet()

    [answer], [by_name], [no_field], [no_right] = map(harness.answers, (honoured, unknown, left_out, not_permitted))
    assert ASKED in answer
    assert "'account' is not known here" in by_name  # backticks are made harmless on the way into Slack
    assert "filters by 'usage.usage_dat'" in no_field
    assert "as a look of its own" in no_right
    assert SAVED not in answer + by_name + no_field + no_right
    assert ASKED in harness.kept_query(harness.execution_of(honoured))
    assert len(harness.jobs()) == 1
