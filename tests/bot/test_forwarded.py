"""Forwarded messages and apps' attachments, from Slack to the thread; the bot never talks to itself."""

from __future__ import annotations

from sandbox.aws.script import scripted
from src.slack.client import EVENT_TYPE
from tests.bot.harness import VERIFY, BotHarness


def test_a_forwarded_message_is_answered_in_its_own_thread(harness: BotHarness) -> None:
    harness.box.slack.add_channel(channel_id="C0ELSEWHE1", name="elsewhere")
    link = harness.query(scripted(VERIFY, "result"))
    there = harness.box.slack.post(text=f"Credit please <{link}|$179.73>", channel="C0ELSEWHE1", user="U0CUSTOMER")

    ts = harness.box.slack.forward(ts=there, channel="C0ELSEWHE1", user="U0SUPPORT1")
    summary = harness.tick()

    [answer] = harness.answers(ts)
    assert "credit recommended" in answer
    assert (summary.seen, summary.answered, len(harness.jobs())) == (1, 1, 1)


def test_an_apps_attachment_is_answered_and_the_preview_of_a_linked_message_is_not(harness: BotHarness) -> None:
    link = harness.query(scripted(VERIFY, "result"))
    attachment = {"fallback": "New", "fields": [{"title": "Looker", "value": f"<{link}|query>", "short": False}]}
    app = {"subtype": "bot_message", "bot_id": "B0OTHERB01"}

    ts = harness.box.slack.post(text="", user="U0OTHERB01", blocks=[], attachments=[attachment], **app)
    shown = harness.box.slack.post_link_to(ts=harness.post(harness.query(VERIFY)))
    harness.tick()

    assert len(harness.answers(ts)) == 1
    assert shown not in harness.records()


def test_the_bots_own_answer_forwarded_is_pointed_to_once_and_nothing_goes_round(harness: BotHarness) -> None:
    """It holds the links it answers; its thread holds those of no request."""
    ts = harness.post(harness.query(scripted(VERIFY, "result")), harness.query(scripted(VERIFY, "result")))
    harness.tick()
    slack = harness.box.slack
    own = next(reply for reply in slack.thread(ts=ts)[1:] if "/x/slug" in str(reply.get("text")))

    forwarded = slack.forward(ts=own["ts"], comment="Is this right?")
    harness.tick()
    [pointer] = harness.answers(forwarded)
    again = slack.forward(ts=slack.thread(ts=forwarded)[1]["ts"])
    harness.tick()
    before = [len(slack.messages()), len(harness.jobs())]
    harness.tick()

    assert "credit recommended" not in pointer
    assert len(harness.answers(again)) <= 1
    assert [len(slack.messages()), len(harness.jobs())] == before
    assert len(harness.jobs()) == 2


def test_a_message_of_the_bots_own_in_the_channel_is_no_request(harness: BotHarness) -> None:
    """As where Slack takes a reply for a post, because the message it replies to is gone."""
    link = harness.query(VERIFY)
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": "k"}}
    harness.box.slack.post(text=f"Answered: <{link}>", user="U0CREDITB1", bot_id="B0CREDITB1", metadata=metadata)

    summary = harness.tick()

    assert (summary.seen, harness.jobs()) == (0, [])
