"""Past executions: scripted ones by the harness, and a real one with real rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.client import Sandbox
from src import paths
from src.aws import AwsClients
from src.config import load_settings
from src.credit_bot import make_bot
from src.waiting import Waiter
from tests.bot.conftest import harness
from tests.history.memory_store import MemoryStore

__all__ = ["harness", "real_past"]


@dataclass
class RealPast:
    """What a tick that answered the sample link has left; the bucket itself, and a copy in memory."""

    execution_id: str
    files: paths.ExecutionPaths
    store: MemoryStore
    s3: Any
    bucket: str

    def content(self, key: str) -> bytes:
        return self.store.objects[key][0]

    @property
    def audit(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.content(self.files.audit))
        return record


@pytest.fixture(scope="module")
def real_past(sandbox: Sandbox) -> Any:
    """One real answer; this process's environment is the bot's."""
    sandbox.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**sandbox.env, "SLACK_POST_INTERVAL": "0"}.items():
            patch.setenv(name, value)
        host = sandbox.env["LOOKER_HOSTS"].split(",")[0]
        sandbox.slack.post(user="U0SUPPORT1", text=f"<https://{host}/x/sample>")
        summary = make_bot(load_settings(), waiting=Waiter()).run()
        assert (summary.answered, summary.failed) == (1, 0), summary
        s3, bucket = AwsClients(load_settings()).s3, sandbox.env["S3_OUTPUT_BUCKET"]
        store = MemoryStore.copy_of(s3, bucket)
        [key] = store.keys(paths.AUDIT_PREFIX)
        execution_id = key.rsplit("/", 1)[1].removesuffix(".json")
        yield RealPast(execution_id, paths.ExecutionPaths(execution_id), store, s3, bucket)
