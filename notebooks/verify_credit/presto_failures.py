"""What went wrong with a query, in words that name whose it is to fix; which of it is worth trying again."""

from __future__ import annotations

import re
from typing import Any

import requests
from prestodb import exceptions as presto_errors

from .credentials import Credentials
from .errors import JobError, QueryFailed, SettingError, TooSlow, WarehouseUnavailable
from .presto_said import said_of

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
_LOST = "Query not found"
_LATER = "Try again in a few minutes."


def query_failure(name: str, error: Any, sql: str, session: str = "") -> JobError:
    """Return the error for a query that Presto refused, failed or ended (a PrestoQueryError): its detail has all.

    session: the secret's catalog and schema, `hive.authy`.
    """
    said = said_of(error.error_name, error.message, sql, session)
    where = f"(query {error.query_id})"
    detail = f"Presto said of the {name} query: {error.message}"
    if error.error_name in TIMED_OUT:
        return TooSlow(
            f"Presto ended the {name} query for its time: {said} {where}.",
            "Ask for a shorter window, or try again when Presto is less busy.",
            detail,
        )
    if error.error_name in RETRIED:
        return WarehouseUnavailable(f"Presto could not run the {name} query: {said} {where}.", _LATER, detail)
    return QueryFailed(f"Presto refused the {name} query: {said} {where}.", _advice(name, error), detail)


def _advice(name: str, error: Any) -> str:
    if error.error_type == "INSUFFICIENT_RESOURCES":
        return "It asks for more than Presto may give one query: ask for a shorter window."
    if str(error.message).startswith("Catalog "):
        return "Correct catalog in the secret PRESTO_SECRET_NAME names, or the SQL where it names one."
    if name == "looker":
        return "Run the Looker query in Looker: it fails there alike."
    return f"Correct notebooks/verify_credit/queries/{name}.sql, or the permissions of Presto's user."


def connection_failure(name: str, credentials: Credentials, error: Exception) -> JobError:
    """Return the error for a failed connection: host name, certificate, password, a busy server, no Presto at all."""
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
    return QueryFailed(
        f"The {name} query failed in the client: {type(error).__name__}.",
        "Tell whoever looks after the notebook; the job's log has what it said.",
        str(error),
    )


def _http_error(credentials: Credentials, said: str) -> JobError:
    status = re.search(r"error (\d{3})", said)
    words = _title(said) or f"error {status[1] if status else '?'}"
    if status and status[1] in {"401", "403"}:
        return SettingError(
            f"Presto at {credentials.place} refuses username or password of {credentials.username}: {words}.",
            "Correct username and password in the secret PRESTO_SECRET_NAME names.",
        )
    if _LOST in said:
        return WarehouseUnavailable(f"Presto at {credentials.place} lost the query: it was started anew.", _LATER)
    if status and status[1] in {"429", "500", "502", "504"}:
        return WarehouseUnavailable(f"Presto at {credentials.place} failed: {words}.", _LATER)
    return SettingError(
        f"{credentials.place} does not answer like a Presto: {words}.", "Check host and port in the secret."
    )


def _title(page: str) -> str:
    """Return an HTML page's title, the only part of the page worth quoting."""
    found = _TITLE.search(page)
    return " ".join(found[1].split())[:200] if found else ""


def _ssl_reason(error: Exception) -> str:
    found = re.search(r"certificate verify failed: ([^(\"']+)", str(error))
    return found[1].strip() if found else "TLS failed"


def _is_unknown_host(error: Exception) -> bool:
    return "NameResolutionError" in str(error) or "getaddrinfo" in str(error) or "Name or service" in str(error)
