"""Which messages of the channel are begun, which have new links, which are known, and which are nobody's request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src import paths
from src.bot import inbox
from src.bot.links import FoundLinks, find_links
from src.errors import ConfigurationError, CreditsError
from src.slack.client import EVENT_TYPE
from src.slack.errors import SlackUnavailable
from src.state.lease import DURATION
from src.state.records import Cursor
from src.state.state_manager import ClaimedMessage
from tests.bot.parts import LINK, TS, Parts, request

OTHER_LINK = "https://looker.example/x/slug000002"
DASHBOARD = "https://looker.example/dashboards/1"


def message(text: str = f"<{LINK}>", ts: str = TS, **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U0SUPPORT1", "text": text, "ts": ts, **more}


def another_bot(parts: Parts) -> Parts:
    """One with the same bucket and Slack; the first one's lease still holds."""
    return Parts(bucket=parts.bucket, slack=parts.slack)


def links(begun: list[ClaimedMessage]) -> list[list[str]]:
    return [[one.link for one in claimed.record.requests] for claimed in begun]


@pytest.mark.parametrize(
    ("posted", "begun"),
    [
        pytest.param(message(), [LINK], id="a link: begun"),
        pytest.param(message(f"<{LINK}> <{OTHER_LINK}>"), [LINK, OTHER_LINK], id="two links: two requests"),
        pytest.param(message(f"<{LINK}> <{LINK}>"), [LINK], id="the same twice: one request"),
        pytest.param(message("thanks"), None, id="no link: none"),
        pytest.param(message(thread_ts="1768470000.000100"), None, id="a reply inside a thread: none"),
        pytest.param(message(thread_ts=TS), [LINK], id="the first message of a thread: begun"),
        pytest.param(message(ts=""), None, id="without a time stamp: none"),
        pytest.param(message(metadata={"event_type": EVENT_TYPE}), None, id="the bot's own: none"),
        pytest.param(message(metadata={"event_type": "other"}), [LINK], id="another app's: begun"),
        pytest.param(message(metadata=None), [LINK], id="empty metadata: begun"),
        pytest.param(message(subtype="channel_join"), None, id="somebody joins: none"),
    ],
)
def test_a_message_is_begun(posted: dict[str, Any], begun: list[str] | None) -> None:
    parts = Parts()
    parts.slack.messages = [posted]
    parts.slack.history = lambda *_: parts.slack.messages  # type: ignore[method-assign]
    assert links(parts.inbox.read()) == ([] if begun is None else [begun])


@pytest.mark.parametrize(
    ("posted", "reply", "who"),
    [
        pytest.param(message(), None, ("U0SUPPORT1", False), id="a person's"),
        pytest.param(message(bot_id="B1"), None, ("U0SUPPORT1", True), id="another bot's"),
        pytest.param({"text": f"<{LINK}>", "ts": TS}, None, (None, False), id="nobody's"),
        pytest.param(message(f"<{DASHBOARD}>"), "refused", ("U0SUPPORT1", False), id="a link that is refused at once"),
    ],
)
def test_what_a_new_record_says(posted: dict[str, Any], reply: str | None, who: tuple[str | None, bool]) -> None:
    parts = Parts()
    parts.slack.messages = [posted]
    [begun] = parts.inbox.read()
    record = parts.saved(begun)
    assert (record.user, record.user_is_bot) == who
    [one] = record.requests
    assert (one.reply, one.state) == (reply, "replying" if reply else "new")
    assert (one.failure.requester_mends if one.failure else False) is bool(reply)
    assert not (one.failure and one.failure.retry_helps)
    assert paths.open_marker("C1", TS) in parts.bucket.objects
    assert not begun.recovered


def test_the_oldest_are_begun_first() -> None:
    parts = Parts()
    stamps = [f"176848000{second}.000100" for second in (3, 1, 2)]
    parts.slack.messages = [message(ts=ts) for ts in stamps]
    assert [claimed.record.ts for claimed in parts.inbox.read()] == sorted(stamps)


def test_a_message_is_begun_once_by_this_bot_the_next_or_one_beside_it() -> None:
    parts = Parts()
    parts.slack.messages = [message()]
    assert len(parts.inbox.read()) == 1
    assert parts.inbox.read() == []
    beside = another_bot(parts)
    assert beside.inbox.read() == []
    parts.bucket.objects.pop(paths.CURSOR)  # the hint is gone: looked up
    assert another_bot(parts).inbox.read() == []


