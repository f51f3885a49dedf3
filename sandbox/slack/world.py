"""A Slack workspace: its people, channels, messages and files, and what tests and the demo do in it.

Thread-safe. `control` holds the verbs that the sandbox's control port offers as POST /control/slack/<verb>.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.left_behind import Left
from sandbox.slack.blocks import composed, pings
from sandbox.slack.limits import Limits
from sandbox.slack.sharing import forwarded, permalink, shown_below_a_link
from sandbox.slack.show import render_thread
from sandbox.slack.store import Channel, Message, micros, stamp

SCOPES = (
    "channels:history",
    "channels:read",
    "chat:write",
    "im:write",
    "im:history",
    "reactions:write",
    "files:write",
    "groups:history",
)
TEAM = "T0SANDBOX1"
URL = "https://sandbox.slack.example"


@dataclass
class User:
    """A member of the workspace."""

    id: str
    name: str
    is_bot: bool = False
    deleted: bool = False


@dataclass
class Upload:
    """A file on its way: announced, then sent, then shown in a channel."""

    id: str
    name: str
    length: int
    content: bytes | None = None
    title: str = ""
    channel: str = ""
    thread_ts: str = ""


class SlackWorld:
    """One workspace with a channel, a requester, someone on call, and the bot under `token`."""

    def __init__(self, *, token: str | None = None, clock: Callable[[], float] = time.time) -> None:
        self.token = token or f"xoxb-{secrets.token_hex(6)}-{secrets.token_hex(12)}"
        self.lock = threading.RLock()
        self.clock = clock
        self.channel = "C0CREDITS1"
        self.requester = "U0SUPPORT1"
        self.error_user = "U0ONCALL01"
        self.bot_user = "U0CREDITB1"
        self.bot_id = "B0CREDITB1"
        self.other_bot = "U0OTHERB01"
        self.reset()

    def reset(self) -> None:
        """An empty workspace again; the token and the ids stay."""
        with self.lock:
            members = (
                User(self.requester, "Support"),
                User(self.error_user, "On call"),
                User(self.bot_user, "credit-bot", is_bot=True),
                User(self.other_bot, "deploy-bot", is_bot=True),
            )
            self.users = {user.id: user for user in members}
            self.channels = {self.channel: Channel(self.channel, "credit-requests")}
            self.uploads: dict[str, Upload] = {}
            self.scopes = set(SCOPES)
            self.limits = Limits(self.clock)
            self._last = 0

    def left(self) -> Left:
        """Every message with all that Slack keeps of it, and every file."""
        with self.lock:
            messages = [message for channel in self.channels.values() for message in channel.messages.values()]
            yield "slack", json.dumps(messages, default=str).encode()
            yield from ((upload.name, upload.content or b"") for upload in self.uploads.values())

    @property
    def control(self) -> dict[str, Callable[..., Any]]:
        """The verbs of the control port: plain values in, plain values out."""
        verbs = (
            self.post,
            self.forward,
            self.post_link_to,
            self.edit,
            self.delete_message,
            self.thread,
            self.render,
            self.messages,
            self.reactions,
            self.dms,
            self.files,
            self.file_content,
            self.pings,
            self.set_limits,
            self.set_scopes,
            self.add_user,
            self.add_channel,
            self.people,
        )
        return {verb.__name__: verb for verb in verbs}

    # What people do

    def post(
        self,
        text: str,
        user: str | None = None,
        channel: str | None = None,
        blocks: list[dict[str, Any]] | None = None,
        thread_ts: str | None = None,
        ts: str | None = None,
        **more: Any,
    ) -> str:
        """Somebody posts; as in Slack, what was typed is stored as marked text and as rich text. Answers the ts.

        `text` may hold Slack's own marks (`<url|label>`); `blocks=[]` for a message of text alone, `ts` for one of the
        past; `more` goes into the message as it is (subtype, attachments).
        """
        marked, composed_blocks = composed(text)
        author = user or self.requester
        message: Message = {
            "type": "message",
            "user": author,
            "text": marked,
            "ts": ts or self.next_ts(),
            "team": TEAM,
            "user_profile": {"display_name": self._name(author)},
        }
        message |= {"blocks": composed_blocks if blocks is None else blocks} if blocks != [] else {}
        message |= {"thread_ts": thread_ts} if thread_ts else {}
        with self.lock:
            self.channels[channel or self.channel].add(message | more)
        return str(message["ts"])

    def forward(self, ts: str, comment: str = "", user: str | None = None, channel: str | None = None) -> str:
        """Somebody forwards a message of any channel into the bot's. Answers the new one's ts."""
        source = channel or self.channel
        with self.lock:
            shared = forwarded(self.channels[source].messages[ts], channel=source, workspace=URL)
        return self.post(comment, user=user, blocks=None if comment else [], attachments=[shared])

    def post_link_to(self, ts: str, user: str | None = None, channel: str | None = None) -> str:
        """Somebody posts a link to a message, below which Slack shows that message. Answers the new one's ts."""
        source = channel or self.channel
        with self.lock:
            message = self.channels[source].messages[ts]
            shown = shown_below_a_link(message, channel=source, workspace=URL)
            address = permalink(message, channel=source, workspace=URL)
        return self.post(address, user=user, attachments=[shown])

    def edit(self, ts: str, text: str, blocks: list[dict[str, Any]] | None = None, channel: str | None = None) -> None:
        """The author changes a message."""
        marked, composed_blocks = composed(text)
        with self.lock:
            message = self.channels[channel or self.channel].messages[ts]
            message["text"] = marked
            message["blocks"] = composed_blocks if blocks is None else blocks
            message["edited"] = {"user": message["user"], "ts": self.next_ts()}

    def delete_message(self, ts: str, channel: str | None = None) -> None:
        """Somebody deletes a message."""
        with self.lock:
            self.channels[channel or self.channel].remove(ts)

    def add_user(self, user_id: str, name: str, is_bot: bool = False, deleted: bool = False) -> None:
        """A new member."""
        with self.lock:
            self.users[user_id] = User(user_id, name, is_bot, deleted)

    def add_channel(
        self, channel_id: str, name: str, private: bool = False, archived: bool = False, bot_is_member: bool = True
    ) -> None:
        """Another channel."""
        with self.lock:
            self.channels[channel_id] = Channel(channel_id, name, private, archived, bot_is_member)

    # What people see

    def thread(self, ts: str, channel: str | None = None) -> list[Message]:
        """A message and its replies."""
        with self.lock:
            found = self.channels[channel or self.channel]
            return [dict(found.shown(one)) for one in found.thread(ts)] if ts in found.messages else []

    def render(self, ts: str, channel: str | None = None) -> str:
        """The thread as a person would see it in a terminal."""
        return render_thread(self.thread(ts, channel))

    def messages(self, channel: str | None = None) -> list[Message]:
        """All messages of a channel with their replies, oldest first."""
        with self.lock:
            found = self.channels[channel or self.channel]
            return [dict(found.messages[ts]) for ts in sorted(found.messages, key=micros)]

    def reactions(self, ts: str, channel: str | None = None) -> list[str]:
        """The names of a message's reactions."""
        with self.lock:
            message = self.channels[channel or self.channel].messages[ts]
            return [reaction["name"] for reaction in message.get("reactions", [])]

    def dms(self, user: str | None = None) -> list[Message]:
        """Direct messages from the bot, to one user or to all, oldest first."""
        with self.lock:
            found = [
                dict(message)
                for channel in self.channels.values()
                if channel.user and user in (None, channel.user)
                for message in channel.messages.values()
            ]
            return sorted(found, key=lambda message: micros(message["ts"]))

    def files(self) -> list[dict[str, Any]]:
        """The files that were shown in a channel."""
        with self.lock:
            return [self.file_of(upload) for upload in self.uploads.values() if upload.channel]

    def file_content(self, file_id: str) -> str:
        """A file's bytes, in base64."""
        with self.lock:
            return base64.b64encode(self.uploads[file_id].content or b"").decode("ascii")

    def pings(self) -> list[dict[str, str]]:
        """Every mention of people or channels in what the bot posted; there should be none."""
        with self.lock:
            return [
                {"channel": channel.id, "ts": ts, "what": what}
                for channel in self.channels.values()
                for ts, message in channel.messages.items()
                if message.get("bot_id") == self.bot_id
                for what in pings(message)
            ]

    def people(self) -> dict[str, str]:
        """Who is who: the ids that settings and tests need."""
        return {
            "channel": self.channel,
            "requester": self.requester,
            "error_user": self.error_user,
            "bot_user": self.bot_user,
            "other_bot": self.other_bot,
        }

    # Switches

    def set_limits(self, on: bool, posts_per_second: float = 1.0, per_minute: float = 50.0) -> None:
        """Slack's rate limits, off at first."""
        with self.lock:
            self.limits.clear()
            self.limits.on = on
            self.limits.posts_per_second = posts_per_second
            self.limits.per_minute = per_minute

    def set_scopes(self, scopes: list[str] | None = None) -> None:
        """What the token may do; all that the bot asks for, where None."""
        with self.lock:
            self.scopes = set(SCOPES if scopes is None else scopes)

    # For the Web API

    def next_ts(self) -> str:
        """A time stamp later than all before it."""
        with self.lock:
            self._last = max(self._last + 100, int(self.clock() * 1_000_000))
            return stamp(self._last)

    def bot_message(self, **content: Any) -> Message:
        """A message by the bot, not stored yet."""
        author = {"user": self.bot_user, "bot_id": self.bot_id, "app_id": "A0CREDITB1", "team": TEAM}
        profile = {"bot_profile": {"id": self.bot_id, "name": self._name(self.bot_user)}}
        return {"type": "message", "ts": self.next_ts()} | author | profile | content

    def file_of(self, upload: Upload) -> dict[str, Any]:
        """A file as Slack describes it."""
        return {
            "id": upload.id,
            "name": upload.name,
            "title": upload.title,
            "size": len(upload.content or b""),
            "user": self.bot_user,
            "channels": [upload.channel],
            "thread_ts": upload.thread_ts,
            "permalink": f"{URL}/files/{self.bot_user}/{upload.id}/{upload.name}",
        }

    def _name(self, user: str) -> str:
        known = self.users.get(user)
        return known.name if known else user
