"""What somebody is told of a query or a connection that failed: whose it is to fix, and what to do."""

from __future__ import annotations

import pytest
from prestodb import exceptions as presto_errors
from verify_credit.credentials import Credentials
from verify_credit.errors import JobError, QueryFailed, SettingError, TooSlow, WarehouseUnavailable
from verify_credit.presto_failures import connection_failure, query_failure

PRESTO = Credentials(host="presto.example.com", port=8443, username="credits", password="not shown")
PAGE = "<html><head><title>Error 503  Busy\n</title></head><body>4111</body></html>"


def refused(error_name: str, message: str = "?", error_type: str = "USER_ERROR") -> presto_errors.PrestoQueryError:
    said = {"errorName": error_name, "message": message, "errorType": error_type}
    return presto_errors.PrestoQueryError(said, query_id="20260115_1")


@pytest.mark.parametrize(
    ("name", "error", "kind", "advice"),
    [
        ("looker", refused("SYNTAX_ERROR"), QueryFailed, "Run the Looker query in Looker"),
        ("mrr", refused("SYNTAX_ERROR"), QueryFailed, "Correct notebooks/verify_credit/queries/mrr.sql"),
        ("looker", refused("NOT_FOUND", "Catalog x does not exist"), QueryFailed, "Correct catalog in the secret"),
        (
            "looker",
            refused("EXCEEDED_MEMORY_LIMIT", error_type="INSUFFICIENT_RESOURCES"),
            QueryFailed,
            "It asks for more than Presto may give one query",
        ),
        ("looker", refused("EXCEEDED_TIME_LIMIT"), TooSlow, "Ask for a shorter window"),
        ("mrr", refused("QUERY_QUEUE_FULL"), WarehouseUnavailable, "Try again in a few minutes."),
    ],
)
def test_a_failed_query_is_its_authors_its_analysts_or_the_clusters(
    name: str, error: presto_errors.PrestoQueryError, kind: type[JobError], advice: str
) -> None:
    told = query_failure(name, error, "SELECT 1")
    assert type(told) is kind
    assert told.advice.startswith(advice)
    assert f"the {name} query" in told.message
    assert told.message.endswith("(query 20260115_1).")


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("error 401: Unauthorized", SettingError, "refuses username or password of credits: error 401."),
        (f"error 403: {PAGE}", SettingError, "refuses username or password of credits: Error 503 Busy."),
        ("error 404: Query not found", WarehouseUnavailable, "lost the query: it was started anew."),
        *((f"error {code}", WarehouseUnavailable, f"failed: error {code}.") for code in (429, 500, 502, 504)),
        (f"error 500: {PAGE}", WarehouseUnavailable, "failed: Error 503 Busy."),
        ("error 404: no such page", SettingError, "does not answer like a Presto: error 404."),
        ("no status", SettingError, "does not answer like a Presto: error ?."),
    ],
)
def test_an_http_error_is_told_by_its_status_and_its_pages_title(said: str, kind: type[JobError], words: str) -> None:
    told = connection_failure("looker", PRESTO, presto_errors.HttpError(said))
    assert type(told) is kind
    assert words in told.message
    assert "presto.example.com:8443" in told.message
    assert told.advice


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ValueError("cannot use authentication with HTTP"), SettingError, "http_scheme in the secret is http"),
        (ValueError("something else"), QueryFailed, "The looker query failed in the client: ValueError."),
        (KeyError("id"), QueryFailed, "The looker query failed in the client: KeyError."),
        (presto_errors.Http503Error("busy"), WarehouseUnavailable, "Presto at presto.example.com:8443 is busy (503)."),
    ],
)
def test_what_the_client_itself_refuses(error: Exception, kind: type[JobError], words: str) -> None:
    told = connection_failure("looker", PRESTO, error)
    assert type(told) is kind
    assert told.message.startswith(words)
    assert told.advice
