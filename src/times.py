"""Moments as the records write them."""

from __future__ import annotations

from datetime import UTC, date, datetime


def iso(seconds: float) -> str:
    """Return seconds since 1970 as ISO 8601 UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Return the seconds since 1970 of an ISO 8601 text. Raises ValueError, OverflowError."""
    return datetime.fromisoformat(text).timestamp()


def utc_date(seconds: float) -> date:
    """Return the UTC day of a moment (seconds since 1970)."""
    return datetime.fromtimestamp(seconds, UTC).date()
