"""The bot that was there before: reads the channel, answers what its file does not list, lists it, writes all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from slack_sdk import WebClient

from sandbox.client import Sandbox
from src import paths

CHANNEL = "C0CREDITS1"
LINK = re.compile(r"<(https://[^>|]+/x/\w+)")


@dataclass(frozen=True)
class Keeping:
    """How it keeps its list: what an empty one is, the time stamps it finds, how it adds one."""

    empty: str
    listed: Callable[[Any], set[str]]
    add: Callable[[Any, dict[str, Any]], Any]


def _moment() -> str:
    return datetime.now(UTC).isoformat()


KEEPINGS = {
    "a list of time stamps": Keeping("[]", set, lambda kept, done: [*kept, done["ts"]]),
    "a list of numbers": Keeping(
        "[]", lambda kept: {f"{number:.6f}" for number in kept}, lambda kept, done: [*kept, float(done["ts"])]
    ),
    "channel:ts": Keeping(
        "[]",
        lambda kept: {each.removeprefix(f"{CHANNEL}:") for each in kept if each.startswith(f"{CHANNEL}:")},
        lambda kept, done: [*kept, f"{CHANNEL}:{done['ts']}"],
    ),
    "a list of objects": Keeping(
        '{"last_run": null, "processed_messages": []}',
        lambda kept: {
            each["ts"] for each in kept["processed_messages"] if datetime.fromisoformat(each["processed_at"])
        },
        lambda kept, done: {
            "last_run": _moment(),
            "processed_messages": [*kept["processed_messages"], {**done, "processed_at": _moment()}],
        },
    ),
    "objects by time stamp": Keeping(
        "{}",
        lambda kept: {ts for ts, each in kept.items() if {"looker_url", "credit_amount"} <= set(each)},
        lambda kept, done: {**kept, done["ts"]: {name: done[name] for name in ("looker_url", "credit_amount")}},
    ),
    "texts by channel": Keeping(
        "{}",
        lambda kept: set(kept.get(CHANNEL, [])),
        lambda kept, done: {**kept, CHANNEL: [*kept.get(CHANNEL, []), done["ts"]]},
    ),
}


class EarlierBot:
    """One that keeps its list in a certain way. Its notebook is not part of this: each amount is 4948.80."""

    def __init__(self, box: Sandbox, keeping: Keeping) -> None:
        self._s3, self._bucket = box.client("s3"), box.env["S3_OUTPUT_BUCKET"]
        self._slack = WebClient(box.env["SLACK_BOT_TOKEN"], base_url=box.env["SLACK_API_URL"])
        self._keeping = keeping

    def run(self) -> list[str]:
        """One run; the messages it answered."""
        kept = json.loads(self._read())
        listed = self._keeping.listed(kept)
        answered = []
        for message in self._messages():
            link = LINK.search(message["text"])
            if link is None or message["ts"] in listed:
                continue
            self._slack.chat_postMessage(channel=CHANNEL, thread_ts=message["ts"], text="Credit: $4,948.80")
            kept = self._keeping.add(kept, {"ts": message["ts"], "looker_url": link[1], "credit_amount": 4948.80})
            self._s3.put_object(Bucket=self._bucket, Key=paths.PROCESSED_MESSAGES, Body=json.dumps(kept).encode())
            answered.append(str(message["ts"]))
        return answered

    def _read(self) -> str:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=paths.PROCESSED_MESSAGES)
        except ClientError:
            return self._keeping.empty
        return str(answer["Body"].read().decode())

    def _messages(self) -> list[dict[str, Any]]:
        found = self._slack.conversations_history(channel=CHANNEL, limit=200)["messages"]
        return sorted(found, key=lambda message: str(message["ts"]))
