"""The bot's own reading of a SQL, by the notebook's code: which account, which days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ..bot.result_check import Claimed, ReadSql
from ..errors import QueryError, TransientError


def make_reader(allowed_tables: Sequence[str]) -> ReadSql:
    """A ReadSql, of bounded time. Its imports wait for the first SQL: a quiet tick needs none.

    It knows no secret, and so not Presto's session: a bare name is taken for the allowed table of that name.
    """

    def read(sql: str, as_of: date) -> Claimed:
        try:
            from verify_credit.errors import ClaimError  # noqa: PLC0415
            from verify_credit.looker_sql import TooIntricate, read_claim  # noqa: PLC0415
        except ImportError as error:
            raise TransientError(f"the bot lacks what reads its SQL ({error.name})") from error
        try:
            claim = read_claim(sql, as_of=as_of, allowed_tables=allowed_tables)
        except TooIntricate as error:
            raise TransientError("time ran out while its SQL was read") from error
        except ClaimError as error:
            raise QueryError(error.message) from error
        return Claimed(claim.account_sid, claim.fraud_start.isoformat(), claim.fraud_end.isoformat())

    return read
