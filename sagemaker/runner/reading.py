"""What the notebook's variables say, asked of its kernel: the amount, the table, the plan's other fields; its error."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from runner import inside_kernel
from runner.errors import WHOEVER, NotebookFailed
from runner.kernel import Kernel

SECONDS = 30.0
"""How long the reading may take; it takes milliseconds, unless reading a table computes it (a lazy one)."""
MOST_BYTES = 4_000_000
"""Largest file of variables that is read back."""
_SOURCE = Path(inside_kernel.__file__)
_CODE = """
def _credits_automation(source, ask, file):
    namespace = {{"__name__": "credits_automation_reading"}}
    __import__("builtins").exec(compile(source, "<credits-automation>", "exec"), namespace)
    names = __import__("IPython").get_ipython().user_ns
    namespace["leave"](file, lambda: namespace[ask](names))
_credits_automation({source!r}, {ask!r}, {file!r})
"""


@dataclass(frozen=True)
class Variables:
    """values: JSON values by name; wrong: why a variable can make no result; left_out: fields that are not usable."""

    values: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    cut: str | None = None


def read_variables(kernel: Kernel, folder: Path) -> Variables:
    """Read the variables; the caller watches the time it takes. Raises NotebookFailed if there is no answer."""
    return Variables(**_ask(kernel, "read", folder / "variables.json"))


def read_error(kernel: Kernel, folder: Path) -> dict[str, Any]:
    """Read category, message and the like of the error that ended the last cell; {} if it has none of them."""
    return _ask(kernel, "raised", folder / "raised.json")


def _ask(kernel: Kernel, what: str, file: Path) -> dict[str, Any]:
    source = _SOURCE.read_text(encoding="utf-8")
    failed = kernel.execute(_CODE.format(source=source, ask=what, file=str(file)))
    if failed or not file.is_file() or file.stat().st_size > MOST_BYTES:
        raise NotebookFailed(
            f"credit_amount and output_df could not be read after the last cell ({failed or 'no answer'}).",
            "Let the last cell leave a number in credit_amount and a DataFrame or a list of mappings in output_df.",
        )
    answer: dict[str, Any] = json.loads(file.read_bytes(), parse_float=Decimal)
    return answer


def too_long() -> NotebookFailed:
    """The error of a reading that does not end."""
    return NotebookFailed(
        f"Reading credit_amount and output_df after the last cell took longer than {SECONDS:.0f} s.",
        f"{WHOEVER}: output_df must be a table that is computed already.",
    )
