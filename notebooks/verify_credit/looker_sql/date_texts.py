"""Dates written as text: only what Presto 0.287 reads as the same moment, in a session in UTC.

Python's own reading is another: `20250701` is a day to it, and a year to Presto's from_iso8601_date.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ..errors import ClaimError

_DAY = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
_ZONE = r"(?P<zone>[+-][0-9]{2}:?[0-9]{2}|[A-Za-z][A-Za-z0-9_/+-]*)"
_DATE = re.compile(rf" *{_DAY} *")
_TIMESTAMP = re.compile(rf" *{_DAY}(?: {_TIME})?(?: ?{_ZONE})? *")
_ISO_DATE = re.compile(_DAY)
_ISO_TIMESTAMP = re.compile(rf"{_DAY}(?:T(?:{_TIME})?{_ZONE}?)?")
_EITHER = re.compile(rf" *{_DAY}(?:[ T]{_TIME})?(?: ?{_ZONE})? *")
_UTC = {"Z", "UTC", "GMT", "+00:00", "-00:00"}
_DATE_ADVICE, _TIMESTAMP_ADVICE = "Write it like DATE '2025-07-01'.", "Write it like TIMESTAMP '2025-07-01 00:00:00'."

_FORMAT = re.compile(r"(?:%-?[YmdHMS]|[-/. :,TZ])*")


def date_of(text: str) -> datetime:
    """What DATE '…' and a cast of text to DATE stand for. Raises ClaimError, as the others do."""
    return _read(_DATE, text, _DATE_ADVICE)


def timestamp_of(text: str) -> datetime:
    """What TIMESTAMP '…' and a cast of text to TIMESTAMP stand for."""
    return _read(_TIMESTAMP, text, _TIMESTAMP_ADVICE)


def iso_date_of(text: str) -> datetime:
    """What from_iso8601_date gives."""
    return _read(_ISO_DATE, text, _DATE_ADVICE)


def iso_timestamp_of(text: str) -> datetime:
    """What from_iso8601_timestamp gives."""
    return _read(_ISO_TIMESTAMP, text, "Write it like from_iso8601_timestamp('2025-07-01T00:00:00Z').")


def bare_text(text: str) -> ClaimError:
    """Return the refusal of a text in a date's place: Presto compares no date with text."""
    moment = _read(_EITHER, text, _DATE_ADVICE)
    return ClaimError(f"The SQL has the text '{text[:80]}' for a date, which Presto refuses.", _as_literal(moment))


def parsed_by(form: str, text: str) -> datetime | None:
    """Return what date_parse gives, by a format in Python's words (minutes are %M); None if that is not certain."""
    fields = re.findall(r"%-?(.)", form)
    if not _FORMAT.fullmatch(form) or "Y" not in fields or len(set(fields)) < len(fields):
        return None  # without a year Presto's is 2000, and Python's 1900
    try:
        return datetime.strptime(text, form.replace("%-", "%")).replace(tzinfo=UTC)
    except ValueError:
        return None


def _read(form: re.Pattern[str], text: str, advice: str) -> datetime:
    found = form.fullmatch(text)
    parts = found.groupdict() if found else {}
    zone = parts.pop("zone", None)
    if zone is not None and zone not in _UTC:
        raise ClaimError(f"The date '{text[:80]}' has a time zone.", "Leave it out: dates are UTC.")
    fraction = parts.pop("fraction", None) or ""
    numbers = {name: int(number) for name, number in parts.items() if number is not None}
    try:
        # Presto cuts a fraction off after its milliseconds.
        return datetime(**numbers, microsecond=int(f"{fraction:0<3.3}") * 1000, tzinfo=UTC)
    except (TypeError, ValueError):
        raise ClaimError(f"The date '{text[:80]}' cannot be read.", advice) from None


def _as_literal(moment: datetime) -> str:
    kind, written = (
        ("TIMESTAMP", f"{moment:%Y-%m-%d %H:%M:%S}")
        if moment.time() != datetime.min.time()
        else ("DATE", f"{moment:%Y-%m-%d}")
    )
    return f"Write it as {kind} '{written}'."
