"""The first look at a SQL that somebody runs by hand."""

from __future__ import annotations

from typing import Any, cast

import pytest

from src import paths
from src.bot.by_hand import RefusalByHand
from src.bot.first_look import Look
from src.errors import QueryError
from src.state.records import Failure, Origin
from tests.bot.parts import SQL, Parts


class FirstLook:
    """Says this of every SQL, and keeps for which execution it was asked."""

    def __init__(self, refusal: Failure | None) -> None:
        self._refusal = refusal
        self.asked: list[str] = []

    def at(self, _sql: str, execution_id: str, _link: object) -> Look:
        self.asked.append(execution_id)
        return Look(None, self._refusal)


def begin(parts: Parts, first_look: FirstLook) -> Any:
    by_hand = RefusalByHand(parts.settings, parts.store, cast("Any", first_look), parts.clock, Origin("script"))
    return by_hand.begin(SQL)


def test_what_is_not_refused_runs_as_the_execution_whose_day_the_look_took() -> None:
    parts, first_look = Parts(), FirstLook(None)
    assert [begin(parts, first_look)] == first_look.asked
    assert list(parts.store.keys(f"{paths.ROOT}/")) == []


def test_what_is_refused_is_kept_with_its_sql_under_that_execution() -> None:
    parts = Parts()
    first_look = FirstLook(Failure(category="claim", message="The SQL has HAVING.", advice="Take it out."))
    with pytest.raises(QueryError, match=r"The SQL has HAVING\. Take it out\.") as refused:
        begin(parts, first_look)
    [execution_id] = first_look.asked
    files = paths.ExecutionPaths(execution_id)
    assert refused.value.execution_id == execution_id
    assert list(parts.store.keys(f"{paths.ROOT}/")) == sorted([files.audit, files.query])
