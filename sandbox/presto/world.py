"""The server's queries, its password and certificate, and what tests make go wrong.

Thread-safe. `PrestoWorld.control` holds the verbs that the control port offers as POST /control/presto/<verb>.
"""

from __future__ import annotations

import itertools
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import trustme

from sandbox.presto.engine import CATALOG, Engine, PrestoError, Table

USERNAME = "credits-bot"
SCHEMA = "authy"
RETRYABLE = {
    "NO_NODES_AVAILABLE": (65539, "INTERNAL_ERROR"),
    "CLUSTER_OUT_OF_MEMORY": (131076, "INSUFFICIENT_RESOURCES"),
    "EXCEEDED_TIME_LIMIT": (131075, "INSUFFICIENT_RESOURCES"),
    "GENERIC_INTERNAL_ERROR": (65536, "INTERNAL_ERROR"),
    "QUERY_QUEUE_FULL": (131074, "INSUFFICIENT_RESOURCES"),
}


@dataclass
class Query:
    """One query: QUEUED, RUNNING, then FINISHED or FAILED. `time_zone` is what its client asked for."""

    id: str
    sql: str
    time_zone: str | None
    started: float = field(default_factory=time.time)
    state: str = "RUNNING"
    table: Table | None = None
    error: PrestoError | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def end(self, state: str, table: Table | None = None, error: PrestoError | None = None) -> None:
        """The first end counts."""
        if not self.ended.is_set():
            self.state, self.table, self.error = state, table, error
            self.ended.set()


@dataclass
class Trouble:
    """Queries whose SQL fits the glob fail so, or take so long; at most `left` more times."""

    matching: str
    name: str = ""
    seconds: float = 0.0
    left: int | None = None


class PrestoWorld:
    """One coordinator with the catalog `hive`."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._password = secrets.token_urlsafe(18)
        self.engine = Engine()
        self.ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("127.0.0.1", "localhost").configure_cert(self.ssl_context)
        self._clear()

    @property
    def control(self) -> dict[str, Callable[..., Any]]:
        """The verbs of the control port: plain values in, plain values out."""
        verbs = (
            self.execute,
            self.queries,
            self.delay,
            self.fail,
            self.busy,
            self.calm,
            self.set_password,
            self.reset_password,
        )
        return {verb.__name__: verb for verb in verbs}

    def credentials(self, port: int) -> dict[str, Any]:
        """The secret's content for this server."""
        return {
            "host": "127.0.0.1",
            "port": port,
            "username": USERNAME,
            "password": self._password,
            "catalog": CATALOG,
            "schema": SCHEMA,
            "http_scheme": "https",
            "ca_pem": self._authority.cert_pem.bytes().decode(),
        }

    def reset(self) -> None:
        """The data as at the start, no queries, no trouble."""
        self.engine.reset()
        for query in list(self._queries.values()):
            query.cancelled.set()
        self._clear()

    def _clear(self) -> None:
        self._queries: dict[str, Query] = {}
        self._troubles: list[Trouble] = []
        self._busy = 0
        self._accepted = self._password

    # Verbs

    def execute(self, sql: str) -> None:
        """Change the data, in DuckDB's own SQL."""
        self.engine.execute(sql)

    def queries(self, state: str = "*") -> list[dict[str, Any]]:
        """Every query in such a state, oldest first."""
        return [
            {"id": query.id, "sql": query.sql, "state": query.state, "time_zone": query.time_zone}
            for query in list(self._queries.values())
            if fnmatchcase(query.state, state)
        ]

    def delay(self, seconds: float, matching: str = "*", count: int | None = None) -> None:
        """Queries whose SQL fits the glob take so much longer."""
        self._troubles.append(Trouble(matching, seconds=seconds, left=count))

    def fail(self, name: str, matching: str = "*", count: int | None = None) -> None:
        """Queries whose SQL fits the glob fail with Presto's error of this name."""
        self._troubles.append(Trouble(matching, name=name, left=count))

    def busy(self, count: int) -> None:
        """The next `count` statements are answered 503."""
        self._busy = count

    def calm(self) -> None:
        """No trouble any more."""
        self._troubles, self._busy = [], 0

    def set_password(self, password: str) -> None:
        """The server's password changes; the secret does not."""
        self._accepted = password

    def reset_password(self) -> None:
        """The server's password is the secret's again."""
        self._accepted = self._password

    # What the API asks

    def accepts(self, username: str, password: str) -> bool:
        """Whether somebody may in."""
        return username == USERNAME and secrets.compare_digest(password, self._accepted)

    def is_busy(self) -> bool:
        """Whether to answer 503; each answer counts."""
        with self._lock:
            busy = self._busy > 0
            self._busy -= busy
            return busy

    def start(self, sql: str, catalog: str, schema: str | None, time_zone: str | None) -> Query:
        """Begin a query in a thread of its own."""
        name = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{next(self._numbers):05d}_sndbx"
        query = self._queries[name] = Query(name, sql, time_zone)
        threading.Thread(target=self._run, args=(query, catalog, schema), daemon=True).start()
        return query

    def query(self, name: str) -> Query | None:
        """A query by its id."""
        return self._queries.get(name)

    def cancel(self, query: Query) -> None:
        """End it."""
        query.cancelled.set()
        query.end("FAILED", error=PrestoError("Query was canceled", "USER_CANCELED", 3))

    def _run(self, query: Query, catalog: str, schema: str | None) -> None:
        try:
            for trouble in self._troubles_of(query.sql):
                query.cancelled.wait(trouble.seconds)
                if trouble.name:
                    code, kind = RETRYABLE.get(trouble.name, (1, "USER_ERROR"))
                    raise PrestoError(f"The sandbox was told to fail: {trouble.name}", trouble.name, code, kind)
            query.end("FINISHED", self.engine.query(query.sql, catalog, schema))
        except PrestoError as error:
            query.end("FAILED", error=error)

    def _troubles_of(self, sql: str) -> list[Trouble]:
        with self._lock:
            found = [t for t in self._troubles if t.left != 0 and fnmatchcase(sql, t.matching)]
            for trouble in found:
                trouble.left = None if trouble.left is None else trouble.left - 1
            return found
