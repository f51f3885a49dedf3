"""S3 refuses one message's objects with a code that nobody has heard of: the tick ends well, and answers the others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from src import paths
from src.credit_bot import Bot
from tests.bot.harness import MESSAGES, TICK_EVERY, BotHarness
from tests.bot.test_bad_days import alarms

CODE = "NeverHeardOf"
WHOSE = re.compile(r"AC[0-9a-f]{32}|[0-9]{8}_[0-9]{6}_[0-9a-f]{8}|[0-9a-f]{16,64}|C[0-9A-Z]+-[0-9]+\.[0-9]+")
"""What of a key says whose it is: an account, an execution, a SQL's digest or a lease's owner, a message."""

NEW = [
    ("GetObject", MESSAGES),
    ("PutObject", MESSAGES),
    ("PutObject", paths.OPEN_PREFIX),
    ("DeleteObject", paths.OPEN_PREFIX),
    ("PutObject", f"{paths.ROOT}/state/links/"),
    ("GetObject", paths.EXECUTIONS_PREFIX),
    ("PutObject", paths.EXECUTIONS_PREFIX),
    ("GetObject", f"{paths.ROOT}/inputs/"),
    ("PutObject", f"{paths.ROOT}/inputs/"),
    ("ListObjectsV2", f"{paths.ROOT}/inputs/"),
    ("GetObject", f"{paths.ROOT}/outputs/"),
    ("HeadObject", f"{paths.ROOT}/outputs/"),
    ("ListObjectsV2", f"{paths.ROOT}/outputs/"),
    ("PutObject", f"{paths.ROOT}/index/account/"),
    ("ListObjectsV2", f"{paths.ROOT}/index/account/"),
    ("PutObject", paths.AUDIT_PREFIX),
]
LEFT_OPEN = [
    ("GetObject", MESSAGES),
    ("PutObject", MESSAGES),
    ("GetObject", f"{paths.ROOT}/state/leases/"),
]


@dataclass
class OneIsRefused:
    """Refuses an operation on keys under a prefix: on those of whichever message comes first.

    spared: so many of its calls are let through before.
    """

    operation: str
    prefix: str
    spared: int = 0
    whose: str | None = None
    refused: list[str] = field(default_factory=list)

    def attach(self, bot: Bot) -> Bot:
        bot.services.clients.s3.meta.events.register(f"before-parameter-build.s3.{self.operation}", self._before)
        return bot

    def _before(self, params: dict[str, Any], **_: Any) -> None:
        key = params.get("Key") or params["Prefix"]
        found = WHOSE.search(key) if key.startswith(self.prefix) else None
        if found is None or found[0] != (self.whose or found[0]):
            return
        self.whose = found[0]
        if self.spared > 0:
            self.spared -= 1
            return
        self.refused.append(key)
        raise ClientError({"Error": {"Code": CODE, "Message": "Not today."}}, self.operation)


@pytest.fixture(autouse=True)
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick has time for the others, and ends soon where one message is put off again and again."""
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "60")


def check_the_others_are_answered(harness: BotHarness, asked: list[str], refusal: OneIsRefused, words: str) -> None:
    """One tick that is refused something, and ends well; on-call has the code, or the requester why there is none."""
    refusal.attach(harness.bot()).run()

    assert refusal.refused
    answers = [" ".join(harness.answers(ts)) for ts in asked]
    assert sum(words in answer for answer in answers) >= 2, answers
    assert any(CODE in text for text in [*alarms(harness), *answers])


@pytest.mark.parametrize(("operation", "prefix"), NEW)
def test_of_three_new_messages_the_other_two_are_answered(harness: BotHarness, operation: str, prefix: str) -> None:
    asked = [harness.ask() for _ in range(3)]
    check_the_others_are_answered(harness, asked, OneIsRefused(operation, prefix), "credit recommended")


@pytest.mark.parametrize(("operation", "prefix"), LEFT_OPEN)
def test_of_three_messages_that_were_left_open_the_other_two_are_answered(
    harness: BotHarness, operation: str, prefix: str
) -> None:
    """Each by a bot of its own, which is gone."""
    asked = []
    for _ in range(3):
        asked.append(harness.ask())
        harness.bot().inbox.read()
    harness.time.sleep(TICK_EVERY)
    check_the_others_are_answered(harness, asked, OneIsRefused(operation, prefix), "credit recommended")


@pytest.mark.parametrize(
    ("outcome", "words", "spared"),
    [
        pytest.param("result", "credit recommended", 2, id="before its job"),
        pytest.param("result", "credit recommended", 6, id="after its answer"),
        pytest.param("presto_down", "No recommendation", 6, id="before on-call is told"),
        pytest.param("presto_down", "No recommendation", 9, id="after on-call was told"),
    ],
)
def test_of_three_messages_whose_one_record_can_no_more_be_written_the_other_two_are_answered(
    harness: BotHarness, outcome: str, words: str, spared: int
) -> None:
    asked = [harness.ask(outcome) for _ in range(3)]
    check_the_others_are_answered(harness, asked, OneIsRefused("PutObject", MESSAGES, spared), words)
