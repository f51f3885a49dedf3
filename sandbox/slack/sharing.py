"""Messages as Slack attaches them to others: forwarded by a person, or shown below a link to them."""

from __future__ import annotations

from typing import Any

from sandbox.slack.store import Message


def forwarded(message: Message, *, channel: str, workspace: str) -> dict[str, Any]:
    """The attachment that forwarding makes; `workspace`: its address."""
    return shown_below_a_link(message, channel=channel, workspace=workspace) | {"is_share": True}


def shown_below_a_link(message: Message, *, channel: str, workspace: str) -> dict[str, Any]:
    """The attachment that a link to a message gets."""
    address = permalink(message, channel=channel, workspace=workspace)
    quoted = {"team": message.get("team"), "channel": channel, "ts": message["ts"]}
    blocks = message.get("blocks") or []
    return {
        "id": 1,
        "ts": message["ts"],
        "author_id": message["user"],
        "author_subname": message["user"],
        "channel_id": channel,
        "channel_team": message.get("team"),
        "is_msg_unfurl": True,
        "from_url": address,
        "original_url": address,
        "fallback": f"[{message['ts']}] {message['user']}: {message.get('text', '')}",
        "text": message.get("text", ""),
        "mrkdwn_in": ["text"],
        "color": "D0D0D0",
        "footer": "Posted in a channel",
    } | ({"message_blocks": [quoted | {"message": {"blocks": blocks}}]} if blocks else {})


def permalink(message: Message, *, channel: str, workspace: str) -> str:
    """A message's address; in a thread, with where the thread is."""
    thread = message.get("thread_ts")
    there = f"?thread_ts={thread}&cid={channel}" if thread and thread != message["ts"] else ""
    return f"{workspace}/archives/{channel}/p{message['ts'].replace('.', '')}{there}"
