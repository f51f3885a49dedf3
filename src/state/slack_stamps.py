"""Reads and writes a Slack message's time stamp in the forms that other programs use.

`1736942400.123456`, short (`1736942400.1234`), a number, `C1:1736942400.123456`, `p1736942400123456`, a permalink;
in seconds or milliseconds without a fraction, where whoever wrote it cut the rest off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 2000
_IN_TEXT = re.compile(
    r"(?<![A-Za-z0-9.])"
    r"(?:p?(?P<digits>[12][0-9]{15}|[12][0-9]{12})|(?P<seconds>[12][0-9]{9})(?:\.(?P<fraction>[0-9]{1,40}))?)"
    r"(?![A-Za-z0-9.])"
)
_IN_FULL = re.compile(r"[12][0-9]{9}\.[0-9]{6}")
_CHANNEL = re.compile(r"(?<![A-Za-z0-9])[CDG](?=[A-Z]*[0-9])[A-Z0-9]+(?![A-Za-z0-9])")
SECONDS, MILLISECONDS = range(10**9, 3 * 10**9), range(10**12, 3 * 10**12)
_MICROSECONDS = range(10**15, 3 * 10**15)
CUT_OFF = (len("1736942400"), len("1736942400.123"))
"""Lengths of stamps cut to a second or a millisecond, which stand for every message in it."""


@dataclass(frozen=True)
class Message:
    """A message by the channel's id and the full stamp (`1736942400.123456`)."""

    channel: str
    ts: str


def stamp_in(value: object) -> str | None:
    """Return the stamp that a text or a number holds, in full or as far as it was kept; None if there is none."""
    if isinstance(value, str):
        if _IN_FULL.fullmatch(value):
            return value
        found = _IN_TEXT.search(value[:_LONGEST])
        return _of_text(found) if found else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _of_whole(str(value)) if any(value in size for size in (SECONDS, MILLISECONDS, _MICROSECONDS)) else None
    return _of_float(value) if isinstance(value, float) else None


def is_short(value: object) -> bool:
    """Return whether a text lacks the zeros at the stamp's end, as a number made a text does."""
    if not isinstance(value, str) or _IN_FULL.fullmatch(value):
        return False
    found = _IN_TEXT.search(value[:_LONGEST])
    return found is not None and found["fraction"] is not None and len(found["fraction"]) < 6


def written_like(sample: object, message: Message, *, short: bool = False) -> str | int | float:
    """Return the message's stamp, written as `sample` is, with its channel if that names one.

    short: whether the writer of the sample leaves zeros out at the end.
    """
    whole = message.ts.replace(".", "")
    if isinstance(sample, int):
        return int(whole[: len(str(sample))])
    if isinstance(sample, float):
        return float(message.ts) if int(sample) in SECONDS else int(whole) / 1000
    found = _IN_TEXT.search(sample) if isinstance(sample, str) else None
    if not isinstance(sample, str) or found is None:
        return message.ts
    before, after = (in_channel(part, message) for part in (sample[: found.start()], sample[found.end() :]))
    return before + _text_like(found, message.ts, short=short) + after.partition("?")[0]


def in_channel(text: str, message: Message) -> str:
    """Return the text with each channel id replaced by the message's channel."""
    return _CHANNEL.sub(message.channel, text)


def is_channel(text: str) -> bool:
    """Return whether a text is a channel's id."""
    return _CHANNEL.fullmatch(text) is not None


def _of_text(found: re.Match[str]) -> str:
    if found["digits"]:
        return _of_whole(found["digits"])
    if found["fraction"] is None:
        return found["seconds"]
    return _rounded(found["seconds"], found["fraction"])


def _rounded(seconds: str, fraction: str) -> str:
    micros = int(seconds + fraction[:6].ljust(6, "0")) + (fraction[6:7] >= "5")
    return _of_whole(str(micros))


def _of_whole(digits: str) -> str:
    return f"{digits[:10]}.{digits[10:]}" if len(digits) > 10 else digits


def _of_float(number: float) -> str | None:
    """Return a float's stamp with Slack's six places: neighbouring floats are 0.24 microseconds apart."""
    for size, unit in ((SECONDS, 1), (MILLISECONDS, 1000)):
        if size.start <= number < size.stop:
            return f"{number / unit:.6f}"
    return None


def _text_like(found: re.Match[str], ts: str, *, short: bool) -> str:
    whole = ts.replace(".", "")
    if found["digits"]:
        return ("p" if found[0].startswith("p") else "") + whole[: len(found["digits"])]
    if found["fraction"] is None:
        return whole[:10]
    return repr(float(ts)) if short else ts
