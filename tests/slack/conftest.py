"""A Slack workspace on loopback, and the real client against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sandbox.slack import SlackWorld, create_app, fault_answer, operation
from sandbox.wire import Hub, serve
from src.calls import CallLog
from src.config import BotSettings
from src.slack.client import SlackClient


@dataclass
class Slack:
    """The workspace, the bot's client, and what the client waited for."""

    world: SlackWorld
    hub: Hub
    url: str
    calls: CallLog = field(default_factory=CallLog)
    slept: list[float] = field(default_factory=list)

    def client(self, token: str | None = None) -> SlackClient:
        settings = BotSettings(slack_bot_token=token or self.world.token, slack_api_url=f"{self.url}/api/")
        return SlackClient(settings, call_log=self.calls, sleep=self.slept.append)

    def seen(self, operation: str) -> int:
        """How many calls of this kind reached the server."""
        return len(self.hub.calls.seen("slack", operation))


@pytest.fixture
def slack() -> Iterator[Slack]:
    world, hub = SlackWorld(), Hub()
    server = serve(create_app(world), "slack", operation, hub=hub, fault_answer=fault_answer)
    yield Slack(world, hub, server.url)
    server.stop()


@pytest.fixture
def client(slack: Slack) -> SlackClient:
    return slack.client()
