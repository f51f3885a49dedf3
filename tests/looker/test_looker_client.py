"""The SQL of a link, as Looker gives it: every form, every refusal, and nobody else is asked."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from looker_sdk.rtl import serialize

from src.errors import ConfigurationError, LinkError, QueryError, TransientError
from tests.looker.conftest import Looker

SQL = "SELECT 'é 🎉', \"x\"\r\nFROM authy.verification_usage\t-- ü"


def test_a_short_link_gives_its_querys_sql_byte_for_byte(looker: Looker) -> None:
    looker.world.add_query(slug="abc123", sql=SQL)
    assert looker.sql("/x/abc123") == SQL
    assert looker.sql("/explore/verify/usage?qid=abc123") == SQL


def test_a_look_gives_its_sql(looker: Looker) -> None:
    looker.world.add_look(look_id="42", sql=SQL)
    assert looker.sql("/looks/42") == SQL


def test_sql_runner_gives_its_sql(looker: Looker) -> None:
    looker.world.add_sql_runner(slug="k3m4", sql=SQL)
    assert looker.sql("/sql/k3m4") == SQL


def test_an_expanded_link_is_run_as_the_query_it_spells_out(looker: Looker) -> None:
    looker.world.add_explore(model="verify", view="usage", sql=SQL)
    path = "/explore/verify/usage?fields=usage.day,usage.total&f[usage.account_sid]=AC1&sorts=usage.day&limit=500"
    assert looker.sql(path) == SQL
    [query] = looker.world.inline_queries()
    assert query["fields"] == ["usage.day", "usage.total"]
    assert query["filters"] == {"usage.account_sid": "AC1"}
    assert query["limit"] == "500"


@pytest.mark.parametrize("path", ["/x/nosuch1", "/looks/404", "/sql/nosuch1"])
def test_what_is_not_there_is_said_to_be_so_and_asked_for_once(looker: Looker, path: str) -> None:
    with pytest.raises(LinkError):
        looker.sql(path)
    assert looker.slept == []


def test_a_deleted_look_is_said_to_be_deleted(looker: Looker) -> None:
    looker.world.add_look(look_id="42", sql=SQL)
    looker.world.delete_look(look_id="42")
    with pytest.raises(LinkError, match=r"(?i)delete|found|exist"):
        looker.sql("/looks/42")


@pytest.mark.parametrize("sql", ["", "   \n"])
def test_an_empty_query_is_refused(looker: Looker, sql: str) -> None:
    looker.world.add_query(slug="abc123", sql=sql)
    with pytest.raises((QueryError, LinkError)):
        looker.sql("/x/abc123")


def test_more_than_four_megabytes_are_refused(looker: Looker) -> None:
    looker.world.add_query(slug="abc123", sql="SELECT 1 -- " + "x" * 4_100_000)
    with pytest.raises(QueryError):
        looker.sql("/x/abc123")


def test_a_wrong_secret_names_the_settings(looker: Looker) -> None:
    with pytest.raises(ConfigurationError, match="LOOKERSDK_CLIENT_SECRET") as raised:
        looker.sql("/x/abc123", lookersdk_client_secret="not-the-secret-at-all")
    assert "not-the-secret-at-all" not in str(raised.value)


@pytest.mark.parametrize("kind", ["throttle", "error_5xx", "refuse", "drop"])
def test_a_moment_away_costs_time_only(looker: Looker, kind: str) -> None:
    looker.world.add_query(slug="abc123", sql=SQL)
    looker.hub.faults.add(kind=kind, count=1)
    assert looker.sql("/x/abc123") == SQL
    assert looker.slept


def test_away_for_good_is_told_after_a_few_attempts(looker: Looker) -> None:
    looker.hub.faults.add(kind="error_5xx")
    with pytest.raises(TransientError):
        looker.sql("/x/abc123")
    assert 1 <= len(looker.slept) <= 8


def test_a_token_that_ran_out_is_renewed(looker: Looker) -> None:
    looker.world.add_query(slug="abc123", sql=SQL)
    looker.hub.faults.add(kind="status", status=401, operation="run_query", count=1)
    assert looker.sql("/x/abc123") == SQL


def test_a_redirect_is_not_followed_with_the_token(looker: Looker) -> None:
    looker.world.add_query(slug="abc123", sql=SQL)
    looker.hub.faults.add(kind="status", status=302, operation="run_query")
    with pytest.raises((ConfigurationError, LinkError, TransientError)):
        looker.sql("/x/abc123")


def test_an_answer_leaves_nothing_behind_in_the_sdk(looker: Looker) -> None:
    """Its converter is the process's: with one hook more for each answer, a flood of links grew slower and slower."""
    looker.world.add_query(slug="abc123", sql=SQL)
    dispatch = serialize.converter40._structure_func._function_dispatch
    looker.sql("/x/abc123")
    hooks = dispatch.get_num_fns()

    looker.sql("/x/abc123")

    assert dispatch.get_num_fns() == hooks


def test_no_looker_ini_of_the_working_directory_is_read(
    looker: Looker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "looker.ini").write_text("[Looker]\nbase_url=https://evil.example\nclient_id=x\nclient_secret=y\n")
    monkeypatch.chdir(tmp_path)
    looker.world.add_query(slug="abc123", sql=SQL)
    assert looker.sql("/x/abc123") == SQL


def test_no_host_but_lookers_is_asked_also_after_an_error(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    resolve = socket.getaddrinfo

    def watched(host: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    with pytest.raises(LinkError):
        looker.sql("/x/nosuch1")
    assert set(asked) == {"127.0.0.1"}


def test_the_environment_of_the_sdk_does_not_stand_in_for_the_settings(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "LOOKERSDK_BASE_URL", "https://evil.example")
    looker.world.add_query(slug="abc123", sql=SQL)
    assert looker.sql("/x/abc123") == SQL
