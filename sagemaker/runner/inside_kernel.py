"""What the notebook's variables say, as JSON values. Its text is sent to the kernel after the last cell.

It is executed in a namespace of its own and imports the standard library alone: numpy and pandas are known by their
names, where the notebook has imported them. Nothing here trusts a variable: whatever reading one raises, and however
large it is, the answer stays small.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import math
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from typing import Any

MOST_ROWS = 1000
MOST_COLUMNS = 500
MOST_BYTES = 1_000_000
"""Of output_df as JSON, in characters."""
MOST_TEXT = 10_000
"""Characters of one text."""
MOST_MEMORY = 512_000_000
"""Bytes that reading the variables may take besides what the notebook has."""
MOST_DEPTH = 6
"""Levels of lists and mappings; deeper ones become text."""
LARGEST = Decimal(10) ** 15
EXACT = Context(prec=60, traps=[InvalidOperation])
"""The context that we compute in: a notebook may have set its own to two digits."""
FIELDS = ("account_sid", "fraud_start", "fraud_end", "fraud_total", "mrr", "summary", "currency", "flags")
"""The plan's other fields, currency and flags: taken if the notebook sets them to a value of their type."""


class Unusable(Exception):
    """A variable that cannot be what it is called; the text says what it is instead."""


def read(names: Any) -> dict[str, Any]:
    """{"values": {...}, "wrong": {name: why}, "left_out": {name: why}, "cut": why or None} of these variables.

    wrong: without these there is no result (credit_amount, output_df); left_out: only the field is not there.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    left_out: dict[str, str] = {}
    try:
        if "credit_amount" not in names:
            raise Unusable("is not there")
        values["credit_amount"] = money(names["credit_amount"], cents=True)
    except Exception as error:
        wrong["credit_amount"] = why(error)
    cut = None
    try:
        values["output_df"], cut = rows(names.get("output_df"))
    except Exception as error:
        wrong["output_df"] = why(error)
    for name in FIELDS:
        try:
            if names.get(name) is not None:
                values[name] = READERS[name](names[name])
        except Exception as error:
            left_out[name] = why(error)
    return {"values": values, "wrong": wrong, "left_out": left_out, "cut": cut}


def leave(file: Any, what: Callable[[], Any]) -> None:
    """Write the answer of `what()` as JSON, in bounded memory if the system can bound it."""
    with bounded(), localcontext(EXACT):
        content = dumps(what()).encode()
    new = f"{file}.new"
    with open(new, "wb") as out:
        out.write(content)
    os.replace(new, file)


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    try:
        import resource

        with open("/proc/self/status") as status:
            used = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
        before = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (used + MOST_MEMORY, before[1]))
    except (ImportError, OSError, ValueError, StopIteration):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def raised(_names: Any) -> dict[str, Any]:
    """Return category, message and the like of the error that ended the last cell; {} if it has no such attributes."""
    error = getattr(sys, "last_value", None)
    category, message = getattr(error, "category", None), getattr(error, "message", None)
    if not isinstance(category, str) or not isinstance(message, str):
        return {}
    advice, detail = getattr(error, "advice", ""), getattr(error, "detail", "")
    return {
        "category": text(category),
        "message": text(message),
        "advice": text(advice) if isinstance(advice, str) else "",
        "detail": text(detail) if isinstance(detail, str) else "",
        "retry_helps": getattr(error, "retry_helps", False) is True,
    }


def why(error: Any) -> str:
    return str(error) if isinstance(error, Unusable) else f"could not be read ({type(error).__name__})"


def dumps(value: Any, **how: Any) -> str:
    """JSON in which a Decimal is the number that it is; `how` as json.dumps takes it."""
    mark = secrets.token_hex(16)
    text = json.dumps(value, allow_nan=False, default=lambda number: f"{mark}{number:f}", **how)
    return re.sub(f'"{mark}([^"]*)"', r"\1", text)


# Numbers


def decimal(value: Any) -> Decimal:
    """The number that is written when the value is printed: 0.1 is 0.1. Raises Unusable."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value[()]
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        raise Unusable(f"is {value}, a bool, not a number")
    if not isinstance(value, (int, float, Decimal)) and not is_numpy_number(value):
        raise Unusable(f"is a {kind(value)}, not a number")
    try:
        number = Decimal(value) if isinstance(value, (int, Decimal)) else Decimal(str(value))
    except InvalidOperation:
        raise Unusable(f"is a {kind(value)}, not a number") from None
    if not number.is_finite():
        raise Unusable(f"is {number}, not a finite number")
    if abs(number) > LARGEST:
        raise Unusable("is larger than 1,000,000,000,000,000")
    return number


