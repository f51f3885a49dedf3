"""Runs the tests in a copy of the tree, unchanged with coverage or with one change."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.mutants.changes import Change
from scripts.mutants.reach import DATA, TIMES, Reach

NOT_NOTICED, HANGS, NOT_REACHED = "not noticed", "hangs", "not noticed: no fast test reaches it"
HANGS_AFTER = 60
"""Seconds for one test, which has then noticed the change: most take less than one."""
SLACK_SECONDS, SLOWER = 120, 5
"""For all of a change's tests: so long, and so many times what they took unchanged."""
PASSED, FAILED = 0, 1
"""pytest's exit codes."""
A_TEST_TIMED_OUT = "+ Timeout +"
"""In pytest-timeout's words where it cannot fail the test and ends the process, with no summary and any exit code."""


class TrialFailed(Exception):
    """pytest itself failed; the message is its last output."""


@dataclass(frozen=True)
class Copy:
    """A clone of the repository with an environment of its own."""

    root: Path

    def cover(self, folder: Path, tests: Sequence[str], workers: int) -> None:
        """Run the fast tests once with coverage: DATA and TIMES in the folder. Some may fail: they are left out."""
        config = folder / "coveragerc"
        config.write_text("[run]\nrelative_files = true\n")
        measured = ["--cov=src", "--cov=notebooks/verify_credit", "--cov-context=test", f"--cov-config={config}"]
        spread = ["-n", str(workers), "--dist", "loadfile", "-m", "not heavy"]
        arguments = [*spread, *measured, "--cov-report=", f"--junitxml={folder / TIMES}.part", *tests]
        environment = {"COVERAGE_FILE": str(folder / DATA)}
        code, said = self._pytest(arguments, environment, timeout=None)
        if code not in {PASSED, FAILED}:
            raise TrialFailed(said)
        (folder / f"{TIMES}.part").rename(folder / TIMES)

    def noticed_by(self, change: Change, reach: Reach) -> str:
        """The first test that fails with the change, or HANGS, NOT_NOTICED or NOT_REACHED."""
        source = (self.root / change.path).read_text()
        tests, jobs = reach.tests(change.path, source, change.start[0]), reach.in_a_job(change.path)
        answer = NOT_REACHED
        with self._changed(change):
            for asked in (tests, jobs):
                if asked and answer in {NOT_REACHED, NOT_NOTICED}:
                    answer = self._answer(asked, reach.seconds(set(asked)))
        return answer

    def _answer(self, tests: Sequence[str], seconds: float) -> str:
        listed = self.root / "build" / "tests.txt"
        listed.parent.mkdir(exist_ok=True)
        listed.write_text("\n".join(tests))
        arguments = ["-x", "-m", "not heavy", "-r", "fE", f"--timeout={HANGS_AFTER}", f"@{listed}"]
        try:
            code, said = self._pytest(arguments, {}, timeout=SLACK_SECONDS + SLOWER * seconds)
        except subprocess.TimeoutExpired:
            return HANGS
        if code == PASSED:
            return NOT_NOTICED
        found = re.findall(r"(?m)^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", said)
        found = found or re.findall(r"ImportError while loading conftest", said)
        if found:
            return str(found[0])
        if A_TEST_TIMED_OUT in said:
            return HANGS
        raise TrialFailed(said[-2000:])

    @contextmanager
    def _changed(self, change: Change) -> Iterator[None]:
        file = self.root / change.path
        source = file.read_text()
        try:
            file.write_text(change.applied(source))
            yield
        finally:
            file.write_text(source)

    def _pytest(self, arguments: Sequence[str], environment: dict[str, str], timeout: float | None) -> tuple[int, str]:
        """Exit code and output. Raises TimeoutExpired, with every process of the run killed."""
        process = subprocess.Popen(
            [self.root / ".venv" / "bin" / "python", "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=self.root,
            env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return process.returncode, said
