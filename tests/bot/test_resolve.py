"""What becomes of a link's SQL before there is a job: by table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from src import paths
from src.looker.links import LookerLink
from tests.bot.parts import ACCOUNT, SQL, Parts, attempt, request

OTHER = "AC" + "2" * 32


class Looker:
    """Every link's SQL is this."""

    def sql(self, _link: LookerLink) -> str:
        return SQL


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
