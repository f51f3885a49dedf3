"""A command called in this process: its exit code and what it printed, a second sooner than from one of its own."""

from __future__ import annotations

import io
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.left_behind import LeftBehind

ENDINGS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Done:
    """As subprocess.CompletedProcess has it."""

    returncode: int
    stdout: str
    stderr: str


def call(main: Callable[[list[str]], int], *arguments: str | Path, sql: str = "", **environment: str) -> Done:
    """sql: its standard input; environment: besides this process's."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err), _process_as_before():
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sql.encode())))
        for name, value in environment.items():
            patch.setenv(name, value)
        code = _code_of(main, [*map(str, arguments)])
    done = Done(code, out.getvalue(), err.getvalue())
    LeftBehind().keep([("a command's output", f"{done.stdout}{done.stderr}".encode())])
    return done


def _code_of(main: Callable[[list[str]], int], arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as ended:  # argparse's
        return int(ended.code or 0)


@contextmanager
def _process_as_before() -> Iterator[None]:
    """A tick has signals and log for its own."""
    logger, handlers = logging.getLogger("credits"), {number: signal.getsignal(number) for number in ENDINGS}
    before = (logger.handlers, logger.level, logger.propagate)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        logger.handlers, logger.propagate = before[0], before[2]
        logger.setLevel(before[1])
