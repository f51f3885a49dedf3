"""What an answer says of the account's earlier recommendations: a sentence, and a line for each of the latest. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from ..state.recommendations import NEAR_DAYS, Earlier, IndexEntry
from .reply_parts import days, money, only
from .text import Block, bullets, escape, link, literal, mrkdwn_link, text

MAX_CURRENCIES = 5

UrlOf = Callable[[IndexEntry], str]
"""A lasting link to a recommendation."""


def earlier_lines(earlier: Earlier | None, url_of: UrlOf) -> list[str]:
    """Lines for the plain text; none if there is nothing to say."""
    if earlier is None or not (earlier.count or earlier.unreadable):
        return []
    shown = [f"• {escape(_words(one))} ({mrkdwn_link(url_of(one), one.execution_id)})" for one in earlier.latest]
    return [f"*{escape(_sentence(earlier), 1000)}*", *shown]


def earlier_block(earlier: Earlier | None, url_of: UrlOf) -> Block | None:
    """The same for the eye."""
    if earlier is None or not (earlier.count or earlier.unreadable):
        return None
    items = [[text(f"{_words(one)} · "), link(url_of(one), one.execution_id)] for one in earlier.latest]
    return bullets(literal(_sentence(earlier), 1000), items)


def counted(earlier: Earlier) -> str:
    """How many recommendations there are and their sums; "" if none could be read."""
    if not earlier.count:
        return ""
    unknown = f" ({earlier.without_window} of them: window not known)" if earlier.without_window else ""
    near = f" within {NEAR_DAYS} days of this window{unknown}" if earlier.window_known else ""
    every = "" if earlier.window_known else " (this one's window is not known: all are counted)"
    in_all = " in all" if earlier.count > 1 else ""
    return (
        f"{_recommendations(earlier.count)} for this account{near}{every}, {_sums(earlier.sums)}{in_all}; not netted."
    )


def _sums(sums: Mapping[str, str]) -> str:
    shown = [f"{money(Decimal(amount))} {literal(name, 3)}" for name, amount in sums.items()][:MAX_CURRENCIES]
    left = len(sums) - len(shown)
    return " and ".join([*shown, *([f"{left} more currencies"] if left else [])])


def _sentence(earlier: Earlier) -> str:
    if not earlier.unreadable:
        return counted(earlier)
    unread = f"{_recommendations(earlier.unreadable)} for this account cannot be read."
    return f"{counted(earlier)} {unread}".strip()


def _recommendations(count: int) -> str:
    return f"{count} earlier recommendation{'' if count == 1 else 's'}"


def _words(entry: IndexEntry) -> str:
    window = entry.window
    when = f" for {days(*(day.isoformat() for day in window))}" if window else ", window not known"
    return ", ".join(
        part for part in (f"{money(entry.credit_amount)} {entry.currency}{when}", only(entry.filters)) if part
    )
