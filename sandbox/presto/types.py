"""DuckDB's types and values as Presto spells them: DECIMAL, DATE and TIMESTAMP are text in Presto's JSON."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.presto.errors import PrestoError

_NAMES = {
    "VARCHAR": "varchar",
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "INTERVAL": "interval day to second",
    '"NULL"': "unknown",
}
_LARGEST = 2**63 - 1
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def presto_type(duck_type: object) -> str:
    """`DECIMAL(18,4)` as `decimal(18,4)`, `HUGEINT` (DuckDB's sum of integers) as `bigint`."""
    name = str(duck_type)
    decimal = _DECIMAL.fullmatch(name)
    return f"decimal({decimal[1]},{decimal[2]})" if decimal else _NAMES.get(name, "varchar")


def presto_value(value: Any) -> Any:
    """A value as Presto's JSON holds it. Raises PrestoError for a sum (DuckDB's have 128 bits) that no bigint holds."""
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise PrestoError(f"bigint addition overflow: {value}", "NUMERIC_VALUE_OUT_OF_RANGE")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