def money(value: Any, cents: bool = False) -> Decimal:
    number: Decimal = decimal(value)
    if number < 0:
        raise Unusable(f"is {float(number):g}, below 0")
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP) + Decimal(0) if cents else plain(number)


def plain(number: Decimal) -> Decimal:
    """Return the number without an exponent and without zeros at its end."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def is_numpy_number(value: Any) -> bool:
    return type(value).__module__ == "numpy" and hasattr(value, "dtype") and getattr(value.dtype, "kind", "") in "iuf"


def kind(value: Any) -> str:
    kinds = type(value)
    return kinds.__qualname__ if kinds.__module__ == "builtins" else f"{kinds.__module__}.{kinds.__qualname__}"


# Tables


def rows(table: Any) -> tuple[list[Any], str | None]:
    """(rows as JSON objects, why there are fewer than the table has or None)."""
    if table is None:
        return [], None
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        whole, source = len(table), frame_rows(table)
    elif isinstance(table, (list, tuple)):
        whole, source = len(table), (mapping(row) for row in table)
    else:
        raise Unusable(f"is a {kind(table)}, neither a DataFrame nor a list of mappings")
    kept: list[dict[str, Any]] = []
    size = 0
    for row in source:
        size += len(dumps(row)) + 2
        if len(kept) == MOST_ROWS or size > MOST_BYTES:
            return kept, f"the first {len(kept)} of {whole} rows"
        kept.append(row)
    return kept, None


def frame_rows(table: Any) -> Iterator[dict[str, Any]]:
    frame = table.iloc[: MOST_ROWS + 1, :MOST_COLUMNS]
    if any(name is not None for name in frame.index.names):
        levels = [(name, frame.index.get_level_values(place)) for place, name in enumerate(frame.index.names)]
    else:
        levels = []
    names = unlike([column_name(name) for name in [*(name for name, _ in levels), *frame.columns]])
    columns = [values for _, values in levels] + [frame.iloc[:, place] for place in range(frame.shape[1])]
    for values in zip(*columns, strict=False):
        yield {name: value(one) for name, one in zip(names, values, strict=False)}


def column_name(name: Any) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    return "_".join(text(part) for part in parts if part is not None and text(part)) or "column"


def unlike(names: Any) -> list[str]:
    """Make names unique: a repeated name gets a number."""
    seen, result = set(), []
    for name in names:
        number, new = 1, name
        while new in seen:
            number += 1
            new = f"{name}_{number}"
        seen.add(new)
        result.append(new)
    return result


def mapping(row: Any) -> dict[str, Any]:
    if not hasattr(row, "keys") or not hasattr(row, "__getitem__"):
        raise Unusable(f"has a row that is a {kind(row)}, not a mapping")
    keys = list(itertools.islice(row.keys(), MOST_COLUMNS))
    return dict(zip(unlike([column_name(key) for key in keys]), [value(row[key]) for key in keys], strict=False))


# Values


def value(found: Any, depth: int = 0) -> Any:
    """A JSON value: what JSON cannot hold becomes null (missing), or text."""
    if found is None or isinstance(found, bool) or type(found).__name__ in ("NAType", "NaTType"):
        return found if isinstance(found, bool) else None
    if type(found).__module__ == "numpy" and getattr(found, "shape", None) == ():
        return value(Decimal(str(found)) if found.dtype.kind == "f" else found.item(), depth)
    if isinstance(found, (int, float, Decimal)):
        return number(found)
    if isinstance(found, (datetime.date, datetime.time)):
        return found.isoformat()
    return text(found) if isinstance(found, str) or depth == MOST_DEPTH else several(found, depth + 1)


def several(found: Any, depth: int) -> Any:
    """Convert an array, a mapping or a list, down to MOST_DEPTH; anything else becomes its text."""
    if hasattr(found, "tolist") and hasattr(found, "dtype"):
        found = found[:MOST_ROWS].tolist()
    if isinstance(found, dict):
        keys = list(itertools.islice(found, MOST_ROWS))
        return dict(
            zip(unlike([column_name(key) for key in keys]), [value(found[key], depth) for key in keys], strict=True)
        )
    if isinstance(found, (list, tuple)):
        return [value(one, depth) for one in found[:MOST_ROWS]]
    return text(found)


def number(found: Any) -> Any:
    """Whole, exact or floating as it is; NaN is missing; what is too large or infinite is text."""
    if isinstance(found, int):
        return int(found) if abs(found) <= LARGEST * 1000 else text(found)
    if found.is_nan() if isinstance(found, Decimal) else found != found:
        return None
    if isinstance(found, float):
        return float(found) if math.isfinite(found) else text(found)
    return found if found.is_finite() and -40 < found.adjusted() < 40 else text(found)


def text(found: Any) -> str:
    """Return what it prints as; its kind, if it cannot be printed."""
    try:
        said = str(found)
    except MemoryError:
        raise
    except Exception:
        said = f"<{kind(found)}>"
    said = said if len(said) <= MOST_TEXT else f"{said[:MOST_TEXT]}…"
    return said.encode("utf-8", "replace").decode("utf-8")


# The plan's other fields


def account(found: Any) -> str:
    if not isinstance(found, str):
        raise Unusable(f"is a {kind(found)}, not text")
    if not re.fullmatch(r"[\x21-\x7e]{1,100}", found.strip()):
        raise Unusable("is no account's id")
    return found.strip()


def day(found: Any) -> str:
    """A date, a Timestamp's date, or a text that begins with one."""
    if isinstance(found, str):
        try:
            return datetime.date.fromisoformat(found.strip()[:10]).isoformat()
        except ValueError:
            raise Unusable("is a text that is no date") from None
    if isinstance(found, datetime.datetime):
        found = found.date()
    elif type(found).__module__ == "numpy" and type(found).__name__ == "datetime64":
        return day(str(found))
    if not isinstance(found, datetime.date):
        raise Unusable(f"is a {kind(found)}, not a date")
    return found.isoformat()


