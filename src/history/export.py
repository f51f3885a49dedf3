"""Executions as files for finance: CSV, or Parquet with typed columns (an optional extra: parquet-requirements.txt)."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from ..errors import ConfigurationError
from .columns import COLUMNS, row
from .reader import Record

_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
_FORMULA = {"=", "+", "-", "@", "\t", "\r"}


def write_csv(records: Iterable[Record], file: TextIO) -> None:
    """A line an execution, under a line of names; money with all its decimals."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(name, value) for name, value in row(record).items()] for record in records)


def write_parquet(records: Iterable[Record], path: Path) -> None:
    """The same columns with their types: money DECIMAL, days DATE. Raises ConfigurationError without the extra."""
    try:
        import duckdb  # noqa: PLC0415 (an optional extra)
    except ImportError as error:
        raise ConfigurationError(
            "Parquet needs an optional package: python -m pip install --require-hashes -r parquet-requirements.txt"
        ) from error
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        lines = Path(folder) / "rows.jsonl"
        lines.write_text("".join(json.dumps(row(record)) + "\n" for record in records), encoding="utf-8")
        columns = {name: column.sql_type for name, column in COLUMNS.items()}
        rows = connection.read_json(str(lines), format="newline_delimited", columns=columns)
        rows.write_parquet(str(path), compression="zstd")


def _cell(name: str, value: Any) -> Any:
    """A spreadsheet runs what begins like a formula; text from outside must not."""
    money = _DECIMAL.fullmatch(COLUMNS[name].sql_type)
    if money and value is not None:
        return f"{value:.{money[1]}f}"
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value
