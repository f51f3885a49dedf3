"""What a watched terminal shows of a tick's jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src import paths
from src.bot.terminal_display import READ_EVERY, JobTable, Row, TerminalDisplay
from src.state.records import MessageRecord
from tests.bot.parts import LINK, TS, Parts, attempt, request

ID = attempt(1).execution_id
ROW = Row(LINK, ID, "running", running=True)


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def says(parts: Parts, done: int) -> None:
    """The job's own word for how far it is."""
    parts.store.put_bytes(paths.ExecutionPaths(ID).progress, json.dumps({"done": done, "total": 7}).encode())


def record(ts: str, one: Any) -> MessageRecord:
    return MessageRecord(channel="C1", ts=ts, user="U1", digest="d", seen_at="2026-01-15T12:34:56Z", requests=[one])


def test_a_row_says_how_long_its_job_runs_and_how_far_it_says_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    parts = Parts()
    says(parts, 2)
    with JobTable(parts.store, parts.clock) as table:
        table.draw([ROW])
        parts.clock.sleep(75)
        says(parts, 3)
        table.draw([ROW])
    [row] = [line for line in capsys.readouterr().err.splitlines() if ID in line]
    assert row.split()[-6:] == ["75", "s", "query", "3", "of", "7"]


def test_how_far_a_job_is_is_read_every_three_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    parts = Parts()
    says(parts, 2)
    with JobTable(parts.store, parts.clock) as table:
        table.draw([ROW])
        says(parts, 3)
        parts.clock.sleep(READ_EVERY - 0.5)
        table.draw([ROW])
    assert "query 2 of 7" in capsys.readouterr().err


def test_each_link_in_hand_has_a_row_with_its_execution_oldest_first(capsys: pytest.CaptureFixture[str]) -> None:
    parts = Parts()
    later = record("1768480001.000100", request(1, state="running"))
    first = record(TS, request(2, state="new", attempts=[]))
    with TerminalDisplay(parts.store, parts.clock) as display:
        display.show([later, first])
    rows = [line.split() for line in capsys.readouterr().err.splitlines() if LINK in line]
    assert rows == [[LINK, "–", "asking", "Looker"], [LINK, ID, "running", "0", "s"]]