def number_or_none(found: Any) -> Decimal | None:
    return None if value(found) is None else plain(decimal(found))


def money_or_none(found: Any) -> Decimal | None:
    return None if value(found) is None else money(found)


def summary(found: Any) -> dict[str, Any]:
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(found, pandas.Series):
        found = found.to_dict()
    if not isinstance(found, dict):
        raise Unusable(f"is a {kind(found)}, not a mapping")
    made: dict[str, Any] = value(found)
    if len(dumps(made)) > MOST_BYTES // 10:
        raise Unusable("is larger than 100 kB")
    return made


def currency(found: Any) -> str:
    if not isinstance(found, str) or not re.fullmatch("[A-Z]{3}", found):
        raise Unusable("is no currency's three letters")
    return found


def flags(found: Any) -> list[dict[str, str]]:
    if not isinstance(found, (list, tuple)) or len(found) > 200:
        raise Unusable(f"is a {kind(found)}, not a list of at most 200 texts")
    return [flag(one) for one in found]


def flag(found: Any) -> dict[str, str]:
    said = found.get("text") if isinstance(found, dict) else found
    code = found.get("code", "notebook") if isinstance(found, dict) else "notebook"
    if not isinstance(said, str) or not said.strip() or not re.fullmatch("[a-z][a-z_]{0,49}", str(code)):
        raise Unusable("has an entry that is neither a text nor a mapping of code and text")
    return {"code": code, "text": text(said)[:2000]}


READERS: dict[str, Callable[[Any], Any]] = {
    "account_sid": account,
    "fraud_start": day,
    "fraud_end": day,
    "fraud_total": money_or_none,
    "mrr": number_or_none,
    "summary": summary,
    "currency": currency,
    "flags": flags,
}
