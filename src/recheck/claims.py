"""The bot's own reading of a SQL, by the notebook's code: which account, which days."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from ..bot.result_check import Claimed, ReadSql
from ..errors import QueryError, TransientError

SECONDS = 20.0
"""A SQL is read in milliseconds; one made to be slow must not hold up the other answers."""


def make_reader(allowed_tables: Sequence[str]) -> ReadSql:
    """A ReadSql that takes SECONDS at most. Its imports wait for the first SQL: a quiet tick needs none."""

    def read(sql: str, as_of: date) -> Claimed:
        try:
            from verify_credit.errors import ClaimError  # noqa: PLC0415
            from verify_credit.looker_sql import read_claim  # noqa: PLC0415
        except ImportError as error:
            raise TransientError(f"the bot lacks what reads its SQL ({error.name})") from error
        try:
            claim = within(SECONDS, lambda: read_claim(sql, as_of=as_of, allowed_tables=allowed_tables))
        except ClaimError as error:
            raise QueryError(error.message) from error
        return Claimed(claim.account_sid, claim.fraud_start.isoformat(), claim.fraud_end.isoformat())

    return read


def within(seconds: float, work: Callable[[], Any]) -> Any:
    """What `work` returns or raises; TransientError where it takes longer, and is left to itself."""
    answers: list[Any] = []
    errors: list[Exception] = []

    def do() -> None:
        try:
            answers.append(work())
        except Exception as error:  # noqa: BLE001 (raised anew by whoever waits)
            errors.append(error)

    thread = threading.Thread(target=do, name="reading a SQL", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise TransientError(f"its SQL could not be read in {seconds:.0f} s")
    return answers[0]
