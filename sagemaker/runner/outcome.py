"""How a failure is reported: error.json, the container's exit message, the exit code."""

from __future__ import annotations

import contextlib
import json
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.errors import EXIT_CODES, WHOEVER, JobError, NotebookFailed
from runner.redaction import Redactor

SCHEMA_VERSION = "1"
EXIT_MESSAGE_BYTES = 1024
"""SageMaker keeps no more of a container's message."""
MAX_MESSAGE = 2000
"""Characters of message and advice in error.json."""
MAX_LINES = 60
"""Lines of the traceback in error.json, the last ones."""


@dataclass(frozen=True)
class Failure:
    """What happened, to what, what to do next; `detail`, which may hold values, is for the job's log alone."""

    category: str
    exit_code: int
    message: str
    advice: str = ""
    retry_helps: bool = False
    cell_title: str | None = None
    traceback: list[str] = field(default_factory=list)
    detail: str = ""

    def as_json(self, execution_id: str) -> dict[str, object]:
        """The content of error.json."""
        return {
            "schema_version": SCHEMA_VERSION,
            "execution_id": execution_id,
            "category": self.category,
            "message": self.message[:MAX_MESSAGE],
            "advice": self.advice[:MAX_MESSAGE],
            "retry_helps": self.retry_helps,
            "cell_title": self.cell_title,
            "traceback": self.traceback[-MAX_LINES:],
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }


class CellFailed(JobError):
    """A cell raised; `failure` says what, in the words of the error that was raised there."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message, failure.advice)
        self.failure = failure


def failure_of(error: Exception) -> Failure:
    """Return the failure that an error of the runner or of a cell is reported as."""
    if isinstance(error, CellFailed):
        return error.failure
    if isinstance(error, JobError):
        return Failure(
            error.category,
            EXIT_CODES.get(error.category, 1),
            error.message,
            error.advice,
            error.retry_helps,
            detail=error.detail,
        )
    lines = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return Failure(
        NotebookFailed.category,
        EXIT_CODES[NotebookFailed.category],
        f"The job met an error it does not know ({type(error).__name__}).",
        f"{WHOEVER}; the log has the traceback.",
        traceback=lines,
    )


def failure_in_cell(
    name: str, value: str, told: list[str], title: str | None, itself: Mapping[str, Any] | None = None
) -> Failure:
    """Return the failure of a cell's error: `name` its class, `value` its text, `told` the traceback's lines.

    `itself`: its category, message, advice and retry_helps, if it has them (runner/errors.py): they are reported in
    place of a traceback. Any other error is a bug of the notebook.
    """
    if itself and itself["category"] in EXIT_CODES:
        category = str(itself["category"])
        return Failure(
            category,
            EXIT_CODES[category],
            itself["message"],
            itself["advice"],
            itself["retry_helps"],
            title,
            detail=itself.get("detail", ""),
        )
    message, advice = _in_words(name, value, title)
    return Failure(
        NotebookFailed.category,
        EXIT_CODES[NotebookFailed.category],
        message,
        advice,
        cell_title=title,
        traceback=[line for part in told for line in part.splitlines()],
        detail=f"{name}: {value}",
    )


def _in_words(name: str, value: str, title: str | None) -> tuple[str, str]:
    """Return message and advice. They name the error's class only: its text may quote a value of somebody's table."""
    missing = re.fullmatch(r"No module named '([A-Za-z_][\w.]{0,200})'", value)
    if name == "ModuleNotFoundError" and missing:
        return (
            f"The notebook imports {missing[1]}, which is not here.",
            (
                f"{WHOEVER}: its package belongs into notebooks/requirements.txt, a module "
                "of your own beside the notebook."
            ),
        )
    if name == "StdinNotImplementedError":
        return (
            "A cell of the notebook asks for input (input() or getpass()), and nobody is there to answer.",
            f"{WHOEVER}: what it needs must come as a parameter, or from the secret.",
        )
    where = f"A cell of the notebook, under {title}," if title else "A cell of the notebook"
    known = name if re.fullmatch(r"[A-Za-z_][\w.]{0,200}", name) else "an error"
    return f"{where} failed: {known}.", f"{WHOEVER}; the saved notebook shows the cell, the job's log what it said."


def exit_message(failure: Failure, redactor: Redactor, folder: Path) -> None:
    """Write the container's message, which becomes ExitMessage, if the platform's folder is there."""
    text = redactor.text(f"{failure.category}: {failure.message}")
    content = json.dumps({"category": failure.category, "message": text}, ensure_ascii=False)
    while len(content.encode()) > EXIT_MESSAGE_BYTES:
        text = text[: len(text) * 9 // 10]
        content = json.dumps({"category": failure.category, "message": f"{text}…"}, ensure_ascii=False)
    with contextlib.suppress(OSError):
        (folder / "message").write_text(content, encoding="utf-8")
