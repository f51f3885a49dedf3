"""Presto: a claim's queries, run side by side.

Each query has a time limit, is tried again when the cluster says so, and is cancelled on the server when given up.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import prestodb
from prestodb import client as presto_client
from prestodb import exceptions as presto_errors
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from .credentials import Credentials
from .errors import DataError, JobError, Stopped, TooSlow, WarehouseUnavailable
from .presto_failures import connection_failure, query_failure
from .queries import COLUMNS

log = logging.getLogger("verify_credit")

QUERY_SECONDS = 600.0
"""Limit of one attempt at a query."""
SERVER_SECONDS_MORE = 10.0
"""How much later the server's own limit ends a query that our cancelling did not reach."""
ATTEMPTS = 5
"""How often a query is tried, the first time included."""
REQUEST_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for one answer."""


@dataclass(frozen=True)
class QueryResult:
    """A query's answer. columns: (name, Presto's type); rows: JSON values by column (DECIMAL and DATE are text)."""

    name: str
    sql: str
    query_id: str
    columns: tuple[tuple[str, str], ...]
    rows: list[dict[str, object]]
    seconds: float
    attempts: int


class Warehouse:
    """Runs queries on one Presto. `clock` and `sleep` are in seconds; giving up cuts the usual sleep short."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        query_seconds: float = QUERY_SECONDS,
        attempts: int = ATTEMPTS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._credentials = credentials
        self._query_seconds = query_seconds
        self._attempts = attempts
        self._clock = clock
        self._given_up = threading.Event()
        self._sleep = sleep or self._wait
        self._lock = threading.Lock()
        self._running: dict[str, _Cursor] = {}

    def run_all(
        self, queries: Mapping[str, str], on_done: Callable[[QueryResult], None] = lambda _result: None
    ) -> dict[str, QueryResult]:
        """Every query's result by its name; `on_done` is told of each, in the thread that ran it.

        All run side by side; the first that fails has the others cancelled on the server. Raises SettingError,
        QueryFailed, WarehouseUnavailable, TooSlow, DataError (a column is missing), Stopped after `cancel_all`.
        """
        with self._ca_file() as verify, ThreadPoolExecutor(max(1, len(queries)), "query") as threads:
            try:
                futures = [threads.submit(self._run, name, sql, verify, on_done) for name, sql in queries.items()]
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                failed = [error for future in done if (error := future.exception()) is not None]
            except BaseException:
                self.cancel_all()
                raise
            if failed:
                self.cancel_all()
                raise next((error for error in failed if not isinstance(error, Stopped)), failed[0])
            return {result.name: result for result in (future.result() for future in futures)}

    def cancel_all(self) -> None:
        """Give up: cancel every running query on the server."""
        self._given_up.set()
        with self._lock:
            running = list(self._running.values())
        for cursor in running:
            cursor.give_up()

    def _run(self, name: str, sql: str, verify: str | bool, on_done: Callable[[QueryResult], None]) -> QueryResult:
        started = self._clock()
        retrying = Retrying(
            retry=retry_if_exception_type(WarehouseUnavailable),
            stop=stop_after_attempt(self._attempts),
            wait=wait_random_exponential(multiplier=1, max=30),
            sleep=self._sleep,
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                cursor, rows = self._once(name, sql, verify)
        columns = tuple((str(column[0]), str(column[1])) for column in cursor.description or ())
        names = [column for column, _ in columns]
        _require_columns(name, names)
        result = QueryResult(
            name=name,
            sql=sql,
            query_id=str(cursor.stats["queryId"]),
            columns=columns,
            rows=[dict(zip(names, row, strict=True)) for row in rows],
            seconds=round(self._clock() - started, 3),
            attempts=int(retrying.statistics["attempt_number"]),
        )
        on_done(result)
        return result

    def _once(self, name: str, sql: str, verify: str | bool) -> tuple[_Cursor, list[Any]]:
        cursor = self._cursor(verify)
        try:
            return cursor, self._rows(name, sql, cursor)
        finally:
            cursor.connection._http_session.close()

    def _rows(self, name: str, sql: str, cursor: _Cursor) -> list[Any]:
        limit = threading.Timer(self._query_seconds, cursor.give_up, [True])
        limit.daemon = True
        with self._lock:
            self._running[name] = cursor
        try:
            if self._given_up.is_set():
                raise Stopped(f"The {name} query was given up before it began.")
            limit.start()
            cursor.execute(sql)
            rows: list[Any] = cursor.fetchall()
        except JobError:
            raise
        except Exception as error:
            cursor.give_up()
            raise self._translated(name, sql, cursor, error) from error
        finally:
            limit.cancel()
            with self._lock:
                self._running.pop(name, None)
        try:
            self._raise_if_cancelled(name, cursor)
        except JobError:
            cursor.give_up()
            raise
        return rows

    def _wait(self, seconds: float) -> None:
        self._given_up.wait(seconds)

    def _cursor(self, verify: str | bool) -> _Cursor:
        known = self._credentials
        connection = prestodb.dbapi.connect(
            host=known.host,
            port=known.port,
            user=known.username,
            catalog=known.catalog,
            schema=known.schema,
            source="credits-automation",
            http_scheme=known.http_scheme,
            auth=(
                prestodb.auth.BasicAuthentication(known.username, known.password)
                if known.http_scheme == "https"
                else None
            ),
            http_headers={"X-Presto-Time-Zone": "UTC"},
            session_properties={"query_max_run_time": f"{self._query_seconds + SERVER_SECONDS_MORE:.0f}s"},
            max_attempts=1,
            request_timeout=REQUEST_TIMEOUT,
        )
        session = connection._http_session
        session.trust_env = False  # REQUESTS_CA_BUNDLE would take the secret's CA out of force
        session.verify = verify
        return _Cursor(connection, connection.cursor()._request)

    def _raise_if_cancelled(self, name: str, cursor: _Cursor) -> None:
        if cursor.timed_out:
            raise TooSlow(
                f"The {name} query took longer than {self._query_seconds:.0f} seconds and was cancelled.",
                "Ask for a shorter window, or try again when Presto is less busy.",
            )
        if self._given_up.is_set():
            raise Stopped(f"The {name} query was cancelled.")

    def _translated(self, name: str, sql: str, cursor: _Cursor, error: Exception) -> JobError:
        try:
            self._raise_if_cancelled(name, cursor)
        except JobError as cancelled:
            return cancelled
        if isinstance(error, presto_errors.PrestoQueryError):
            return query_failure(name, error, sql, f"{self._credentials.catalog}.{self._credentials.schema}")
        return connection_failure(name, self._credentials, error)

    @contextmanager
    def _ca_file(self) -> Iterator[str | bool]:
        """Write the CA to a file, since requests takes no other form; without a CA, certifi's list is used."""
        if not self._credentials.ca_pem:
            yield True
            return
        with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
            file.write(self._credentials.ca_pem)
            file.flush()
            yield file.name


class _Cursor(prestodb.dbapi.Cursor):  # type: ignore[misc]  # prestodb has no types
    """A cursor whose query can be given up at any time.

    prestodb forgets a cancel that comes while the query is on its way to the server and has no id yet: it would run on.
    """

    given_up = False
    timed_out = False

    def execute(self, sql: str) -> None:
        self._query = _Query(self, sql)
        self._iterator = iter(self._query.execute())

    def give_up(self, timed_out: bool = False) -> None:
        """Cancel it on the server, now or as soon as the server has named it."""
        self.timed_out |= timed_out
        self.given_up = True
        query = self._query
        with suppress(Exception):  # the server's own limit ends it where this does not get through
            if query is not None:
                query.cancel()


class _Query(presto_client.PrestoQuery):  # type: ignore[misc]  # prestodb has no types
    def __init__(self, cursor: _Cursor, sql: str) -> None:
        super().__init__(cursor._request, sql)
        self._cursor = cursor

    def fetch(self) -> list[Any]:
        if self._cursor.given_up and not self._cancelled:
            self._cursor.give_up()
        rows: list[Any] = super().fetch()
        return rows


def _require_columns(name: str, came: list[str]) -> None:
    missing = [column for column in COLUMNS.get(name, ()) if column not in came]
    if missing:
        raise DataError(
            f"The {name} query has no column {' and no column '.join(missing)}; it has {', '.join(came) or 'none'}.",
            f"Correct queries/{name}.sql: its columns are the contract with the calculation.",
        )