def test_what_the_hint_knows_is_not_looked_up() -> None:
    parts = Parts()
    parts.slack.messages = [message()]
    parts.inbox.read()
    later = another_bot(parts)
    before = list(parts.bucket.puts)
    assert later.inbox.read() == []
    assert parts.bucket.puts == before


@pytest.mark.parametrize(
    ("edited", "begun"),
    [
        pytest.param(f"<{LINK}> <{OTHER_LINK}>", [LINK, OTHER_LINK], id="a link more: its record has it as well"),
        pytest.param(f"<{OTHER_LINK}>", [LINK, OTHER_LINK], id="another link: the first stays"),
        pytest.param(f"please: <{LINK}>", None, id="other words: nothing new"),
        pytest.param("never mind", None, id="no link any more: nothing new"),
    ],
)
def test_an_edited_message(edited: str, begun: list[str] | None) -> None:
    parts = Parts()
    parts.slack.messages = [message(f"<{LINK}>")]
    [first] = parts.inbox.read()
    parts.slack.messages = [message(edited)]
    again = parts.inbox.read()
    assert links(again) == ([] if begun is None else [begun])
    assert [one.link for one in parts.saved(first).requests] == (begun or [LINK])
    assert parts.inbox.read() == []


def test_new_links_of_a_message_that_another_bot_has_are_added_once_that_is_gone() -> None:
    parts = Parts()
    parts.slack.messages = [message()]
    parts.inbox.read()
    parts.slack.messages = [message(f"<{LINK}> <{OTHER_LINK}>")]
    beside = another_bot(parts)
    assert beside.inbox.read() == []
    beside.clock.sleep(DURATION)
    assert links(beside.inbox.read()) == [[LINK, OTHER_LINK]]


@pytest.mark.parametrize(
    ("has_record", "begun"),
    [
        pytest.param(False, 0, id="the earlier bot has answered it: left alone"),
        pytest.param(True, 1, id="this bot has answered it and noted it: its new links are answered"),
    ],
)
def test_a_message_on_the_earlier_bots_list(has_record: bool, begun: int) -> None:
    parts = Parts()
    parts.store.put_bytes(paths.PROCESSED_MESSAGES, json.dumps([TS]).encode())
    if has_record:
        parts.claimed(request())
    parts.slack.messages = [message()]
    assert len(parts.inbox.read()) == begun


def test_a_message_that_lost_its_record_is_begun_anew_and_its_reply_looked_for() -> None:
    parts = Parts()
    parts.slack.messages = [message()]
    parts.inbox.read()
    parts.bucket.objects.pop(paths.message_record("C1", TS))
    parts.inbox.begin_again(TS)
    [claimed] = parts.inbox.read()
    assert claimed.recovered


def test_an_edited_message_whose_record_is_gone_is_begun_anew_at_the_next_look() -> None:
    parts = Parts()
    parts.slack.messages = [message()]
    parts.inbox.read()
    parts.bucket.objects.pop(paths.message_record("C1", TS))
    parts.slack.messages = [message(f"<{OTHER_LINK}>")]
    assert parts.inbox.read() == []
    [claimed] = parts.inbox.read()
    assert (links([claimed]), claimed.recovered) == ([[OTHER_LINK]], True)


def test_only_the_window_is_remembered() -> None:
    parts = Parts(lookback_hours=1)
    parts.slack.messages = [message()]
    parts.inbox.read()
    parts.clock.sleep(3600)
    parts.inbox.read()
    assert parts.state.cursor()[0].known == {}


@pytest.mark.parametrize(
    ("age", "margin", "inside"),
    [
        (0, 0, True), (7200, 0, True), (7201, 0, False), (7201, 60, True), (7300, 60, False), (-3600, 0, True),
        (-3601, 0, False),
    ],
)  # fmt: skip
def test_the_window_is_the_look_back_and_an_hour_for_clocks_that_differ(
    age: float, margin: float, inside: bool
) -> None:
    parts = Parts(lookback_hours=2)
    assert parts.inbox.is_in_window(f"{parts.clock.now - age:.6f}", margin) is inside


