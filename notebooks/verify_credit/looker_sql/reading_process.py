"""A reading in a process of its own, whose CPU time the system limits: for a SQL that may take sqlglot minutes.

A thread could be waited for but not ended, and would hold Python's lock on the way.
"""

from __future__ import annotations

import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path

from ..claim import Claim
from ..errors import ClaimError
from .reading import Question, read

CPU_SECONDS = 4
"""CPU time of the process, its start included (0.4 s): enough for some 200,000 characters."""
WAIT_SECONDS = 60
"""Time by the clock, for a machine that is busy with other things."""


class TooIntricate(ClaimError):
    """The SQL could not be read in the time that a reading may take."""


def read_apart(question: Question) -> Claim:
    """Read as reading.read does. Raises TooIntricate after CPU_SECONDS of computing."""
    with subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-c", f"from {__name__} import main; main({CPU_SECONDS})"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            said, _ = process.communicate(pickle.dumps(question), timeout=WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            said = b""
    if not said:  # ended by its limit, by ours, or by what is too deep for the parser
        raise TooIntricate(
            f"The SQL could not be read in {CPU_SECONDS} seconds of computing: it is too intricate.",
            "Make it plainer: fewer functions inside each other, fewer values in its lists.",
        )
    if process.returncode != 0:
        raise RuntimeError(f"The process that reads a SQL ended with {process.returncode}: see the log.")
    answer = pickle.loads(said)  # noqa: S301 (of our own process)
    if isinstance(answer, ClaimError):
        raise answer
    assert isinstance(answer, Claim)
    return answer


def main(cpu_seconds: int) -> None:
    """The process: a Question on standard input, a Claim or ClaimError on standard output."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    question = pickle.load(sys.stdin.buffer)  # noqa: S301 (of the process that started this one)
    answer: Claim | ClaimError
    try:
        answer = read(question)
    except ClaimError as error:
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))
