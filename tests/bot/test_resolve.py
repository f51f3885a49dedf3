"""What becomes of a link's SQL before there is a job: by table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from src import paths
from src.executor import JobInfo
from src.looker.links import LookerLink
from tests.bot.parts import ACCOUNT, SQL, Parts, attempt, request

OTHER = "AC" + "2" * 32


class Looker:
    """Every link's SQL is this."""

    def __init__(self, sql: str = SQL) -> None:
        self._sql = sql

    def sql(self, _link: LookerLink) -> str:
        return self._sql


def parts_with_looker(**settings: Any) -> Parts:
    parts = Parts(notebook="Mine.ipynb", **settings)
    parts.services = replace(parts.services, looker=cast("Any", Looker()))
    return parts


def kept_for(parts: Parts, number: int) -> bool:
    return paths.ExecutionPaths(attempt(number).execution_id).query in parts.store.keys(f"{paths.ROOT}/inputs/")


def test_a_refused_sql_is_kept_under_the_last_execution_that_was_chosen_for_it() -> None:
    parts = parts_with_looker()
    asked = request(
        state="new",
        link=f"https://looker.example/explore/m/usage?fields=usage.amount&f[usage.account_sid]={OTHER}",
        attempts=[attempt(1), attempt(2, created_at=None)],
    )
    claimed = parts.claimed(asked)

    parts.executions.resolve(claimed, asked)

    assert asked.failure
    assert f"{OTHER}, its SQL is about {ACCOUNT}" in asked.failure.message
    assert (kept_for(parts, 1), kept_for(parts, 2)) == (False, True)


def test_a_sql_that_is_to_run_waits_for_its_turn_and_keeps_the_execution_that_was_chosen_for_it() -> None:
    parts = parts_with_looker()
    asked = request(state="new", attempts=[attempt(1, created_at=None)])
    claimed = parts.claimed(asked)

    parts.executions.resolve(claimed, asked)

    assert parts.executions.resolved(claimed, asked)
    assert asked.attempts == [attempt(1, created_at=None)]


def test_that_a_job_is_about_to_be_started_is_saved_before_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = parts_with_looker()
    asked = request(state="new", attempts=[])
    claimed = parts.claimed(asked)
    parts.executions.resolve(claimed, asked)
    start, saved = parts.executor.execute, []

    def execute(sql: str, *, execution_id: str) -> JobInfo:
        [now] = parts.saved(claimed).requests
        saved.append((now.state, [attempt.execution_id for attempt in now.attempts] == [execution_id]))
        return start(sql, execution_id=execution_id)

    monkeypatch.setattr(parts.executor, "execute", execute)
    parts.executions.submit(claimed, asked)
    assert saved == [("submitting", True)]
    assert parts.saved(claimed).requests[0].state == "running"


def test_without_a_job_an_id_that_was_chosen_for_an_earlier_sql_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = parts_with_looker()
    monkeypatch.setattr(parts.executor, "is_verify_query", lambda _sql: False)
    asked = request(state="new", attempts=[attempt(1), attempt(2, created_at=None)])

    parts.executions.resolve(parts.claimed(asked), asked)

    assert (asked.reply, asked.attempts) == ("not_verify", [attempt(1)])


def test_a_sql_that_changed_before_its_job_and_is_in_hand_elsewhere_by_now_is_pointed_to() -> None:
    parts = parts_with_looker()
    first, second = request(state="new", attempts=[]), request(2, state="new", attempts=[])
    holding, claimed = parts.claimed(first), parts.claimed(second, ts="1768480001.000100")
    parts.executions.resolve(holding, first)
    parts.services = replace(parts.services, looker=cast("Any", Looker(f"{SQL} AND 1 = 1")))
    del parts.executions
    parts.executions.resolve(claimed, second)
    parts.services = replace(parts.services, looker=cast("Any", Looker()))
    del parts.executions  # the next tick's knows no SQL

    parts.executions.submit(claimed, second)

    assert (second.reply, second.points_to) == ("repeat", f"C1:{holding.record.ts}")


def test_a_job_that_was_about_to_start_runs_the_sql_that_was_kept_for_it_without_asking_looker_again() -> None:
    parts = parts_with_looker()
    asked = request(state="new", attempts=[])
    claimed = parts.claimed(asked)
    parts.executions.resolve(claimed, asked)
    parts.audit.keep_query(asked.attempts[-1].execution_id, SQL)
    parts.services = replace(parts.services, looker=cast("Any", None))
    del parts.executions  # the next tick's knows no SQL

    parts.executions.submit(claimed, asked)

    assert asked.state == "running"
