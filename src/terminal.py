"""What commands print: tables for people, JSON for machines; colours and progress bars on a terminal only.

Text from outside is shown, never obeyed: no markup of rich's, no control characters.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

WIDE = 10_000  # characters
_STYLES = {"answered": "green", "equal": "green", "as recorded": "green", "failed": "red", "DIFFERS": "bold red"}


def print_json(value: Any) -> None:
    """Print JSON, for machines."""
    print(json.dumps(value, indent=1, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """Print a table for people: numbers to the right, and so wide that an id can be copied whole."""
    from rich.console import Console  # noqa: PLC0415 (100 ms that --json and --help need not spend)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = list(rows)
    table = Table(box=None, pad_edge=False, title=title or None, title_justify="left")
    for place, name in enumerate(columns):
        number = any(isinstance(row[place], int | float | Decimal) for row in rows)
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in map(shown, row)))
    Console(width=WIDE).print(table, soft_wrap=True)


def shown(value: Any) -> str:
    """One value on one line: – for none, money with two places, a Decimal with as many as it has."""
    text = "–" if value is None else str(value)
    if isinstance(value, float | Decimal):
        text = f"{value:,.2f}" if isinstance(value, float) else f"{value:,f}"
    return "".join(char if char.isprintable() else " " for char in text)


def cost(usd: float) -> Decimal:
    """An estimated cost to show: a job costs less than a cent."""
    return Decimal(f"{usd:.2f}" if usd >= 10 else f"{usd:.4f}")


def watched(items: Iterable[Any], total: int, words: str) -> Iterator[Any]:
    """Pass items on; show on stderr, if it is a terminal, how many of `total` have come."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    yield from track(items, words, total, console=Console(file=sys.stderr), transient=True)
