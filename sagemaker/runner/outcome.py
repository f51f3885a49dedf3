"""A failure as it is told: error.json, the container's exit message, the exit code."""

from __future__ import annotations

import contextlib
import json
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from verify_credit import errors
from verify_credit.errors import JobError, NotebookFailed

from runner.redaction import Redactor

SCHEMA_VERSION = "1"
EXIT_MESSAGE_BYTES = 1024
MAX_MESSAGE = 2000
MAX_LINES = 60
JOB_ERRORS: dict[str, type[JobError]] = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, JobError)
}


@dataclass(frozen=True)
class Failure:
    """What happened, to what, what to do next."""

    category: str
    exit_code: int
    message: str
    advice: str = ""
    retry_helps: bool = False
    cell_title: str | None = None
    traceback: list[str] = field(default_factory=list)

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
    """An error of the runner itself, or of a cell."""
    if isinstance(error, CellFailed):
        return error.failure
    if isinstance(error, JobError):
        return Failure(error.category, error.exit_code, error.message, error.advice, error.retry_helps)
    lines = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return Failure(
        NotebookFailed.category,
        NotebookFailed.exit_code,
        f"The job met an error it does not know ({type(error).__name__}).",
        "Tell whoever looks after the notebook; the log has the traceback.",
        traceback=lines,
    )


def failure_in_cell(name: str, value: str, told: list[str], title: str | None) -> Failure:
    """An error raised in a cell: `name` its class, `value` its text, `told` the traceback's lines.

    Errors of verify_credit tell message and advice in place of a traceback; any other is the notebook's own.
    """
    kind = JOB_ERRORS.get(name)
    if kind is not None:
        advice = told[1] if len(told) == 2 else ""
        return Failure(kind.category, kind.exit_code, value, advice, kind.retry_helps, title)
    return Failure(
        NotebookFailed.category,
        NotebookFailed.exit_code,
        f"A cell of the notebook failed: {name}: {value}",
        "Tell whoever looks after the notebook; the saved notebook shows the cell.",
        cell_title=title,
        traceback=[line for part in told for line in part.splitlines()],
    )


def exit_message(failure: Failure, redactor: Redactor, folder: Path) -> None:
    """Leave the container's message, where the platform lets us: it becomes ExitMessage."""
    text = redactor.text(f"{failure.category}: {failure.message}")
    content = json.dumps({"category": failure.category, "message": text}, ensure_ascii=False)
    while len(content.encode()) > EXIT_MESSAGE_BYTES:
        text = text[: len(text) * 9 // 10]
        content = json.dumps({"category": failure.category, "message": f"{text}…"}, ensure_ascii=False)
    with contextlib.suppress(OSError):
        (folder / "message").write_text(content, encoding="utf-8")
