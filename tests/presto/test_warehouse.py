"""The queries on Presto: side by side, within their time, again when the cluster says so, gone when given up."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
import trustme
from verify_credit.claim import Claim
from verify_credit.errors import (
    DataError,
    JobError,
    QueryFailed,
    SettingError,
    Stopped,
    TooSlow,
    WarehouseUnavailable,
)
from verify_credit.presto import QueryResult, Warehouse
from verify_credit.queries import COLUMNS, render

from sandbox.warehouse import INTERVALS, SAMPLE_ACCOUNT_SID, SAMPLE_SQL, SERVICES
from tests.presto.conftest import Server

CLAIM = Claim(
    account_sid=SAMPLE_ACCOUNT_SID,
    start=date(2025, 7, 1),
    end=date(2025, 10, 1),
    services=None,
    countries=None,
    mccs=None,
    sql=SAMPLE_SQL,
    sql_as_run=SAMPLE_SQL,
    as_of=date(2026, 1, 15),
)


def test_the_sample_accounts_rows_add_up_to_the_worked_example(server: Server) -> None:
    found = server.warehouse().run_all(render(CLAIM))

    for interval in INTERVALS:
        rows = [row for row in found["usage"].rows if interval.start <= _day(row["usage_date"]) < interval.end]
        attempts = sum(int(str(row["attempts"])) for row in rows)
        assert attempts == interval.attempts
        assert sum(Decimal(str(row["amount"])) for row in rows) == interval.attempts * interval.price
        blocks = [
            int(str(row["blocked"]))
            for row in found["blocking_events"].rows
            if interval.start <= _day(row["event_date"]) < interval.end and row["error_code"] == "60410"
        ]
        assert sum(blocks) == interval.blocked
    assert [row["mrr"] for row in found["mrr"].rows] == ["3.00"]


def test_every_query_has_the_columns_the_calculation_needs(server: Server) -> None:
    found = server.warehouse().run_all(render(CLAIM))
    assert set(found) == {"looker", *COLUMNS}
    for name, columns in COLUMNS.items():
        assert set(columns) <= {column for column, _ in found[name].columns}
        assert found[name].query_id


@pytest.mark.parametrize(
    ("scope", "attempts"),
    [
        ({"countries": ("NG",)}, "a third"),
        ({"services": (SERVICES[0],)}, "a half"),
        ({"mccs": ("410", "510")}, "two thirds"),
        ({"countries": ("US",)}, "none"),
    ],
)
def test_the_claims_filters_bound_usage_and_blocks(
    server: Server, scope: dict[str, tuple[str, ...]], attempts: str
) -> None:
    share = {"a third": 1 / 3, "a half": 1 / 2, "two thirds": 2 / 3, "none": 0}[attempts]
    claim = Claim(**{**CLAIM.__dict__, **scope})
    found = server.warehouse().run_all(render(claim))
    assert sum(int(str(row["attempts"])) for row in found["usage"].rows) == pytest.approx(89835 * share, rel=0.01)
    fraud_guard = [row for row in found["blocking_events"].rows if row["error_code"] == "60410"]
    assert sum(int(str(row["blocked"])) for row in fraud_guard) == pytest.approx(124240 * share, rel=0.01)


def test_a_quote_in_a_literal_stays_a_literal(server: Server) -> None:
    claim = Claim(**{**CLAIM.__dict__, "countries": ("N'G) OR (1=1",)})
    assert server.warehouse().run_all(render(claim))["usage"].rows == []


def test_queries_run_side_by_side(server: Server) -> None:
    server.world.meet(8)
    server.warehouse().run_all({f"query {number}": "SELECT 1 AS one" for number in range(8)})
    assert server.world.queries("FINISHED") == server.world.queries()


def test_sessions_ask_for_utc(server: Server) -> None:
    server.warehouse().run_all({"one": "SELECT 1 AS one"})
    assert [query["time_zone"] for query in server.world.queries()] == ["UTC"]


def test_an_answer_of_many_pages_is_read_to_its_end(server: Server) -> None:
    found = server.warehouse().run_all({"many": "SELECT attempts FROM authy.verification_usage"})["many"]
    [count] = server.warehouse().run_all({"count": "SELECT COUNT(*) AS n FROM authy.verification_usage"})["count"].rows
    assert len(found.rows) == count["n"]
    assert len(found.rows) > 500


@pytest.mark.parametrize("name", ["NO_NODES_AVAILABLE", "CLUSTER_OUT_OF_MEMORY", "QUERY_QUEUE_FULL"])
def test_what_the_cluster_is_short_of_is_tried_again(server: Server, name: str) -> None:
    server.world.fail(name, count=2)
    assert server.warehouse().run_all({"one": "SELECT 1 AS one"})["one"].attempts == 3


def test_a_busy_server_is_tried_again_and_given_up_in_the_end(server: Server) -> None:
    server.world.busy(2)
    assert server.warehouse().run_all({"one": "SELECT 1 AS one"})["one"].attempts == 3
    server.world.busy(100)
    with pytest.raises(WarehouseUnavailable, match="busy"):
        server.warehouse().run_all({"one": "SELECT 1 AS one"})


def test_a_lost_connection_is_tried_again(server: Server) -> None:
    server.hub.faults.add(kind="refuse", operation="POST statement", count=1)
    assert server.warehouse().run_all({"one": "SELECT 1 AS one"})["one"].attempts == 2


def test_a_query_that_the_server_lost_is_tried_again(server: Server) -> None:
    server.world.delay(600, count=1)
    server.once_running(1, server.world.forget)
    assert server.warehouse().run_all({"one": "SELECT 1 AS one"})["one"].attempts == 2


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM authy.no_such_table", "no_such_table"),
        ("SELECT no_such_column FROM authy.verification_usage", "no_such_column"),
        ("SELECT FROM WHERE", "SYNTAX_ERROR"),
    ],
)
def test_a_wrong_query_is_refused_at_once_by_name(server: Server, sql: str, words: str) -> None:
    with pytest.raises(QueryFailed, match=words):
        server.warehouse().run_all({"looker": sql})
    assert server.hub.calls.count(operation="POST statement") == {"presto.POST statement": 1}


def test_a_wrong_password_is_said_in_a_line_without_the_page_and_not_tried_again(server: Server) -> None:
    server.world.set_password("another")
    with pytest.raises(SettingError) as raised:
        server.warehouse().run_all({"one": "SELECT 1 AS one"})
    assert "Invalid credentials" in str(raised.value)
    assert "<" not in str(raised.value)
    assert server.credentials().password not in str(raised.value)
    assert server.hub.calls.count() == {"presto.POST statement": 1}


def test_a_missing_column_is_named_with_those_that_came(server: Server) -> None:
    with pytest.raises(DataError, match=r"no column mrr; it has account_sid, month"):
        server.warehouse().run_all({"mrr": "SELECT account_sid, month FROM verify.mrr"})


def test_a_query_over_its_time_is_cancelled_on_the_server(server: Server) -> None:
    server.world.delay(30)
    with pytest.raises(TooSlow, match="longer than"):
        server.warehouse(query_seconds=0.3).run_all({"slow": "SELECT 1 AS one"})
    assert server.world.queries("RUNNING") == []


def test_the_first_failure_cancels_the_others_on_the_server(server: Server) -> None:
    server.world.delay(30, matching="*slow*")
    with pytest.raises(QueryFailed, match="no_such_table"):
        server.warehouse().run_all({"slow": "SELECT 1 AS slow", "wrong": "SELECT * FROM authy.no_such_table"})
    assert server.world.queries("RUNNING") == []


def test_giving_up_cancels_every_query_on_the_server(server: Server) -> None:
    server.world.delay(600)
    warehouse = server.warehouse()
    server.once_running(2, warehouse.cancel_all)
    with pytest.raises(Stopped):
        warehouse.run_all({"one": "SELECT 1 AS one", "two": "SELECT 2 AS two"})
    assert server.world.queries("RUNNING") == []


def test_an_interrupt_while_queries_run_cancels_them_on_the_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.world.delay(10)
    running = threading.Event()
    server.once_running(2, running.set)

    def interrupted(*_futures: object, **_options: object) -> None:
        assert running.wait(30)
        raise KeyboardInterrupt

    monkeypatch.setattr("verify_credit.presto.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.warehouse().run_all({"one": "SELECT 1 AS one", "two": "SELECT 2 AS two"})
    assert server.world.queries("RUNNING") == server.world.queries("FINISHED") == []


def test_a_query_given_up_before_the_server_named_it_is_cancelled_as_soon_as_it_has_a_name(server: Server) -> None:
    on_its_way = server.hub.faults.add("delay", operation="POST statement", seconds=1)
    server.world.delay(600)
    warehouse = server.warehouse()
    server.once(lambda: server.struck(on_its_way), warehouse.cancel_all)
    with pytest.raises(Stopped):
        warehouse.run_all({"one": "SELECT 1 AS one"})
    assert server.world.queries() != []
    assert server.world.queries("RUNNING") == []


def test_each_query_that_is_done_is_told_of(server: Server) -> None:
    told: list[QueryResult] = []
    server.warehouse().run_all({"one": "SELECT 1 AS one", "two": "SELECT 2 AS two"}, told.append)
    assert sorted(result.name for result in told) == ["one", "two"]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"ca_pem": trustme.CA().cert_pem.bytes().decode()}, SettingError, "ca_pem"),
        ({"ca_pem": None}, SettingError, "certificate"),
        ({"host": "no-such-host.invalid"}, SettingError, "There is no host no-such-host.invalid"),
        ({"port": 1}, WarehouseUnavailable, "could not be reached"),
        ({"catalog": "nosuch"}, QueryFailed, "nosuch"),
        ({"http_scheme": "http"}, JobError, "."),
    ],
)
def test_what_is_wrong_with_the_secret_is_named(
    server: Server, changes: dict[str, object], error: type[JobError], words: str
) -> None:
    warehouse = Warehouse(server.credentials(**changes), sleep=lambda _seconds: None, attempts=2)
    with pytest.raises(error) as raised:
        warehouse.run_all({"looker": "SELECT * FROM verification_usage"})
    assert words in f"{raised.value} {raised.value.advice}"


def test_an_environments_ca_bundle_does_not_stand_in_for_the_secrets(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent.pem")
    assert server.warehouse().run_all({"one": "SELECT 1 AS one"})["one"].rows == [{"one": 1}]


def _day(value: object) -> date:
    return date.fromisoformat(str(value))
