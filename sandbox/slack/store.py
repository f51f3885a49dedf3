"""Channels, their messages and threads, in the order of Slack's time stamps."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


def micros(ts: str | float) -> int:
    """A Slack time stamp (`1700000000.000100`) as whole microseconds."""
    seconds, _, fraction = str(ts).partition(".")
    return int(seconds or 0) * 1_000_000 + int((fraction + "000000")[:6])


def stamp(value: int) -> str:
    """Whole microseconds as a Slack time stamp."""
    return f"{value // 1_000_000}.{value % 1_000_000:06d}"


@dataclass
class Channel:
    """A channel, or a direct conversation (`user` is set)."""

    id: str
    name: str
    private: bool = False
    archived: bool = False
    bot_is_member: bool = True
    user: str | None = None
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[int]] = field(default_factory=dict)
    top: list[int] = field(default_factory=list)

    def add(self, message: Message) -> None:
        """Store a message, in its thread where it has one."""
        ts, thread = message["ts"], message.get("thread_ts")
        self.messages[ts] = message
        if thread in (None, ts):
            insort(self.top, micros(ts))
        else:
            insort(self.threads.setdefault(str(thread), []), micros(ts))

    def remove(self, ts: str) -> None:
        """Take a message away; one with replies leaves a tombstone, as in Slack."""
        if self.threads.get(ts):
            self.messages[ts] = _tombstone(self.messages[ts])
            return
        message = self.messages.pop(ts)
        thread = message.get("thread_ts")
        stamps = self.top if thread in (None, ts) else self.threads[str(thread)]
        stamps.remove(micros(ts))

    def between(self, oldest: int, latest: int, inclusive: bool) -> list[str]:
        """Time stamps of top-level messages in a span, newest first."""
        first = (bisect_left if inclusive else bisect_right)(self.top, oldest)
        last = (bisect_right if inclusive else bisect_left)(self.top, latest)
        return [stamp(value) for value in reversed(self.top[first:last])]

    def thread(self, ts: str) -> list[str]:
        """Time stamps of a thread, its first message included."""
        return [ts, *map(stamp, self.threads.get(ts, []))]

    def shown(self, ts: str) -> Message:
        """A message as Slack answers it: the first of a thread says how many replies it has."""
        message = self.messages[ts]
        replies = self.threads.get(ts)
        if not replies:
            return message
        latest = stamp(replies[-1])
        return message | {
            "thread_ts": ts,
            "reply_count": len(replies),
            "reply_users_count": len({self.messages[stamp(reply)]["user"] for reply in replies}),
            "latest_reply": latest,
            "subscribed": True,
        }


def _tombstone(message: Message) -> Message:
    return {
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "ts": message["ts"],
    }
