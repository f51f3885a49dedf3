"""MODE=check: checks what only a job can see of an installation, for any notebook. Leaves check.json.

The notebook, its imports, its kernel, the secret and the bucket are looked at here. What a notebook's own queries need
is checked by the notebook's own file credits_check.py: it is run in its folder and prints a line of JSON a finding,
{"check": ..., "state": "ok" | "wrong" | "not_made", "found": ..., "fix": ..., "category": ...}.
"""

from __future__ import annotations

import ast
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from runner import notebook, secret
from runner.errors import EXIT_CODES, JobError, KernelDied, NotebookFailed
from runner.kernel import Kernel
from runner.redaction import Redactor
from runner.settings import JobSettings
from runner.upload import Outputs
from runner.watch import StopSignal, Watch
from runner.workdir import Workdir

log = logging.getLogger("job")

CHECK_FILE = "check.json"
SCHEMA_VERSION = "1"
OWN_CHECK = "credits_check.py"
OWN_SECONDS = 900.0
"""Limit of the notebook's own checks, which may wait for a busy warehouse."""
IMPORT_SECONDS = 120.0
KERNEL_SECONDS = 120.0
"""Limits of one try, on a machine whose disk is cold."""
State = Literal["ok", "wrong", "not_made"]
STATES = get_args(State)
NOTEBOOK, IMPORTS, KERNEL, SECRET = "notebook", "imports", "kernel", "secret"


@dataclass(frozen=True)
class Finding:
    """One check: what was found, or what is wrong and what fixes it. not_made: a check that it needs failed."""

    check: str
    state: State
    found: str
    fix: str = ""


def check_installation(settings: JobSettings, work: Path, redactor: Redactor, stop: StopSignal) -> None:
    """Make every check and upload check.json. Raises the first JobError met, so that the job's end says so too."""
    checks = _Checks(settings, work, redactor, stop)
    checks.make()
    outputs = Outputs(settings.bucket, settings.execution_id, redactor)
    said = {"schema_version": SCHEMA_VERSION, "execution_id": settings.execution_id, "checks": checks.told()}
    outputs.put(CHECK_FILE, json.dumps(redactor.value(said), ensure_ascii=False, indent=1).encode())
    if checks.first_error is not None:
        raise checks.first_error


