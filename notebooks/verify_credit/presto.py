"""Presto: the credentials from Secrets Manager, and a claim's queries run side by side.

Each query has a time limit, is tried again when the cluster says so, and is cancelled on the server when given up.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import boto3
import prestodb
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from prestodb import exceptions as presto_errors
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from .errors import DataError, JobError, QueryFailed, SettingError, Stopped, TooSlow, WarehouseUnavailable
from .queries import COLUMNS

log = logging.getLogger("verify_credit")

QUERY_SECONDS = 600.0
ATTEMPTS = 5
REQUEST_TIMEOUT = (10.0, 60.0)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# https://github.com/prestodb/presto/blob/0.287/presto-common/src/main/java/com/facebook/presto/common/ErrorCode.java
RETRIED = frozenset(
    {
        "NO_NODES_AVAILABLE",
        "CLUSTER_OUT_OF_MEMORY",
        "QUERY_QUEUE_FULL",
        "SERVER_STARTING_UP",
        "SERVER_SHUTTING_DOWN",
        "REMOTE_HOST_GONE",
        "REMOTE_TASK_ERROR",
        "REMOTE_TASK_MISMATCH",
        "PAGE_TRANSPORT_ERROR",
        "PAGE_TRANSPORT_TIMEOUT",
        "TOO_MANY_REQUESTS_FAILED",
        "ABANDONED_QUERY",
        "ADMINISTRATIVELY_PREEMPTED",
        "ADMINISTRATIVELY_KILLED",
    }
)
TIMED_OUT = frozenset({"EXCEEDED_TIME_LIMIT"})
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_LATER = "Try again in a few minutes."


@dataclass(frozen=True)
class Credentials:
    """How to reach Presto; `password` and `ca_pem` are left out of the repr."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    catalog: str = "hive"
    schema: str = "authy"
    http_scheme: str = "https"
    ca_pem: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"


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


def load_credentials(secret_name: str, client: Any = None) -> Credentials:
    """From Secrets Manager. Raises SettingError naming the secret, and what it lacks."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 5, "mode": "standard"})
    try:
        client = client or boto3.client("secretsmanager", config=config)
        text = client.get_secret_value(SecretId=secret_name).get("SecretString") or ""
    except ClientError as error:
        raise _secret_refused(secret_name, error) from error
    except BotoCoreError as error:
        raise WarehouseUnavailable(
            f"Secrets Manager could not be reached for the secret {secret_name} ({type(error).__name__}).",
            "In a VPC the job needs an endpoint or NAT for Secrets Manager.",
        ) from error
    return _parsed(secret_name, text)


class Warehouse:
    """Runs queries on one Presto. `clock` and `sleep` are in seconds; both may be replaced in tests."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        query_seconds: float = QUERY_SECONDS,
        attempts: int = ATTEMPTS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._credentials = credentials
        self._query_seconds = query_seconds
        self._attempts = attempts
        self._clock = clock
        self._sleep = sleep
        self._given_up = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[str, Any] = {}

    def run_all(
        self, queries: Mapping[str, str], on_done: Callable[[QueryResult], None] = lambda _result: None
    ) -> dict[str, QueryResult]:
        """Every query's result by its name; `on_done` is told of each, in the thread that ran it.

        All run side by side; the first that fails has the others cancelled on the server. Raises SettingError,
        QueryFailed, WarehouseUnavailable, TooSlow, DataError (a column is missing), Stopped after `cancel_all`.
        """
        with self._ca_file() as verify, ThreadPoolExecutor(max(1, len(queries)), "query") as threads:
            futures = [threads.submit(self._run, name, sql, verify, on_done) for name, sql in queries.items()]
            try:
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
            _cancel(cursor)

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

    def _once(self, name: str, sql: str, verify: str | bool) -> tuple[Any, list[Any]]:
        cursor = self._cursor(verify)
        limit = threading.Timer(self._query_seconds, _cancel, [cursor, True])
        limit.daemon = True
        with self._lock:
            self._running[name] = cursor
        try:
            if self._given_up.is_set():
                raise Stopped(f"The {name} query was given up before it began.")
            limit.start()
            cursor.execute(sql)
            rows = cursor.fetchall()
        except JobError:
            raise
        except Exception as error:
            _cancel(cursor)
            raise self._translated(name, cursor, error) from error
        finally:
            limit.cancel()
            with self._lock:
                self._running.pop(name, None)
        try:
            self._raise_if_cancelled(name, cursor)
        except JobError:
            _cancel(cursor)
            raise
        return cursor, rows

    def _cursor(self, verify: str | bool) -> Any:
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
            session_properties={"query_max_run_time": f"{self._query_seconds:.0f}s"},
            max_attempts=1,
            request_timeout=REQUEST_TIMEOUT,
        )
        session = connection._http_session
        session.trust_env = False  # REQUESTS_CA_BUNDLE would take the secret's CA out of force
        session.verify = verify
        return connection.cursor()

    def _raise_if_cancelled(self, name: str, cursor: Any) -> None:
        if getattr(cursor, "timed_out", False):
            raise TooSlow(
                f"The {name} query took longer than {self._query_seconds:.0f} seconds and was cancelled.",
                "Ask for a shorter window, or try again when Presto is less busy.",
            )
        if self._given_up.is_set():
            raise Stopped(f"The {name} query was cancelled.")

    def _translated(self, name: str, cursor: Any, error: Exception) -> JobError:
        try:
            self._raise_if_cancelled(name, cursor)
        except JobError as cancelled:
            return cancelled
        if isinstance(error, presto_errors.PrestoQueryError):
            return _query_error(name, error)
        return _connection_error(name, self._credentials, error)

    @contextmanager
    def _ca_file(self) -> Iterator[str | bool]:
        """requests takes a CA as a file only; without one of its own, certifi's are asked."""
        if not self._credentials.ca_pem:
            yield True
            return
        with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
            file.write(self._credentials.ca_pem)
            file.flush()
            yield file.name


