"""Slack's `table` block, and the same in fixed width for a workspace that takes none. Pure.

https://docs.slack.dev/reference/block-kit/blocks/table-block: one a message, 100 rows, 20 columns, 10,000 characters.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from .text import Block, Message, paragraph, preformatted, text

MAX_COLUMNS = 20
PHONE = 36
"""Characters of fixed width that a phone 360 pixels wide shows in a line of a thread."""


def table(rows: Sequence[Sequence[str]], *, right: Collection[int], bold: Collection[int]) -> Block:
    """A table of outside text. right: the columns whose cells end at their right; bold: the rows in bold type."""
    # Cells of rich_text: Slack answered raw_text with internal errors for a while.
    return {
        "type": "table",
        "column_settings": [{"align": "right" if column in right else "left"} for column in range(len(rows[0]))],
        "rows": [[paragraph(text(cell, bold=index in bold)) for cell in row] for index, row in enumerate(rows)],
    }


def has_table(message: Message) -> bool:
    """Whether a message has a table that `without_table` would draw otherwise."""
    return any(block["type"] == "table" for block in message.blocks)


def without_table(message: Message) -> Message:
    """The same message with its table in fixed width: the columns that fit a phone's line, and how many do not."""
    blocks = [preformatted(_lines(block)) if block["type"] == "table" else block for block in message.blocks]
    return replace(message, blocks=blocks)


def _lines(block: Block) -> list[str]:
    rows = [[cell["elements"][0]["elements"][0]["text"] for cell in row] for row in block["rows"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    fit = _how_many_fit(widths)
    too_wide, widths = len(widths) - fit, widths[:fit]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= PHONE else " "
    is_right = [setting["align"] == "right" for setting in block["column_settings"]]
    lines = [
        gap.join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_right, strict=False)
        ).rstrip()
        for row in rows
    ]
    return [*lines, f"({too_wide} more would be too wide here)"] if too_wide else lines


def _how_many_fit(widths: Sequence[int]) -> int:
    """The number of columns that fit a phone's line; at least one."""
    fitting = [count for count in range(1, len(widths) + 1) if sum(widths[:count]) + count - 1 <= PHONE]
    return max(fitting, default=1)