@pytest.mark.parametrize(
    ("hours", "known_as", "lookups"),
    [
        pytest.param(0, "#credits", 0, id="looked up within the hour: not again"),
        pytest.param(1, "#credits", 1, id="an hour ago: again"),
        pytest.param(-1, "#credits", 1, id="by a clock that was ahead: again"),
        pytest.param(0, "#other", 1, id="SLACK_CHANNEL is another name now: looked up"),
    ],
)
def test_when_the_channels_name_is_looked_up(hours: float, known_as: str, lookups: int) -> None:
    parts = Parts()
    cursor = Cursor(channel_name=known_as, channel_id="C1", looked_up_at=parts.clock.now - hours * 3600)
    parts.state.save_cursor(cursor, None)
    parts.inbox.read()
    assert parts.slack.calls.count("channel_id") == lookups


@pytest.mark.parametrize(
    ("error", "problems"),
    [
        pytest.param(SlackUnavailable("away"), 0, id="Slack is away: read as before"),
        pytest.param(ConfigurationError("no such name"), 1, id="the name is gone: read as before, on-call told"),
    ],
)
def test_a_name_that_cannot_be_looked_up_again(error: CreditsError, problems: int) -> None:
    parts = Parts()
    parts.slack.messages = [message()]
    parts.state.save_cursor(Cursor(channel_name="#credits", channel_id="C1", looked_up_at=0.0), None)
    parts.slack.refuses["channel_id"] = [error]
    assert len(parts.inbox.read()) == 1
    assert len(parts.inbox.problems) == problems


def test_a_name_that_another_channel_has_now_is_read_there_and_nothing_is_known_of_it() -> None:
    parts = Parts()
    old = Cursor(channel_name="#credits", channel_id="C0", looked_up_at=0.0, known={TS: "0" * 16})
    parts.state.save_cursor(old, None)
    parts.slack.messages = [message()]
    [begun] = parts.inbox.read()
    assert begun.record.channel == "C1"
    assert parts.inbox.problems == ["#credits is the channel C1 now; before it was C0."]


@pytest.mark.parametrize(
    ("now", "read"),
    [
        pytest.param("C2", True, id="another channel has the name: read there"),
        pytest.param("C1", False, id="it is the refused one itself: said"),
    ],
)
def test_a_channel_that_may_not_be_read(now: str, read: bool) -> None:
    parts = Parts()
    parts.state.save_cursor(Cursor(channel_name="#credits", channel_id="C1", looked_up_at=parts.clock.now), None)
    parts.slack.channels = {"#credits": now}
    parts.slack.messages = [message()]
    parts.slack.refuses["history"] = [ConfigurationError("archived")]
    if read:
        [begun] = parts.inbox.read()
        assert begun.record.channel == now
    else:
        with pytest.raises(ConfigurationError, match="archived"):
            parts.inbox.read()


def test_a_record_that_cannot_be_read_costs_its_own_message_and_on_call_is_told() -> None:
    parts = Parts()
    parts.store.put_bytes(paths.message_record("C1", TS), b"{")
    parts.slack.messages = [message(), message(ts="1768480001.000100")]
    assert [claimed.record.ts for claimed in parts.inbox.read()] == ["1768480001.000100"]
    assert len(parts.damage) == 1


def test_a_message_whose_links_a_bug_stumbles_over_costs_itself_alone_and_on_call_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stumble(posted: dict[str, Any], hosts: tuple[str, ...]) -> FoundLinks:
        if posted["ts"] == TS:
            raise RecursionError
        return find_links(posted, hosts)

    monkeypatch.setattr(inbox, "find_links", stumble)
    parts = Parts()
    parts.slack.messages = [message(), message(ts="1768480001.000100")]
    assert [claimed.record.ts for claimed in parts.inbox.read()] == ["1768480001.000100"]
    assert parts.inbox.problems == [f"The message {TS} cannot be read (RecursionError); the bot's log shows where."]


def test_a_message_that_a_bug_stumbles_over_costs_itself_alone_and_on_call_is_told() -> None:
    parts = Parts()
    parts.slack.messages = [message(user=["not", "a", "name"]), message(ts="1768480001.000100")]
    assert [claimed.record.ts for claimed in parts.inbox.read()] == ["1768480001.000100"]
    [problem] = parts.inbox.problems
    assert TS in problem
