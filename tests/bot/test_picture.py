"""The picture of the breakdown, where SLACK_PICTURE asks for one."""

from __future__ import annotations

import pytest

from src import paths
from tests.bot.harness import BotHarness

pytestmark = pytest.mark.usefixtures("short_ticks")


def answered(harness: BotHarness, *, drawn: bool) -> list[str]:
    """The names of the files in a thread whose job left a picture, or none."""
    ts = harness.ask("result after 1200")
    bot = harness.bot()
    bot.run()
    [job] = harness.jobs()
    if drawn:
        key = paths.ExecutionPaths(job["environment"]["EXECUTION_ID"]).picture
        bot.services.clients.s3.put_object(Bucket=bot.services.settings.s3_output_bucket, Key=key, Body=b"\x89PNG")
    harness.box.aws.finish_all()
    harness.ticks_until_quiet()
    return [file["name"].rpartition(".")[2] for one in harness.box.slack.thread(ts=ts) for file in one.get("files", [])]


def test_the_job_is_told_to_draw_one_and_it_comes_after_the_report(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_PICTURE", "true")
    assert answered(harness, drawn=True) == ["html", "png"]
    assert harness.jobs()[0]["environment"]["BREAKDOWN_PICTURE"] == "1"


def test_an_execution_without_one_is_answered_all_the_same(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_PICTURE", "true")
    assert answered(harness, drawn=False) == ["html"]


def test_there_is_none_unless_it_is_asked_for(harness: BotHarness) -> None:
    assert answered(harness, drawn=True) == ["html"]
    assert "BREAKDOWN_PICTURE" not in harness.jobs()[0]["environment"]
