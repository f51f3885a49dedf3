"""Which values of our own queries' rows may be said in Slack: keys of a known form, which name a row to a person.

A value of any other form is in the job's log, the saved notebook and the data files alone. Of the Looker query's rows
nothing may be said but its control totals.
"""

from __future__ import annotations

import re
from datetime import datetime

UNSAID = "(not shown)"
MOST_OF_A_NAME = 64
"""Characters of a name that may be said."""
_MOST_DIGITS = 4
"""Digits in such a name: with more it may be a number of somebody's."""

_SID = r"[A-Z]{2}[0-9a-fA-F]{32}"
_CODE = r"[0-9]{1,6}"
_FORMS = {
    "account_sid": _SID,
    "service_sid": _SID,
    "country_iso": r"[A-Z]{2}",
    "mcc": _CODE,
    "error_code": _CODE,
    "currency": r"[A-Z]{3}",
    "level": r"off|basic|standard|max",
}
_TIMES = {"usage_date", "event_date", "month", "valid_from", "valid_to"}


def key_value(column: str, value: object) -> str:
    """The value as it may be said: "NULL", a key of its column's form, else UNSAID."""
    if value is None:
        return "NULL"
    text = str(value)
    if column in _TIMES:
        return _time(text)
    return text if re.fullmatch(_FORMS.get(column, r"(?!)"), text) else UNSAID


def name_or_none(name: str | None) -> str | None:
    """What looks like the name of a customer or a country: short, of one line, hardly a digit in it; else None."""
    if name is None or len(name) > MOST_OF_A_NAME or not name.isprintable() or "@" in name:
        return None
    return name if sum(map(str.isdigit, name)) <= _MOST_DIGITS else None


def _time(text: str) -> str:
    """A day, or a moment to the second."""
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return UNSAID
    return f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
