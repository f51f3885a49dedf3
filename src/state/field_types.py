"""What a value in a record may be. A record that holds anything else is not read: its object is named instead."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, FiniteFloat, StringConstraints

from .. import paths
from ..times import seconds_of

MOST_TRIES = 100
"""No pause grows any more by then, and 2 to the power of more is soon no float."""


def _is(form: str) -> StringConstraints:
    return StringConstraints(pattern=f"^(?:{form})$")


def _execution_id(text: str) -> str:
    if not paths.is_execution_id(text):
        raise ValueError("an execution id is a UTC second and 8 hex digits")
    return text


def _iso_time(text: str) -> str:
    try:
        seconds_of(text)
    except (ValueError, OverflowError):
        raise ValueError("a time is ISO 8601") from None
    return text


def _iso_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("a date is YYYY-MM-DD") from None
    return text


def _counted(tries: int) -> int:
    return min(tries, MOST_TRIES)


SlackTs = Annotated[str, _is(paths.SLACK_TS)]
ChannelId = Annotated[str, _is(paths.CHANNEL_ID)]
MessageName = Annotated[str, _is(f"{paths.CHANNEL_ID}:{paths.SLACK_TS}")]
"""`channel:ts`."""
ExecutionId = Annotated[str, AfterValidator(_execution_id)]
Owner = Annotated[str, _is("[0-9a-f]{16}")]
"""Of a lease."""
Sha256 = Annotated[str, _is("[0-9a-f]{64}")]
LinksDigest = Annotated[str, _is("[0-9a-f]{16}")]
IsoTime = Annotated[str, AfterValidator(_iso_time)]
IsoDate = Annotated[str, AfterValidator(_iso_date)]
Moment = Annotated[FiniteFloat, Field(ge=0, le=4e9)]
"""Seconds since 1970, until the year 2096."""
Tries = Annotated[int, Field(ge=0), AfterValidator(_counted)]
