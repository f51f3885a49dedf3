"""The state file of a comparison: a line when a side's execution begins, one when it has answered.

A comparison that was killed goes on where it was: what is answered is not run again, and a job that was begun is found
by its execution id. Lines are only appended, so a crash costs at most the last one.
"""

from __future__ import annotations

import fcntl
import json
import threading
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from ..errors import ConfigurationError

Side = Literal["old", "new"]
SIDES: tuple[Side, ...] = ("old", "new")


@dataclass(frozen=True)
class Answer:
    """One side's answer to a case: `credit` in `currency`, or a failure's words instead.

    seconds: of the job, from creation to end; modes: output_df, whatever its columns; flags None: the notebook has none
    to say; again: whether another try may end otherwise.
    """

    execution_id: str
    seconds: float
    credit: Decimal | None = None
    policy_version: str = ""
    flags: list[str] | None = None
    modes: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""
    currency: str = "USD"
    again: bool = False


class Journal:
    """One file, held by one process. `place` says whose executions these are (the bucket).

    Raises ConfigurationError for a file that is another's, or that cannot be read or written.
    """

    def __init__(self, file: Path, place: str) -> None:
        self._lock = threading.Lock()
        self._begun: dict[tuple[str, str], str] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        try:
            self._file = file.open("a+", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"The state file {file} cannot be written: {error.strerror}.") from error
        try:
            self._begin_with(file, place)
        except BaseException:
            self.close()
            raise

    def answer(self, case: str, side: Side) -> Answer | None:
        """Return the side's answer if it is final, else None."""
        found = self._answers.get((case, side))
        return None if found is None or found.again else found

    def execution(self, case: str, side: Side) -> str | None:
        """Return the execution that was begun and has not answered."""
        return self._begun.get((case, side))

    def begin(self, case: str, side: Side, execution_id: str) -> None:
        """Note that an execution begins; to be called before its job is started."""
        self._begun[case, side] = execution_id
        self._append({"case": case, "side": side, "execution_id": execution_id})

    def end(self, case: str, side: Side, answer: Answer) -> None:
        """Note the side's answer."""
        self._begun.pop((case, side), None)
        self._answers[case, side] = answer
        self._append({"case": case, "side": side, "answer": asdict(answer)})

    def close(self) -> None:
        """Release the file for other processes."""
        self._file.close()

    def _append(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()

    def _begin_with(self, file: Path, place: str) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(f"Another comparison is writing {file}: wait for it, or name another.") from error
        self._file.seek(0)
        text = self._file.read()
        if not text:
            self._append({"place": place})
            return
        whole = text[: text.rfind("\n") + 1]
        try:
            first, *lines = [json.loads(line) for line in whole.splitlines()]
            if first["place"] != place:
                raise ConfigurationError(f"{file} is the state of a comparison in {first['place']}, not in {place}.")
            for line in lines:
                self._take(line)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{file} is not the state file of a comparison: name another with --state, or delete it."
            ) from error
        if whole != text:
            self._file.truncate(len(whole.encode()))

    def _take(self, line: dict[str, Any]) -> None:
        key = line["case"], line["side"]
        if "execution_id" in line:
            self._begun[key] = line["execution_id"]
            return
        said = line["answer"]
        self._begun.pop(key, None)
        credit = None if said["credit"] is None else Decimal(said["credit"])
        self._answers[key] = Answer(**{**said, "credit": credit})