def _cancel(cursor: Any, timed_out: bool = False) -> None:
    if timed_out:
        cursor.timed_out = True
    query = cursor._query
    with suppress(Exception):  # the server's own limit ends it where this does not get through
        if query is not None:
            query.cancel()


def _require_columns(name: str, came: list[str]) -> None:
    missing = [column for column in COLUMNS.get(name, ()) if column not in came]
    if missing:
        raise DataError(
            f"The {name} query has no column {' and no column '.join(missing)}; it has {', '.join(came) or 'none'}.",
            f"Correct queries/{name}.sql: its columns are the contract with the calculation.",
        )


def _query_error(name: str, error: Any) -> JobError:
    said = f"{error.error_name}: {' '.join(str(error.message).split())[:500]}"
    where = f"(query {error.query_id})"
    if error.error_name in TIMED_OUT:
        return TooSlow(
            f"Presto ended the {name} query for its time: {said} {where}",
            "Ask for a shorter window, or try again when Presto is less busy.",
        )
    if error.error_name in RETRIED:
        return WarehouseUnavailable(f"Presto could not run the {name} query: {said} {where}", _LATER)
    return QueryFailed(f"Presto refused the {name} query: {said} {where}", _advice(name))


def _advice(name: str) -> str:
    if name == "looker":
        return "Run the Looker query in Looker: it fails there alike."
    return f"Correct notebooks/verify_credit/queries/{name}.sql, or the permissions of Presto's user."


