"""A company's own notebook after its run, with what such notebooks show: its report is made by nbconvert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from nbformat import v4
from runner import report as runner_report

WIDE = pd.DataFrame({f"a column of week {week:02}": [week * 1234.5, week / 7] for week in range(1, 30)})
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ASKS_FOR_MUCH = (
    '<meta http-equiv="refresh" content="0;url=https://example.com/away"><base href="https://example.com/">'
    "<button>Convert this table</button><input>"
    '<script src="https://cdn.example.com/plot.js"></script><img alt="a logo" src="https://example.com/logo.png">'
    '<link rel="stylesheet" href="https://cdn.example.com/style.css"><iframe title="a map" src="https://example.com"></iframe>'
    "<style>@import url(https://cdn.example.com/more.css); p { background: url(https://example.com/dot.png) }</style>"
)


def report(folder: Path) -> str:
    """Its report.html."""
    executed = folder / "executed.ipynb"
    nbformat.write(_notebook(), executed)  # type: ignore[no-untyped-call]
    return runner_report.made_of(executed, folder / "report.html", "Credits: old & new").read_text(encoding="utf-8")


def _notebook() -> Any:
    first = v4.new_code_cell('looker = ""', metadata={"tags": ["parameters"]})  # type: ignore[no-untyped-call]
    heading = v4.new_markdown_cell(
        "### Credits\n\n###### Small\n\nSee [the runbook](https://example.com).\n\n![a logo](https://example.com/a.png)"
    )  # type: ignore[no-untyped-call]
    return v4.new_notebook(cells=[heading, first, *map(_cell, _OUTPUTS)])  # type: ignore[no-untyped-call]


def _cell(output: dict[str, Any]) -> Any:
    shown = (
        v4.new_output("stream", **output)  # type: ignore[no-untyped-call]
        if "text" in output
        else v4.new_output("display_data", data=output)  # type: ignore[no-untyped-call]
    )
    return v4.new_code_cell("df.head()", outputs=[shown], execution_count=1)  # type: ignore[no-untyped-call]


_OUTPUTS: list[dict[str, Any]] = [
    {"text/html": WIDE.to_html(), "text/plain": str(WIDE)},
    {"text/html": WIDE.T.to_html()},
    {"image/png": PIXEL, "text/plain": "<Figure size 640x480 with 1 Axes>"},
    {"text/html": ASKS_FOR_MUCH, "text/plain": "a plot"},
    {"name": "stderr", "text": "\x1b[31mUserWarning\x1b[0m: a column of dates is mixed\n"},
    {"name": "stdout", "text": "x" * 400 + "\n"},
    {"application/javascript": "fetch('https://example.com/x')"},
    {"text/html": "<script>" + "x" * 4_000_000 + "</script>", "text/plain": "a figure with all its library"},
    {"text/latex": "$a^2$", "text/plain": "a2"},
]
