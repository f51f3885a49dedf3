"""One execution: the notebook through papermill in a watched kernel, then everything it left, uploaded in order."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import papermill
from papermill.exceptions import PapermillExecutionError

from runner import engine, notebook, reading, report, result, secret
from runner.errors import WHOEVER, JobError, KernelDied, NotebookFailed, TooSlow
from runner.kernel import Kernel
from runner.outcome import CellFailed, failure_in_cell
from runner.redaction import Redactor
from runner.settings import JobSettings
from runner.upload import Outputs
from runner.watch import StopSignal, Watch
from runner.workdir import DATA, PICTURE, PROGRESS, REPORT, RESULT, Workdir

log = logging.getLogger("job")

EXECUTED = "notebook_output.ipynb"
PROGRESS_EVERY = 1.0
"""Seconds between two looks at progress.json."""
START_SECONDS = 120
"""How long a kernel may take to start."""


class Execution:
    """`work` is a folder of our own; `started` the process's start in time.monotonic's seconds."""

    def __init__(self, settings: JobSettings, work: Path, redactor: Redactor, stop: StopSignal, started: float) -> None:
        self._settings = settings
        self._work = work
        self._redactor = redactor
        self._stop = stop
        self._started = started
        self._workdir = Workdir(work / "run")
        self._prepared = work / "notebook.ipynb"
        self._executed = work / EXECUTED
        self._ended = threading.Event()
        self._shown = engine.Shown()

    def run(self) -> None:
        """Run the notebook and upload what it made. Raises JobError, after uploading whatever could be uploaded."""
        secret.trust(secret.know_secrets(self._redactor, self._settings.secret_name), self._work, os.environ)
        self._outputs = Outputs(self._settings.bucket, self._settings.execution_id, self._redactor)
        self._source = notebook.Notebook(notebook.find(self._settings.notebook_dir, self._settings.notebook))
        self._source.check()
        self._source.prepare(self._prepared)
        self._workdir.fill(self._source.path.parent)
        progress = threading.Thread(target=self._tell_progress, daemon=True)
        progress.start()
        try:
            found = self._run_notebook()
            self._ended.set()
            progress.join(PROGRESS_EVERY * 10)
            self._finish(found)
        except Exception:
            self._ended.set()
            self._save_what_there_is()
            raise

    def _run_notebook(self) -> reading.Variables:
        """Run it, and return what its variables say in the end."""
        kernel = Kernel(self._work, self._workdir.folder)
        kernel.start()
        log.info("the notebook begins")
        try:
            watch = Watch(kernel, self._stop, self._deadline(), self._too_slow, besides=self._shown.too_much)
            watch.run(lambda: self._papermill(kernel))
            if error := self._shown.too_much():
                raise error
            self._check_every_cell_ran()
            return self._read(kernel)
        except PapermillExecutionError as error:
            raise self._cell_failure(kernel, error) from error
        except RuntimeError as error:  # nbclient's DeadKernelError, and what it says of a kernel that never answered
            if kernel.exit_code() is None:
                raise
            raise self._dead_kernel(kernel) from error
        finally:
            kernel.kill()

    def _papermill(self, kernel: Kernel) -> None:
        papermill.execute_notebook(
            str(self._prepared),
            str(self._executed),
            parameters=self._parameters(),
            cwd=str(self._workdir.folder),
            progress_bar=False,
            engine_name=engine.NAME,
            start_timeout=START_SECONDS,
            km=kernel.manager,
            shown=self._shown,
        )

    def _parameters(self) -> dict[str, Any]:
        """Return those of our parameters that the notebook's cell tagged parameters sets."""
        ours: dict[str, Any] = {
            "looker": self._settings.looker,
            "execution_id": self._settings.execution_id,
            "asid": self._settings.asid,
            "secret_name": self._settings.secret_name,
            "allowed_tables": list(self._settings.allowed_tables),
            "workdir": str(self._workdir.folder),
            "image": self._settings.image,
            "picture": self._settings.picture,
        }
        asked = self._source.parameters()
        return {name: value for name, value in ours.items() if name in asked}

    def _read(self, kernel: Kernel) -> reading.Variables:
        found: list[reading.Variables] = []
        limit = min(time.monotonic() + reading.SECONDS, self._deadline() or float("inf"))
        watch = Watch(kernel, self._stop, limit, reading.too_long)
        watch.run(lambda: found.append(reading.read_variables(kernel, self._work)))
        return found[0]

    def _deadline(self) -> float | None:
        soft = self._settings.soft_deadline
        return None if soft is None else self._started + soft

    # What went wrong

    def _cell_failure(self, kernel: Kernel, error: PapermillExecutionError) -> CellFailed:
        content = notebook.read(self._executed)
        told = [output for cell in content.cells for output in cell.get("outputs", []) if output.output_type == "error"]
        lines = list(told[-1].traceback) if told else list(error.traceback)
        title = _title_of(content, error.ename)
        return CellFailed(failure_in_cell(error.ename, error.evalue, lines, title, self._said_by_itself(kernel)))

    def _said_by_itself(self, kernel: Kernel) -> dict[str, Any]:
        """Ask the kernel for the category and message of the cell's error; {} if it does not answer."""
        said: dict[str, Any] = {}
        watch = Watch(kernel, self._stop, time.monotonic() + reading.SECONDS, reading.too_long)
        try:
            watch.run(lambda: said.update(reading.read_error(kernel, self._work)))
        except (JobError, RuntimeError) as error:
            log.warning("the kernel does not say how its error tells itself: %s", error)
        return said

    def _dead_kernel(self, kernel: Kernel) -> JobError:
        for line in kernel.log_tail():
            log.error("kernel: %s", line)
        code = kernel.exit_code() or 0
        if code >= 0 and notebook.begun(self._executed):
            return NotebookFailed(
                f"A cell of the notebook ended its own kernel (exit code {code}), so nothing can be read of it.",
                f"{WHOEVER}: a cell may end by sys.exit(), exit() or quit(), not by os._exit().",
            )
        return KernelDied(
            f"The notebook's kernel died (exit code {code}): out of memory, or killed.",
            "Post the link again; if it dies again, have SAGEMAKER_INSTANCE_TYPE made larger.",
        )

    def _check_every_cell_ran(self) -> None:
        """Raise NotebookFailed if a cell never ran: after a kernel's death papermill marks such cells as completed."""
        never = 0 if notebook.ended_by_itself(self._executed) else notebook.never_run(self._executed)
        if never:
            raise NotebookFailed(
                f"{never} cells of the notebook never ran, though none failed.",
                f"{WHOEVER}: the log says what its kernel met.",
            )

    def _too_slow(self) -> TooSlow:
        said = f"The job came near its limit of {self._settings.max_runtime:.0f} s"
        done = self._progress()
        if done is None:
            return TooSlow(
                f"{said}: the notebook was still at {notebook.running(self._executed) or 'its first cell'}.",
                f"Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised. {WHOEVER} if it was a loop "
                "that never ends.",
            )
        waiting = [str(name) for name in done.get("waiting_for", [])]
        return TooSlow(
            f"{said}: {done['done']} of {done['total']} queries were done"
            + (f", still at {', '.join(waiting)}." if waiting else "."),
            "Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.",
        )

    # How far it is

    def _progress(self) -> dict[str, Any] | None:
        try:
            progress = json.loads((self._workdir.folder / PROGRESS).read_bytes())
        except (OSError, ValueError):
            return None
        known = isinstance(progress, dict) and isinstance(progress.get("done"), int)
        return progress if known and isinstance(progress.get("total"), int) else None

    def _tell_progress(self) -> None:
        """Upload progress.json whenever it has changed; a failed upload is not an error."""
        told: dict[str, Any] | None = None
        while not self._ended.wait(PROGRESS_EVERY):
            progress = self._progress()
            if progress is not None and progress != told:
                log.info("%d of %d queries done", progress["done"], progress["total"])
                try:
                    self._outputs.put(PROGRESS, json.dumps(progress).encode())
                    told = progress
                except JobError as error:
                    log.warning("progress not told: %s", error)

    # What is left

    def _save_what_there_is(self) -> None:
        """Upload the notebook as far as it got, and the rows that had come; the caller reports the failure itself."""
        try:
            if self._executed.exists():
                self._outputs.put_file(EXECUTED, self._executed)
            for path in self._workdir.made_data():
                self._outputs.put_file(f"{DATA}/{path.name}", path)
        except (JobError, OSError) as error:
            log.error("what there is could not be saved: %s", error)

    def _finish(self, found: reading.Variables) -> None:
        """Upload everything, the result last: its presence means that all else is there."""
        log.info("the notebook has ended")
        made = self._result(found)
        progress = self._progress()
        if progress is not None:
            self._outputs.put(PROGRESS, json.dumps(progress).encode())
        digests = {
            f"{DATA}/{path.name}": _sha256(self._outputs.put_file(f"{DATA}/{path.name}", path))
            for path in self._workdir.made_data()
        }
        shown = self._workdir.path(REPORT) or report.made_of(
            self._executed, self._work / REPORT, self._source.path.stem
        )
        provenance = self._provenance(made)
        provenance["report_sha256"] = _sha256(self._outputs.put_file(REPORT, shown))
        provenance["executed_notebook_sha256"] = _sha256(self._outputs.put_file(EXECUTED, self._executed))
        if picture := self._workdir.path(PICTURE):
            provenance["picture_sha256"] = _sha256(self._outputs.put_file(PICTURE, picture))
        _fill_in_queries(provenance, digests)
        result.check_profile(made, self._settings.result_profile)
        self._stop.check()
        self._outputs.put(RESULT, result.dumps(made))

    def _result(self, found: reading.Variables) -> dict[str, Any]:
        """Return the result that the notebook wrote, into its folder or to S3; without one, what its variables say."""
        said = (self._settings.execution_id, self._settings.asid)
        if path := self._workdir.path(RESULT):
            made = result.from_file(_head(path, result.MOST_BYTES + 1), RESULT, *said)
        elif content := self._outputs.get(RESULT, result.MOST_BYTES + 1):
            made = result.from_file(content, f"{RESULT} in S3", *said)
        else:
            made = result.from_variables(found, *said)
        if fault := result.fault_of(made):
            raise NotebookFailed(f"The result breaks its schema at {fault}.", f"{WHOEVER}.")
        return made

    def _provenance(self, made: dict[str, Any]) -> dict[str, Any]:
        """Add what is known of every notebook's run to what the notebook's own provenance says."""
        provenance: dict[str, Any] = made.setdefault("provenance", {})
        provenance["notebook_sha256"] = _sha256(self._source.path.read_bytes())
        provenance["sql_sha256"] = _sha256(self._settings.looker.encode())
        provenance["image"] = self._settings.image or None
        return provenance


def _fill_in_queries(provenance: dict[str, Any], digests: dict[str, str]) -> None:
    """Fill in the SHA-256 of the queries' files as uploaded, without secrets; skip entries of any other form."""
    queries = provenance.get("queries")
    for query in queries if isinstance(queries, list) else []:
        for file, digest in (("file", "sha256"), ("sql_file", "sql_sha256")):
            name = query.get(file) if isinstance(query, dict) else None
            if not isinstance(name, str) or not name.startswith(f"{DATA}/"):
                continue
            if name not in digests:
                raise NotebookFailed(f"result.json names {name}, which is not there.", "Write it first.")
            query[digest] = digests[name]


def _title_of(content: Any, name: str) -> str | None:
    """The heading above the cell that failed."""
    title = None
    for cell in content.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#") and "papermill" not in cell.source:
            title = cell.source.splitlines()[0].lstrip("# ")
        if any(output.output_type == "error" and output.ename == name for output in cell.get("outputs", [])):
            return title
    return None


def _head(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        return file.read(length)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