def _connection_error(name: str, credentials: Credentials, error: Exception) -> JobError:
    if isinstance(error, presto_errors.Http503Error):
        return WarehouseUnavailable(f"Presto at {credentials.place} is busy (503).", _LATER)
    if isinstance(error, presto_errors.HttpError):
        return _http_error(credentials, str(error))
    if isinstance(error, requests.exceptions.SSLError):
        return SettingError(
            f"Presto's certificate at {credentials.place} is not accepted ({_ssl_reason(error)}).",
            "Put the CA that signed it into ca_pem of the secret, or renew the certificate.",
        )
    if isinstance(error, requests.exceptions.ConnectionError) and _is_unknown_host(error):
        return SettingError(
            f"There is no host {credentials.host}: host in the secret is wrong, or this network does not know it.",
            "Correct host in the secret PRESTO_SECRET_NAME names, or the job's subnets.",
        )
    if isinstance(error, requests.exceptions.RequestException):
        return WarehouseUnavailable(
            f"Presto at {credentials.place} could not be reached ({type(error).__name__}).",
            "Check host and port in the secret, and that the job's subnets lead there.",
        )
    if isinstance(error, ValueError) and "authentication with HTTP" in str(error):
        return SettingError("http_scheme in the secret is http, over which no password may go.", "Make it https.")
    return QueryFailed(f"The {name} query failed in the client: {type(error).__name__}: {str(error)[:300]}")


def _http_error(credentials: Credentials, said: str) -> JobError:
    status = re.search(r"error (\d{3})", said)
    words = _title(said) or f"error {status[1] if status else '?'}"
    if status and status[1] in {"401", "403"}:
        return SettingError(
            f"Presto at {credentials.place} refuses username or password of {credentials.username}: {words}",
            "Correct username and password in the secret PRESTO_SECRET_NAME names.",
        )
    if status and status[1] in {"429", "500", "502", "504"}:
        return WarehouseUnavailable(f"Presto at {credentials.place} failed: {words}", _LATER)
    return SettingError(
        f"{credentials.place} does not answer like a Presto: {words}", "Check host and port in the secret."
    )


def _title(page: str) -> str:
    """What a page of HTML is about; the page itself is for nobody."""
    found = _TITLE.search(page)
    return " ".join(found[1].split())[:200] if found else ""


def _ssl_reason(error: Exception) -> str:
    found = re.search(r"certificate verify failed: ([^(\"']+)", str(error))
    return found[1].strip() if found else "TLS failed"


def _is_unknown_host(error: Exception) -> bool:
    return "NameResolutionError" in str(error) or "getaddrinfo" in str(error) or "Name or service" in str(error)


def _secret_refused(name: str, error: ClientError) -> JobError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code == "ResourceNotFoundException":
        return SettingError(
            f"There is no secret {name}.", "Create it, or correct PRESTO_SECRET_NAME (the job's SECRET_NAME)."
        )
    if code in {"AccessDeniedException", "AccessDenied", "DecryptionFailure"}:
        return SettingError(
            f"The job's role may not read the secret {name} ({code}).",
            "Give the role secretsmanager:GetSecretValue on it (and kms:Decrypt with a key of your own).",
        )
    return WarehouseUnavailable(f"Secrets Manager failed for the secret {name} ({code}).", _LATER)


def _parsed(name: str, text: str) -> Credentials:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise SettingError(
            f"The secret {name} is not JSON.", "Make it a JSON object (Documentation/SAGEMAKER_SETUP.md)."
        ) from error
    if not isinstance(values, dict):
        raise SettingError(f"The secret {name} is not a JSON object.", "See Documentation/SAGEMAKER_SETUP.md.")
    missing = [key for key in ("host", "port", "username", "password") if not values.get(key)]
    if missing:
        raise SettingError(
            f"The secret {name} has no {' and no '.join(missing)}.", "Add it (Documentation/SAGEMAKER_SETUP.md)."
        )
    return _credentials(name, values)


def _credentials(name: str, values: dict[str, Any]) -> Credentials:
    host = str(values["host"])
    scheme = str(values.get("http_scheme") or ("http" if host in LOOPBACK else "https"))
    if scheme not in {"http", "https"}:
        raise SettingError(f"http_scheme in the secret {name} is neither http nor https.", "Leave it out for https.")
    if not str(values["port"]).isdecimal():
        raise SettingError(f"port in the secret {name} is not a number.", "Correct it.")
    return Credentials(
        host=host,
        port=int(values["port"]),
        username=str(values["username"]),
        password=str(values["password"]),
        catalog=str(values.get("catalog") or "hive"),
        schema=str(values.get("schema") or "authy"),
        http_scheme=scheme,
        ca_pem=values.get("ca_pem") or None,
    )