class _Checks:
    def __init__(self, settings: JobSettings, work: Path, redactor: Redactor, stop: StopSignal) -> None:
        self._settings = settings
        self._work = work
        self._workdir = Workdir(work / "run")
        self._redactor = redactor
        self._stop = stop
        self._findings: list[Finding] = []
        self.first_error: JobError | None = None

    def told(self) -> list[dict[str, str]]:
        """Every finding, in order, as check.json has it."""
        return [asdict(finding) for finding in self._findings]

    def make(self) -> None:
        """All of them."""
        has_secret = self._check(SECRET, self._secret)
        opened = self._check(NOTEBOOK, self._notebook)
        if opened:
            self._check(IMPORTS, self._imports)
            self._check(KERNEL, self._kernel)
            self._own_check(has_secret)
        else:
            self._findings += [Finding(name, "not_made", f"it stands on: {NOTEBOOK}") for name in (IMPORTS, KERNEL)]

    def _check(self, name: str, look: Callable[[], str]) -> bool:
        self._stop.check()
        try:
            self._findings.append(Finding(name, "ok", look()))
        except JobError as error:
            self._wrong(name, error)
            return False
        return True

    def _wrong(self, name: str, error: JobError) -> None:
        log.error("%s: %s", name, error)
        self.first_error = self.first_error or error
        self._findings.append(Finding(name, "wrong", error.message, error.advice))

    def _secret(self) -> str:
        name = self._settings.secret_name
        secret.trust(secret.know_secrets_or_fail(self._redactor, name), self._work, os.environ)
        return f"{name} can be read"

    def _notebook(self) -> str:
        self._source = notebook.Notebook(notebook.find(self._settings.notebook_dir, self._settings.notebook))
        self._source.check()
        self._workdir.fill(self._source.path.parent)
        return f"{self._source.path.name} opens and takes {', '.join(sorted(self._source.parameters()))}"

    def _imports(self) -> str:
        """Import what the notebook imports, in a process of its own and in the folder that the notebook will run in."""
        wanted = sorted(set(_imported(self._source.content)))
        looked = "import importlib.util, sys\nfor n in sys.argv[1:]:\n    importlib.util.find_spec(n) or print(n)"
        asked = self._run([sys.executable, "-c", looked, *wanted], IMPORT_SECONDS)
        if asked.returncode:
            raise NotebookFailed("Its imports could not be looked for.", "The job's log has the reason.")
        if missing := asked.stdout.split():
            raise NotebookFailed(
                f"The notebook imports {', '.join(missing)}, which is not here.",
                "Put the package into notebooks/requirements.txt and build the image anew; a module of your own "
                "belongs beside the notebook.",
            )
        return f"all {len(wanted)} are here"

    def _kernel(self) -> str:
        began = time.monotonic()
        kernel = Kernel(self._work, self._workdir.folder)
        kernel.start()

        def died() -> JobError | None:
            code = kernel.exit_code()
            return None if code is None else _no_kernel(f"it ended with exit code {code}", kernel)

        def silent() -> JobError:
            return _no_kernel(f"it says nothing for {KERNEL_SECONDS:.0f} s", kernel)

        def ask() -> None:
            kernel.execute("pass")

        try:
            Watch(kernel, self._stop, began + KERNEL_SECONDS, silent, besides=died).run(ask)
        finally:
            kernel.kill()
        return f"starts, in {time.monotonic() - began:.1f} s"

    def _own_check(self, has_secret: bool) -> None:
        if not (self._workdir.folder / OWN_CHECK).is_file():
            return
        if not has_secret:
            self._findings.append(Finding(OWN_CHECK, "not_made", f"it stands on: {SECRET}"))
            return
        self._stop.check()
        asked = self._run([sys.executable, OWN_CHECK], OWN_SECONDS)
        for line in asked.stdout.splitlines():
            self._take(line)
        if asked.returncode:
            tail = asked.stderr.strip().splitlines()[-1:] or [f"exit code {asked.returncode}"]
            self._wrong(OWN_CHECK, NotebookFailed(f"{OWN_CHECK} failed: {tail[0][:300]}", "The job's log says more."))

    def _take(self, line: str) -> None:
        try:
            said = json.loads(line)
            state: State = "wrong" if said.get("state") not in STATES else said["state"]
            finding = Finding(str(said["check"]), state, str(said["found"]), str(said.get("fix", "")))
        except (ValueError, LookupError, TypeError, AttributeError):
            log.info("%s: %s", OWN_CHECK, line)
            return
        if finding.state == "wrong":
            self._wrong(finding.check, _error_of(said, finding))
        else:
            self._findings.append(finding)

    def _run(self, command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
        try:
            done = subprocess.run(  # noqa: S603 (this Python, on a file of the image)
                command,
                cwd=self._workdir.folder,
                env={**os.environ, **self._environment()},
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NotebookFailed(f"{command[-1]} took longer than {seconds:.0f} s.", "Look at what it asks.") from error
        for line in done.stderr.splitlines():
            log.error("%s", line)
        return done

    def _environment(self) -> dict[str, str]:
        return {
            "SECRET_NAME": self._settings.secret_name,
            "ALLOWED_TABLES": ",".join(self._settings.allowed_tables),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self._workdir.folder), os.environ.get("PYTHONPATH", "")])),
        }


def _no_kernel(why: str, kernel: Kernel) -> KernelDied:
    for line in kernel.log_tail():
        log.error("kernel: %s", line)
    return KernelDied(f"The notebook's kernel does not start: {why}.", "The job's log has its last words.")


def _error_of(said: dict[str, Any], finding: Finding) -> JobError:
    """A finding's error, of the category that it names."""
    error = NotebookFailed(finding.found, finding.fix)
    if said.get("category") in EXIT_CODES:
        error.category = said["category"]  # type: ignore[misc]  # this one's alone
        error.retry_helps = said.get("retry_helps") is True  # type: ignore[misc]
    return error


def _imported(content: Any) -> Iterator[str]:
    """The top-level names that its code cells import; a cell that is no plain Python is passed over."""
    for cell in content.cells:
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse(notebook.without_magics(cell.source))
        except SyntaxError:
            continue
        for node in tree.body:  # an import inside a try or a function may be optional
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]
