"""A Looker on loopback, and the real client against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sandbox import looker as sandbox_looker
from sandbox.wire import Hub, serve
from src.config import BotSettings
from src.looker.client import LookerClient
from src.looker.links import parse_link


@dataclass
class Looker:
    world: sandbox_looker.LookerWorld
    hub: Hub
    url: str
    slept: list[float] = field(default_factory=list)

    def client(self, **settings: str) -> LookerClient:
        known = {
            "lookersdk_base_url": self.url,
            "lookersdk_client_id": self.world.client_id,
            "lookersdk_client_secret": self.world.client_secret,
        }
        return LookerClient(BotSettings(**{**known, **settings}), sleep=self.slept.append)  # type: ignore[arg-type]

    def sql(self, path: str, **settings: str) -> str:
        """What the client makes of a link with this path."""
        client = self.client(**settings)
        try:
            return client.sql(parse_link(f"https://looker.company.com{path}", ["looker.company.com"]))
        finally:
            client.close()


@pytest.fixture
def looker() -> Iterator[Looker]:
    world, hub = sandbox_looker.LookerWorld(), Hub()
    server = serve(
        sandbox_looker.create_app(world),
        "looker",
        sandbox_looker.operation,
        hub=hub,
        fault_answer=sandbox_looker.fault_answer,
    )
    yield Looker(world, hub, server.url)
    server.stop()
