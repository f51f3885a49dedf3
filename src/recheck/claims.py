"""Reads a SQL for the bot, by the notebook's code: which account, which days, which filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ..bot.claims import Claimed, ClaimReader, ClaimRefused
from ..errors import TransientError
from ..executor import is_account
from ..state.recommendations import MAX_VALUES
from ..state.records import Understood


def make_reader(allowed_tables: Sequence[str]) -> ClaimReader:
    """A ClaimReader, of bounded time. Its imports wait for the first SQL: a quiet tick needs none.

    It knows no secret, and so not Presto's session: a bare name is taken for the allowed table of that name.
    """
    return _Reader(tuple(allowed_tables))


class _Reader:
    def __init__(self, allowed_tables: tuple[str, ...]) -> None:
        self._allowed_tables = allowed_tables

    def __call__(self, sql: str, as_of: date, /) -> Claimed:
        try:
            from verify_credit.errors import ClaimError  # noqa: PLC0415
            from verify_credit.looker_sql import DEFAULT_ALLOWED_TABLES, TooIntricate, read_claim  # noqa: PLC0415
        except ImportError as error:
            raise _lacking(error) from error
        try:
            claim = read_claim(sql, as_of=as_of, allowed_tables=self._allowed_tables or DEFAULT_ALLOWED_TABLES)
        except TooIntricate as error:
            raise TransientError("time ran out while its SQL was read") from error
        except ClaimError as error:
            understood = _understood(error.so_far)
            raise ClaimRefused(error.message, error.advice, understood, certain=error.certain) from error
        first, last = claim.fraud_start.isoformat(), claim.fraud_end.isoformat()
        return Claimed(claim.account_sid, first, last, _understood(claim.scope()))

    def sha256(self) -> str:
        try:
            from verify_credit.looker_sql.identity import reader_sha256  # noqa: PLC0415
        except ImportError as error:
            raise _lacking(error) from error
        digest: str = reader_sha256(self._allowed_tables)
        return digest


def _lacking(error: ImportError) -> TransientError:
    return TransientError(f"the bot lacks what reads its SQL ({error.name})")


def _understood(scope: Mapping[str, Any]) -> Understood:
    """Return what was understood, from a Claim's scope or from the part of one that was read."""
    filters = {name: [value[:100] for value in scope.get(name) or ()][:MAX_VALUES] for name in _FILTERS}
    return Understood(
        account_sid=account if is_account(account := scope.get("account_sid") or "") else None,
        fraud_start=scope.get("start"),
        fraud_end=_day_before(scope.get("end")),
        **{name: values or None for name, values in filters.items()},
    )


_FILTERS = ("services", "countries", "mccs")


def _day_before(day: str | None) -> str | None:
    if day is None or day == date.min.isoformat():
        return None
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
