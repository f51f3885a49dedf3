"""The real Presto for the lane: one sandbox for all of it, and a warehouse client beside the embedded one's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from verify_credit.credentials import Credentials
from verify_credit.presto import Warehouse

from sandbox.client import Sandbox

SLOW_TABLE = "verify.mrr"
_USAGE = ", ".join(f"authy.verification_usage {name}" for name in "abcd")


class Real:
    """A sandbox with the real Presto, and the way to it that the job takes."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        client = box.client("secretsmanager")
        secret = client.get_secret_value(SecretId=box.env["PRESTO_SECRET_NAME"])["SecretString"]
        self.secret: dict[str, Any] = json.loads(secret)

    def credentials(self, **changes: Any) -> Credentials:
        return Credentials(**{**self.secret, **changes})

    def warehouse(self, **options: Any) -> Warehouse:
        return Warehouse(self.credentials(), sleep=lambda _seconds: None, **options)

    def at_work(self) -> list[dict[str, Any]]:
        """The queries that have not ended."""
        return [query for query in self.box.presto.queries() if query["state"] not in {"FINISHED", "FAILED"}]

    def make_slow(self) -> None:
        """The table of revenues becomes a view that takes longer than anybody waits."""
        self.box.presto.execute(sql=f"DROP TABLE {SLOW_TABLE}")
        columns = "a.account_sid, MAX(a.usage_date) AS month, CAST(SUM(d.attempts) AS DECIMAL(18,2)) AS mrr"
        self.box.presto.execute(sql=f"CREATE VIEW {SLOW_TABLE} AS SELECT {columns} FROM {_USAGE} GROUP BY 1")


@pytest.fixture(scope="session")
def real_box() -> Iterator[Sandbox]:
    with Sandbox.start(jobs="process", presto="real") as box:
        yield box


@pytest.fixture
def real(real_box: Sandbox) -> Real:
    real_box.reset()
    return Real(real_box)
