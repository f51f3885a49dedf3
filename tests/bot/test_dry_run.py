"""`--dry-run`: what it says of each link in the channel, and that it changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from src import paths
from src.bot.dry_run import dry_run
from src.bot.first_look import Look
from src.errors import LinkError
from src.state.records import Failure
from tests.bot.parts import LINK, SQL, Parts, request
from tests.state.memory_bucket import MemoryBucket

HAVING = Failure(category="claim", message="The SQL has HAVING.")


class Answers:
    """Looker and the first look: this SQL, or this error; this refusal."""

    def __init__(self, sql: str | Exception = SQL, refusal: Failure | None = None) -> None:
        self._sql, self._refusal = sql, refusal

    def sql(self, _link: object) -> str:
        if isinstance(self._sql, Exception):
            raise self._sql
        return self._sql

    def at(self, *_: object) -> Look:
        return Look(None, self._refusal)


def posted(parts: Parts, text: str = f"<{LINK}>") -> str:
    ts = f"{parts.clock.now - 60:.6f}"
    parts.slack.messages = [{"ts": ts, "user": "U0SUPPORT1", "text": text}]
    return ts


def said(parts: Parts, answers: Answers, capsys: pytest.CaptureFixture[str], *, as_json: bool = True) -> Any:
    services = replace(parts.services, looker=cast("Any", answers))
    dry_run(services, parts.inbox, cast("Any", answers), as_json=as_json)
    out = capsys.readouterr().out
    return json.loads(out) if as_json else out


@pytest.mark.parametrize(
    ("answers", "text", "verdict"),
    [
        (Answers(), f"<{LINK}>", f"would run its {len(SQL)} characters of SQL"),
        (Answers(refusal=HAVING), f"<{LINK}>", "would be refused: The SQL has HAVING."),
        (Answers("SELECT 1"), f"<{LINK}>", "not a Verify query: one line"),
        (Answers(LinkError("no such look")), f"<{LINK}>", "would fail: no such look"),
        (Answers(), "<https://looker.example/dashboards/7>", "would be refused: "),
    ],
)
def test_what_a_tick_would_do(answers: Answers, text: str, verdict: str, capsys: pytest.CaptureFixture[str]) -> None:
    parts = Parts()
    ts = posted(parts, text)
    before = dict(parts.bucket.objects)
    [found] = said(parts, answers, capsys)
    assert (found["message"], found["link"]) == (ts, text.strip("<>"))
    assert found["verdict"].startswith(verdict)
    assert parts.bucket.objects == before
    assert parts.slack.said == []


def test_what_is_in_hand_and_what_was_answered_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    parts = Parts()
    ts = posted(parts)
    claimed = parts.claimed(request(state="settled"), ts=ts, mark="white_check_mark")
    assert said(parts, Answers(), capsys)[0]["verdict"] == "in hand already: a tick would go on with it"
    parts.state.close(claimed)
    assert said(parts, Answers(), capsys)[0]["verdict"] == "answered before: nothing to do"
    listed = Parts(bucket=MemoryBucket())
    ts = posted(listed)
    listed.store.put_bytes(paths.PROCESSED_MESSAGES, json.dumps([ts]).encode())
    assert said(listed, Answers(), capsys)[0]["verdict"] == "answered before: nothing to do"


def test_people_get_a_line_a_link_and_how_many_messages_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    parts = Parts()
    ts = posted(parts)
    assert said(parts, Answers(), capsys, as_json=False).splitlines() == [
        f"message {ts}  {LINK}  would run its {len(SQL)} characters of SQL",
        "1 message(s) with links in the last 48 hours; nothing was changed.",
    ]
