"""Writes executions as files for finance: CSV, or typed Parquet (an optional extra: parquet-requirements.txt)."""

from __future__ import annotations

import csv
import json
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from ..errors import ConfigurationError
from .columns import COLUMNS, row
from .reader import Record

_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
_SIGNS = "=+-@"
_MOST_TEXT = 32_000
"""Characters: a spreadsheet's cell holds few more."""


def write_csv(records: Iterable[Record], file: TextIO) -> None:
    """Write a line of names and a line for each execution; money with all its decimals."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(name, value) for name, value in row(record).items()] for record in records)


def write_parquet(records: Iterable[Record], path: Path) -> None:
    """Write the same columns with types: money DECIMAL, days DATE. Raises ConfigurationError without the extra."""
    try:
        import duckdb  # noqa: PLC0415 (an optional extra)
    except ImportError as error:
        raise ConfigurationError(
            "Parquet needs an optional package: python -m pip install --require-hashes -r parquet-requirements.txt"
        ) from error
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        lines = Path(folder) / "rows.jsonl"
        lines.write_text("".join(json.dumps(_texts(record)) + "\n" for record in records), encoding="utf-8")
        # What a company's own notebook left may not fit a column's type, a 31st of September: such a cell is empty.
        typed = ", ".join(f"TRY_CAST({name} AS {column.sql_type}) AS {name}" for name, column in COLUMNS.items())
        rows = connection.read_json(str(lines), format="newline_delimited", columns=dict.fromkeys(COLUMNS, "VARCHAR"))
        rows.project(typed).write_parquet(str(path), compression="zstd")


def _texts(record: Record) -> dict[str, str | None]:
    return {name: None if value is None else str(_plain(value)) for name, value in row(record).items()}


def _cell(name: str, value: Any) -> Any:
    """Return a cell that a spreadsheet does not run: text from outside must not begin like a formula."""
    money = _DECIMAL.fullmatch(COLUMNS[name].sql_type)
    if money and value is not None:
        return f"{value:.{money[1]}f}"
    value = _plain(value)
    return f"'{value}" if isinstance(value, str) and _begins_oddly(value) else value


def _begins_oddly(text: str) -> bool:
    """Return whether a text begins with a formula's sign, full-width and small ones too, or an invisible character."""
    first = text[:1]
    return bool(first) and (
        unicodedata.normalize("NFKC", first) in _SIGNS or not first.isprintable() or first.isspace()
    )


def _plain(value: Any) -> Any:
    """Return a value that a table can hold: a text, or the JSON of a notebook's own kind of value."""
    if isinstance(value, list | dict | bool):
        value = json.dumps(value, ensure_ascii=False)
    return value[:_MOST_TEXT].replace("\0", "") if isinstance(value, str) else value
