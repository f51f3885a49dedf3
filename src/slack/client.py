"""Slack, as the bot needs it. Safe to use from several threads.

Calls that may be carried out twice (reads, reactions, deletions) are retried. A post is retried only if Slack says that
it did nothing (429): after an unclear answer only the caller, who can look for it first, may post again.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackClientError
from slack_sdk.web import SlackResponse

from ..config import BotSettings
from ..errors import ConfigurationError
from ..loopback import check_https, is_loopback
from ..retries import with_retries
from .errors import (
    CONNECTION_ERRORS,
    MessageGone,
    MissingScope,
    RateLimited,
    SlackRefused,
    SlackUnavailable,
    Undeliverable,
    translate,
)
from .text import Message
from .transport import TIMEOUT, CountingWebClient, counted, make_opener

if TYPE_CHECKING:
    from ..calls import CallLog

__all__ = ["Message", "MessageGone", "SlackClient", "SlackRefused", "SlackUnavailable", "Undeliverable"]

EVENT_TYPE = "credit_recommendation"
PAGE = 200  # messages a page; Slack recommends no more
MAX_PAGES = 200  # of one read
DM_LOOKBACK = 1000  # messages of a DM looked through for one sent already
_LATER = (408, 429)  # statuses of the upload address that mean "not now"

Check = Callable[[], None]
"""Called right before each attempt of a post; raises if another bot may be at work on it by now."""


def _always_allow() -> None:
    """The default check."""


class SlackClient:
    """One workspace's Slack through one bot token.

    Every method raises SlackUnavailable (a TransientError), or a PermanentSlackError that names the fix where there
    is one (token, scope, channel). `sleep` waits between attempts; it may raise to give up.
    """

    def __init__(
        self,
        settings: BotSettings,
        *,
        call_log: CallLog | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        settings.require("slack_bot_token")
        check_https("SLACK_API_URL", settings.slack_api_url)
        self._url = settings.slack_api_url.removesuffix("/") + "/"
        self._call_log = call_log
        self._sleep = sleep
        self._opener = make_opener(self._url)
        token = settings.slack_bot_token.get_secret_value()
        self._web = CountingWebClient(token, self._url, self._opener, call_log)

    # Reading

    def identity(self) -> dict[str, str]:
        """Who the token is: user_id, bot_id, team, url."""
        answer = self._repeatable("auth.test")
        return {name: str(answer.get(name, "")) for name in ("user_id", "bot_id", "user", "team", "url")}

    def scopes(self) -> frozenset[str]:
        """What the token may do, as Slack tells with every answer."""
        granted = _header(self._repeatable("auth.test"), "x-oauth-scopes")
        return frozenset(scope.strip() for scope in granted.split(",") if scope.strip())

    def channel_id(self, name_or_id: str) -> str:
        """The id of a channel the bot is in, by its id or its name (with or without #)."""
        if _looks_like_id(name_or_id):
            return name_or_id
        name = name_or_id.removeprefix("#").lower()
        found = self._channel_named(name, "public_channel") or self._private_channel_named(name)
        if found is None:
            raise ConfigurationError(
                f"The bot is in no channel named #{name}: check SLACK_CHANNEL, and invite the bot there (/invite). "
                "A private channel is best given by its id."
            )
        return found

    def history(self, channel: str, oldest: str | float, latest: str | float | None = None) -> list[dict[str, Any]]:
        """The channel's messages (not those inside threads) from `oldest` on, oldest first; Slack's own time stamps."""
        bounds = {"oldest": str(oldest), "inclusive": True} | ({"latest": str(latest)} if latest else {})
        bounds |= {"include_all_metadata": True}  # by which the bot knows its own
        messages = self._pages("conversations.history", "messages", channel=channel, **bounds)
        return sorted(messages, key=lambda message: str(message.get("ts", "")))

    def replies(self, channel: str, thread_ts: str) -> list[dict[str, Any]]:
        """The whole thread, its first message included, with metadata; empty if it was deleted."""
        try:
            return list(
                self._pages(
                    "conversations.replies", "messages", channel=channel, ts=thread_ts, include_all_metadata=True
                )
            )
        except MessageGone:
            return []

    def find_reply(self, channel: str, thread_ts: str, key: str) -> str | None:
        """The time stamp of the reply posted under this key, if there is one."""
        return find_key(self.replies(channel, thread_ts), key)

    def find_file(self, channel: str, thread_ts: str, filename: str) -> bool:
        """Whether a file of this name was uploaded into the thread."""
        messages = self.replies(channel, thread_ts)
        return any(file.get("name") == filename for message in messages for file in message.get("files") or [])

    def permalink(self, channel: str, ts: str) -> str:
        """A lasting link to a message."""
        return str(self._repeatable("chat.getPermalink", channel=channel, message_ts=ts)["permalink"])

    # Writing

    def post_reply(
        self,
        channel: str,
        thread_ts: str,
        message: Message,
        key: str,
        check: Check = _always_allow,
        *,
        metadata: bool = True,
    ) -> str:
        """Post into the thread under a key by which `find_reply` finds it again; return the new message's time stamp.

        metadata: whether the key is sent as metadata; else it is the text's last word.
        """
        return self._post(channel, message, key, check, metadata=metadata, thread_ts=thread_ts)

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace the content of one of the bot's messages, by one attempt: the next edit says more."""
        body = {"channel": channel, "ts": ts, "text": message.text, "blocks": message.blocks}
        self._once("chat.update", body, http_json=True)

    def delete(self, channel: str, ts: str) -> None:
        """Delete one of the bot's messages; silent if it is gone."""
        try:
            self._repeatable("chat.delete", channel=channel, ts=ts)
        except MessageGone:
            return

    def react(self, channel: str, ts: str, name: str) -> None:
        """Add a reaction; silent if it is there already, or the message is gone."""
        try:
            self._repeatable("reactions.add", channel=channel, timestamp=ts, name=name)
        except MessageGone:
            return
        except SlackRefused as error:
            if error.code != "already_reacted":
                raise

    def send_dm(
        self,
        user: str,
        message: Message,
        key: str,
        check_first: bool,
        check: Check = _always_allow,
        *,
        metadata: bool = True,
    ) -> None:
        """Send a direct message; with `check_first`, unless one with this key is there. Raises Undeliverable.

        metadata: as for post_reply.
        """
        channel = self.open_dm(user)
        if check_first and self._sent_already(channel, key):
            return
        self._post(channel, message, key, check, metadata=metadata)

    def open_dm(self, user: str) -> str:
        """The channel of direct messages to a user. Raises Undeliverable if they can get none."""
        return str(self._repeatable("conversations.open", users=user)["channel"]["id"])

    def upload_file(
        self,
        channel: str,
        thread_ts: str,
        filename: str,
        title: str,
        content: bytes,
        check: Check = _always_allow,
    ) -> None:
        """Put a file into the thread: three calls, of which only the last, after the check, shows it."""
        target = self._repeatable("files.getUploadURLExternal", filename=filename, length=len(content))
        self._send_bytes(str(target["upload_url"]), content)
        body = {"files": [{"id": target["file_id"], "title": title}], "channel_id": channel, "thread_ts": thread_ts}
        self._show("files.completeUploadExternal", body, check)

    # Calls

    def _post(self, channel: str, message: Message, key: str, check: Check, *, metadata: bool, **more: str) -> str:
        body: dict[str, Any] = {
            "channel": channel,
            "text": message.text if metadata else f"{message.text}\n{key}",
            "unfurl_links": False,
            "unfurl_media": False,
            **more,
        }
        if message.blocks:
            body["blocks"] = message.blocks
        if metadata:
            body["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
        return str(self._show("chat.postMessage", body, check)["ts"])

    def _show(self, method: str, body: dict[str, Any], check: Check) -> SlackResponse:
        """Check, and make a call that people see; after a 429 wait, check and call again."""

        def attempt() -> SlackResponse:
            check()
            return self._once(method, body, http_json=True)

        return with_retries(attempt, self._sleep, only=RateLimited)

    def _channel_named(self, name: str, types: str) -> str | None:
        channels = self._pages("users.conversations", "channels", types=types, exclude_archived=True)
        return next((str(channel["id"]) for channel in channels if channel.get("name") == name), None)

    def _private_channel_named(self, name: str) -> str | None:
        try:
            return self._channel_named(name, "private_channel")
        except MissingScope:  # of a workspace without private channels groups:read is not asked
            return None

    def _sent_already(self, channel: str, key: str) -> bool:
        newest_first = self._pages("conversations.history", "messages", channel=channel, include_all_metadata=True)
        return find_key(islice(newest_first, DM_LOOKBACK), key) is not None

    def _pages(self, method: str, items: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        arguments |= {"limit": PAGE}
        for _ in range(MAX_PAGES):
            answer = self._repeatable(method, **arguments)
            yield from answer.get(items) or []
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
            arguments["cursor"] = cursor
        raise SlackRefused(f"{method} has more than {MAX_PAGES} pages: shorten the look-back (LOOKBACK_HOURS).")

    def _repeatable(self, method: str, **arguments: Any) -> SlackResponse:
        return with_retries(lambda: self._once(method, arguments), self._sleep)

    def _once(self, method: str, arguments: dict[str, Any], *, http_json: bool = False) -> SlackResponse:
        form, body = (None, arguments) if http_json else (arguments, None)
        try:
            return self._web.api_call(method, params=form, json=body)
        except (SlackClientError, *CONNECTION_ERRORS, ValueError) as error:
            channel = str(arguments.get("channel") or arguments.get("channel_id") or "the channel")
            failure = translate(error, method, channel=channel)
        raise failure  # not from the SDK's error, which holds the whole request, token and all

    def _send_bytes(self, url: str, content: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 (checked just below)
            self._checked_upload(url), data=content, headers={"Content-Type": "application/octet-stream"}
        )
        try:
            with counted(self._call_log, "upload"), self._opener.open(request, timeout=TIMEOUT) as response:
                response.read()
        except CONNECTION_ERRORS as error:
            status = error.code if isinstance(error, urllib.error.HTTPError) else 0
            if 400 <= status < 500 and status not in _LATER:
                raise SlackRefused(f"Slack did not take the file (HTTP {status}).", f"http_{status}") from error
            raise SlackUnavailable(f"The file could not be sent to Slack ({type(error).__name__}).") from error

    def _checked_upload(self, url: str) -> str:
        if url.startswith("https://") or (is_loopback(self._url) and is_loopback(url)):
            return url
        raise SlackRefused("Slack named an upload address that is not https: the file was not sent.")


def find_key(messages: Iterable[dict[str, Any]], key: str) -> str | None:
    """The time stamp of the message that has this key in its metadata or, if a bot wrote it, as its last word."""
    for message in messages:
        metadata = message.get("metadata") or {}
        named = metadata.get("event_type") == EVENT_TYPE and (metadata.get("event_payload") or {}).get("key") == key
        if named or (message.get("bot_id") and str(message.get("text") or "").rsplit(None, 1)[-1:] == [key]):
            return str(message["ts"])
    return None


def _header(answer: SlackResponse, name: str) -> str:
    for known, value in answer.headers.items():
        if known.lower() == name:
            return str(value[0] if isinstance(value, list) else value)
    return ""


def _looks_like_id(text: str) -> bool:
    return len(text) >= 9 and text[0] in "CGD" and text.isalnum() and text.isupper()
