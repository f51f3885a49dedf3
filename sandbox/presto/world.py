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

from sandbox import warehouse
from sandbox.presto.engine import Engine, Table
from sandbox.presto.errors import PrestoError

MEETING_SECONDS = 100
"""How long a query waits for those that it is to meet."""


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
        """End the query; without effect if it has ended already."""
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
    meeting: threading.Barrier | None = None

    def wait_for_others(self) -> None:
        """Wait until all queries that are to meet have come. Raises PrestoError after MEETING_SECONDS."""
        try:
            if self.meeting is not None:
                self.meeting.wait()
        except threading.BrokenBarrierError as error:
            raise PrestoError("The queries never ran at one time") from error


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
            self.meet,
            self.fail,
            self.busy,
            self.calm,
            self.forget,
            self.set_password,
            self.reset_password,
        )
        return {verb.__name__: verb for verb in verbs}

    def credentials(self, port: int) -> dict[str, Any]:
        """The secret's content for this server."""
        ca_pem = self._authority.cert_pem.bytes().decode()
        return warehouse.secret(port=port, password=self._password, ca_pem=ca_pem)

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

    def meet(self, count: int, matching: str = "*") -> None:
        """Queries whose SQL fits the glob end only once so many of them run at one time."""
        self._troubles.append(Trouble(matching, meeting=threading.Barrier(count, timeout=MEETING_SECONDS)))

    def fail(self, name: str, matching: str = "*", count: int | None = None) -> None:
        """Queries whose SQL fits the glob fail with Presto's error of this name."""
        self._troubles.append(Trouble(matching, name=name, left=count))

    def busy(self, count: int) -> None:
        """The next `count` statements are answered 503."""
        self._busy = count

    def calm(self) -> None:
        """No trouble any more."""
        self._troubles, self._busy = [], 0

    def forget(self) -> None:
        """Know no query any more, as a coordinator that was started anew."""
        self._queries = {}

    def set_password(self, password: str) -> None:
        """The server's password changes; the secret does not."""
        self._accepted = password

    def reset_password(self) -> None:
        """The server's password is the secret's again."""
        self._accepted = self._password

    # What the API asks

    def accepts(self, username: str, password: str) -> bool:
        """Return whether user and password are right."""
        return username == warehouse.USERNAME and secrets.compare_digest(password, self._accepted)

    def take_busy(self) -> bool:
        """Take one of the 503 answers that `busy` ordered; return whether there was one left."""
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
        query.end("FAILED", error=PrestoError("Query was canceled", "USER_CANCELED"))

    def _run(self, query: Query, catalog: str, schema: str | None) -> None:
        try:
            for trouble in self._troubles_of(query.sql):
                query.cancelled.wait(trouble.seconds)
                trouble.wait_for_others()
                if trouble.name:
                    raise PrestoError(f"The sandbox was told to fail: {trouble.name}", trouble.name)
            query.end("FINISHED", self.engine.query(query.sql, catalog, schema))
        except PrestoError as error:
            query.end("FAILED", error=error)
        except Exception as error:  # noqa: BLE001 - a query always ends: whoever asks would wait for ever
            query.end("FAILED", error=PrestoError(f"{type(error).__name__}: {error}", "GENERIC_INTERNAL_ERROR"))

    def _troubles_of(self, sql: str) -> list[Trouble]:
        with self._lock:
            found = [t for t in self._troubles if t.left != 0 and fnmatchcase(sql, t.matching)]
            for trouble in found:
                trouble.left = None if trouble.left is None else trouble.left - 1
            return found
