"""The embedded Presto, served in this process, and a warehouse client for it; the real one for the lane."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from verify_credit.credentials import Credentials
from verify_credit.presto import Warehouse

from sandbox import presto
from sandbox.wire import Hub, serve
from tests.presto.real import real, real_box

__all__ = ["real", "real_box"]


@dataclass
class Server:
    world: presto.PrestoWorld
    hub: Hub
    port: int

    def credentials(self, **changes: Any) -> Credentials:
        return Credentials(**{**self.world.credentials(self.port), **changes})

    def warehouse(self, **options: Any) -> Warehouse:
        return Warehouse(self.credentials(), sleep=lambda _seconds: None, **options)

    def once_running(self, queries: int, act: Callable[[], None]) -> None:
        """Do it beside the test, as soon as so many queries run."""
        self.once(lambda: len(self.world.queries("RUNNING")) >= queries, act)

    def once(self, condition: Callable[[], bool], act: Callable[[], None]) -> None:
        """Do it beside the test, as soon as that is so."""

        def watch() -> None:
            while not condition():
                time.sleep(0.01)
            act()

        threading.Thread(target=watch, daemon=True).start()

    def struck(self, fault: int) -> bool:
        """Whether a call has met this fault."""
        return any(known["struck"] for known in self.hub.faults.list() if known["number"] == fault)


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    world, hub = presto.PrestoWorld(), Hub()
    server = serve(
        presto.create_app(world),
        "presto",
        presto.operation,
        hub=hub,
        ssl_context=world.ssl_context,
        fault_answer=presto.fault_answer,
    )
    yield Server(world, hub, server.port)
    server.stop()


@pytest.fixture
def server(running: Server) -> Server:
    running.world.reset()
    running.hub.faults.clear()
    running.hub.calls.clear()
    return running
