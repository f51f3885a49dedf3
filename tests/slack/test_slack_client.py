"""The Slack client, through the real slack_sdk, against the sandbox's Slack."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from src.calls import CallLog
from src.config import BotSettings
from src.errors import ConfigurationError, StateConflict, TransientError
from src.slack.client import MessageGone, SlackClient, SlackRefused, SlackUnavailable, Undeliverable
from src.slack.errors import ChannelRefused, MissingScope, PermanentSlackError, TokenRefused
from src.slack.text import Message, paragraph, plain, text
from tests.slack.conftest import Slack

HELLO = Message("hello", [paragraph(text("hello"))])


def test_a_reply_lands_in_its_thread_and_is_found_again_by_its_key(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    reply = client.post_reply(slack.world.channel, ts, HELLO, "answer-1")
    assert [message["text"] for message in slack.world.thread(ts)] == ["please", "hello"]
    assert client.find_reply(slack.world.channel, ts, "answer-1") == reply
    assert client.find_reply(slack.world.channel, ts, "answer-2") is None


def test_a_reply_is_found_on_the_last_page_of_a_long_thread(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    for number in range(450):
        slack.world.post(f"chatter {number}", thread_ts=ts)
    reply = client.post_reply(slack.world.channel, ts, HELLO, "answer-1")
    assert client.find_reply(slack.world.channel, ts, "answer-1") == reply
    assert slack.seen("conversations.replies") == 3


def test_history_reads_all_pages_and_comes_oldest_first(slack: Slack, client: SlackClient) -> None:
    stamps = [slack.world.post(f"message {number}") for number in range(405)]
    slack.world.post("inside a thread", thread_ts=stamps[0])
    messages = client.history(slack.world.channel, stamps[1])
    assert [message["ts"] for message in messages] == stamps[1:]
    assert slack.seen("conversations.history") == 3


def test_history_ends_at_latest(slack: Slack, client: SlackClient) -> None:
    first, second, _third = (slack.world.post(word) for word in "abc")
    assert [message["text"] for message in client.history(slack.world.channel, first, second)] == ["a", "b"]


@pytest.mark.parametrize("method", ["chat.postMessage", "files.completeUploadExternal"])
@pytest.mark.parametrize("kind", ["refuse", "drop", "error_5xx"])
def test_what_everybody_sees_is_never_sent_twice(slack: Slack, client: SlackClient, kind: str, method: str) -> None:
    ts = slack.world.post("please")
    slack.hub.faults.add(kind=kind, operation=method)
    attempts = {
        "chat.postMessage": lambda: client.post_reply(slack.world.channel, ts, HELLO, "answer-1"),
        "files.completeUploadExternal": lambda: client.upload_file(
            slack.world.channel, ts, "report.html", "Report", b"<html>"
        ),
    }
    with pytest.raises(SlackUnavailable):
        attempts[method]()
    assert slack.seen(method) == 1


@pytest.mark.parametrize("kind", ["refuse", "drop", "error_5xx", "throttle"])
def test_reads_and_repeatable_writes_survive_a_fault(slack: Slack, client: SlackClient, kind: str) -> None:
    ts = slack.world.post("please")
    slack.hub.faults.add(kind=kind, count=1)
    assert len(client.history(slack.world.channel, 0)) == 1
    slack.hub.faults.clear()
    slack.hub.faults.add(kind=kind, count=1)
    client.react(slack.world.channel, ts, "eyes")
    assert slack.world.reactions(ts) == ["eyes"]
    assert len(slack.slept) == 2


def test_a_post_waits_as_long_as_slack_asks(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    slack.hub.faults.add(kind="throttle", operation="chat.postMessage", seconds=7, count=1)
    client.post_reply(slack.world.channel, ts, HELLO, "answer-1")
    assert len(slack.world.thread(ts)) == 2
    assert 7 <= slack.slept[0] < 8


def test_a_post_that_had_to_wait_is_not_made_once_it_may_not_be_any_more(slack: Slack, client: SlackClient) -> None:
    """The lease may have run out while Slack asked to wait."""
    ts = slack.world.post(text="hello")
    slack.hub.faults.add(kind="throttle", operation="chat.postMessage", seconds=7, count=1)

    def only_before_waiting() -> None:
        if slack.slept:
            raise StateConflict("too late")

    with pytest.raises(StateConflict):
        client.post_reply(slack.world.channel, ts, HELLO, "answer-1", only_before_waiting)
    assert slack.seen("chat.postMessage") == 1


def test_a_post_that_stays_throttled_is_told_with_the_seconds_to_wait(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    slack.hub.faults.add(kind="throttle", operation="chat.postMessage", seconds=9)
    with pytest.raises(SlackUnavailable) as caught:
        client.post_reply(slack.world.channel, ts, HELLO, "answer-1")
    assert caught.value.retry_after == 9
    assert isinstance(caught.value, TransientError)


def test_a_wait_of_minutes_is_left_to_the_caller(slack: Slack, client: SlackClient) -> None:
    slack.hub.faults.add(kind="throttle", seconds=300)
    with pytest.raises(SlackUnavailable):
        client.history(slack.world.channel, 0)
    assert slack.slept == []


def test_a_reaction_may_be_set_twice(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    for _ in range(2):
        client.react(slack.world.channel, ts, "eyes")
    assert slack.world.reactions(ts) == ["eyes"]


def test_a_deleted_message_is_no_failure_to_react_to_but_none_to_answer(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    slack.world.delete_message(ts)
    client.react(slack.world.channel, ts, "eyes")
    assert client.replies(slack.world.channel, ts) == []
    with pytest.raises(MessageGone):
        client.post_reply(slack.world.channel, ts, HELLO, "answer-1")


def test_an_update_replaces_the_content_and_a_delete_takes_it_away(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    status = client.post_reply(slack.world.channel, ts, HELLO, "status-1")
    client.update(slack.world.channel, status, Message("later", [paragraph(text("later"))]))
    shown = slack.world.thread(ts)[1]
    assert shown["text"] == "later"
    assert shown["edited"]["user"] == slack.world.bot_user
    for _ in range(2):
        client.delete(slack.world.channel, status)
    assert len(slack.world.thread(ts)) == 1


def test_a_direct_message_is_sent_once_when_looked_for_first(slack: Slack, client: SlackClient) -> None:
    for _ in range(2):
        client.send_dm(slack.world.requester, HELLO, "failure-1", check_first=True)
    client.send_dm(slack.world.requester, HELLO, "failure-2", check_first=True)
    assert len(slack.world.dms(slack.world.requester)) == 2


@pytest.mark.parametrize("user", ["U0NOBODY00", "U0OTHERB01", "U0LEFT0001"])
def test_a_direct_message_that_cannot_arrive_says_so(slack: Slack, client: SlackClient, user: str) -> None:
    slack.world.add_user("U0LEFT0001", "left", deleted=True)
    with pytest.raises(Undeliverable):
        client.send_dm(user, HELLO, "failure-1", check_first=False)


def test_a_file_arrives_in_the_thread_byte_for_byte(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    content = bytes(range(256)) * 1000
    assert not client.find_file(slack.world.channel, ts, "report.html")
    client.upload_file(slack.world.channel, ts, "report.html", "Report", content)
    (file,) = slack.world.files()
    assert base64.b64decode(slack.world.file_content(file["id"])) == content
    assert client.find_file(slack.world.channel, ts, "report.html")
    assert file["title"] == "Report"


def test_the_three_calls_of_an_upload_are_counted_each(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    client.upload_file(slack.world.channel, ts, "report.html", "Report", b"<html>")
    assert slack.calls.operations() == {
        ("slack", "files.getUploadURLExternal"): 1,
        ("slack", "upload"): 1,
        ("slack", "files.completeUploadExternal"): 1,
    }


def test_every_attempt_is_counted(slack: Slack, client: SlackClient) -> None:
    slack.hub.faults.add(kind="refuse", count=2)
    client.history(slack.world.channel, 0)
    assert slack.calls.operations() == {("slack", "conversations.history"): 3}


def test_a_channel_is_found_by_name_whether_public_or_private(slack: Slack, client: SlackClient) -> None:
    slack.world.add_channel("C0SECRET01", "fraud-desk", private=True)
    assert client.channel_id("#credit-requests") == slack.world.channel
    with pytest.raises(ConfigurationError, match="#fraud-desk"):
        client.channel_id("fraud-desk")
    slack.world.set_scopes([*slack.world.scopes, "groups:read"])
    assert client.channel_id("fraud-desk") == "C0SECRET01"


def test_a_channel_id_is_taken_as_it_is_without_a_call(slack: Slack, client: SlackClient) -> None:
    assert client.channel_id("C0CREDITS1") == "C0CREDITS1"
    assert slack.calls.operations() == {}


def test_a_permalink_is_slacks_own(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    assert client.permalink(slack.world.channel, ts).endswith(f"/p{ts.replace('.', '')}")


def test_a_wrong_token_is_named_by_its_setting_and_never_shown(slack: Slack) -> None:
    with pytest.raises(ConfigurationError, match="SLACK_BOT_TOKEN") as caught:
        slack.client("xoxb-wrong-token").identity()
    assert "xoxb-wrong-token" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_a_missing_scope_is_named(slack: Slack, client: SlackClient) -> None:
    slack.world.set_scopes([])
    with pytest.raises(ConfigurationError, match="channels:history"):
        client.history(slack.world.channel, 0)


def test_a_channel_the_bot_is_not_in_asks_for_an_invitation(slack: Slack, client: SlackClient) -> None:
    slack.world.add_channel("C0OTHER001", "other", bot_is_member=False)
    with pytest.raises(ConfigurationError, match=r"C0OTHER001: invite the bot"):
        client.history("C0OTHER001", 0)
    with pytest.raises(ConfigurationError, match="SLACK_CHANNEL"):
        client.history("C0NOWHERE1", 0)


def test_blocks_that_slack_refuses_are_refused_for_good(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    with pytest.raises(SlackRefused, match="invalid_blocks"):
        client.post_reply(slack.world.channel, ts, Message("x", [{"type": "divider"}] * 51), "answer-1")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_auth", TokenRefused),
        ("enterprise_is_restricted", TokenRefused),
        ("missing_scope", MissingScope),
        ("is_archived", ChannelRefused),
        ("restricted_action_thread_locked", ChannelRefused),
        ("access_denied", ChannelRefused),
        ("user_disabled", Undeliverable),
        ("thread_not_found", MessageGone),
        ("msg_too_long", SlackRefused),
        ("a_code_of_next_year", SlackRefused),
        ("internal_error", SlackUnavailable),
        ("external_channel_migrating", SlackUnavailable),
    ],
)
def test_each_of_slacks_codes_says_who_can_do_something_about_it(
    slack: Slack, client: SlackClient, code: str, kind: type[Exception]
) -> None:
    slack.hub.faults.add(kind="status", status=200, says=code)
    with pytest.raises(kind) as caught:
        client.post_reply(slack.world.channel, "1.0", HELLO, "answer-1")
    assert type(caught.value) is kind
    if isinstance(caught.value, PermanentSlackError):
        assert caught.value.code == code
    assert slack.seen("*") == 1


def test_a_body_that_is_too_large_for_what_lies_between_is_refused_for_good(slack: Slack, client: SlackClient) -> None:
    slack.hub.faults.add(kind="status", status=413, says="of a proxy")
    with pytest.raises(SlackRefused, match="413"):
        client.post_reply(slack.world.channel, "1.0", HELLO, "answer-1")


def test_a_key_that_slack_takes_in_no_metadata_is_the_last_word_and_believed_of_bots_alone(
    slack: Slack, client: SlackClient
) -> None:
    ts = slack.world.post("please")
    slack.world.post("what about answer-1", thread_ts=ts)
    assert client.find_reply(slack.world.channel, ts, "answer-1") is None
    reply = client.post_reply(slack.world.channel, ts, plain(HELLO), "answer-1", metadata=False)
    assert client.find_reply(slack.world.channel, ts, "answer-1") == reply
    assert client.find_reply(slack.world.channel, ts, "answer-2") is None
    assert slack.world.thread(ts)[-1].keys().isdisjoint({"metadata", "blocks"})


def test_a_file_that_slacks_upload_address_refuses_is_refused_for_good(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    slack.hub.faults.add(kind="status", operation="upload", status=413)
    with pytest.raises(SlackRefused, match="413"):
        client.upload_file(slack.world.channel, ts, "report.html", "Report", b"<html>")


def test_a_redirect_is_not_followed_with_the_token(slack: Slack, client: SlackClient) -> None:
    slack.hub.faults.add(kind="status", status=302)
    with pytest.raises(ConfigurationError, match="SLACK_API_URL"):
        client.identity()
    assert slack.seen("*") == 1


def test_the_token_goes_out_over_https_alone() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        SlackClient(BotSettings(slack_bot_token="xoxb-1", slack_api_url="http://slack.example/api/"))
    with pytest.raises(ConfigurationError, match="SLACK_BOT_TOKEN"):
        SlackClient(BotSettings(slack_bot_token=""))


def test_proxies_of_the_environment_are_not_asked_for_this_machine(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert slack.client().identity()["user_id"] == slack.world.bot_user


def test_one_client_serves_many_threads(slack: Slack, client: SlackClient) -> None:
    ts = slack.world.post("please")
    with ThreadPoolExecutor(16) as pool:
        posted = list(
            pool.map(lambda number: client.post_reply(slack.world.channel, ts, HELLO, f"k{number}"), range(64))
        )
    assert len(set(posted)) == 64
    keys = {message["metadata"]["event_payload"]["key"] for message in client.replies(slack.world.channel, ts)[1:]}
    assert keys == {f"k{number}" for number in range(64)}


def test_a_kill_between_call_and_answer_goes_through_untouched(slack: Slack) -> None:
    class Killed(BaseException):
        pass

    def kill(_service: str, _operation: str) -> None:
        raise Killed

    slack.calls = CallLog(after=kill)
    ts = slack.world.post("please")
    with pytest.raises(Killed):
        slack.client().post_reply(slack.world.channel, ts, HELLO, "answer-1")
    assert len(slack.world.thread(ts)) == 2
