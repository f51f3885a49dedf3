"""One execution: the notebook through papermill in a watched kernel, then everything it left, uploaded in order."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jsonschema import Draft202012Validator
from papermill.exceptions import PapermillExecutionError
from verify_credit.errors import JobError, KernelDied, NotebookFailed, OutputError, TooSlow

from runner.kernel import Kernel
from runner.outcome import CellFailed, failure_in_cell
from runner.redaction import Redactor, know_secrets
from runner.settings import JobSettings
from runner.upload import Outputs
from runner.watch import StopSignal, Watch

log = logging.getLogger("job")

NOTEBOOK = "Verify - Credit Recommendation.ipynb"
EXECUTED = "notebook_output.ipynb"
SCHEMA = Path(__file__).resolve().parent.parent / "result.schema.json"
PROGRESS_EVERY = 1.0
START_SECONDS = 120


class Execution:
    """`work` is a folder of our own; `started` the process's start in time.monotonic's seconds."""

    def __init__(self, settings: JobSettings, work: Path, redactor: Redactor, stop: StopSignal, started: float) -> None:
        self._settings = settings
        self._work = work
        self._redactor = redactor
        self._stop = stop
        self._started = started
        self._run = work / "run"
        self._source = settings.notebook_dir / NOTEBOOK
        self._executed = work / EXECUTED
        self._ended = threading.Event()

    def run(self) -> None:
        """Run the notebook and upload what it made. Raises JobError, whatever could be uploaded being uploaded."""
        know_secrets(self._redactor, self._settings.secret_name)
        self._outputs = Outputs(self._settings.bucket, self._settings.execution_id, self._redactor)
        self._run.mkdir()
        progress = threading.Thread(target=self._tell_progress, daemon=True)
        progress.start()
        try:
            self._run_notebook()
            self._ended.set()
            progress.join(PROGRESS_EVERY * 10)
            self._finish()
        except Exception:
            self._ended.set()
            self._save_what_there_is()
            raise

    def _run_notebook(self) -> None:
        kernel = Kernel(self._work, self._settings.notebook_dir)
        deadline = self._settings.soft_deadline
        watch = Watch(kernel, self._stop, None if deadline is None else self._started + deadline, self._too_slow)
        kernel.start()
        try:
            watch.run(lambda: self._papermill(kernel))
        except PapermillExecutionError as error:
            raise self._cell_failure(error) from error
        except RuntimeError as error:  # nbclient's DeadKernelError, and what it says of a kernel that never answered
            if kernel.exit_code() is None:
                raise
            raise self._dead_kernel(kernel) from error
        finally:
            kernel.kill()
        self._check_every_cell_ran()

    def _papermill(self, kernel: Kernel) -> None:
        papermill.execute_notebook(
            str(self._source),
            str(self._executed),
            parameters=self._parameters(),
            cwd=str(self._settings.notebook_dir),
            progress_bar=False,
            start_timeout=START_SECONDS,
            km=kernel.manager,
        )

    def _parameters(self) -> dict[str, Any]:
        """papermill only warns of a parameter that the notebook does not have: here it is an error."""
        parameters: dict[str, Any] = {
            "looker": self._settings.looker,
            "execution_id": self._settings.execution_id,
            "asid": self._settings.asid,
            "secret_name": self._settings.secret_name,
            "allowed_tables": list(self._settings.allowed_tables),
            "workdir": str(self._run),
            "image": self._settings.image,
            "picture": self._settings.picture,
        }
        unknown = sorted(parameters.keys() - papermill.inspect_notebook(str(self._source)).keys())
        if unknown:
            raise NotebookFailed(
                f"The notebook has no parameter {' and no parameter '.join(unknown)}.",
                "Put it into the cell tagged parameters.",
            )
        return parameters

    def _cell_failure(self, error: PapermillExecutionError) -> CellFailed:
        notebook = _read(self._executed)
        told = [
            output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"
        ]
        lines = list(told[-1].traceback) if told else list(error.traceback)
        return CellFailed(failure_in_cell(error.ename, error.evalue, lines, self._title_of(notebook, error.ename)))

    def _title_of(self, notebook: Any, name: str) -> str | None:
        """The heading above the cell that failed."""
        title = None
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and cell.source.startswith("#") and "papermill" not in cell.source:
                title = cell.source.splitlines()[0].lstrip("# ")
            if any(output.output_type == "error" and output.ename == name for output in cell.get("outputs", [])):
                return title
        return None

    def _dead_kernel(self, kernel: Kernel) -> KernelDied:
        for line in kernel.log_tail():
            log.error("kernel: %s", line)
        code = kernel.exit_code()
        return KernelDied(
            f"The notebook's kernel died (exit code {code}): out of memory, or killed.",
            "Post the link again; if it dies again, have SAGEMAKER_INSTANCE_TYPE made larger.",
        )

    def _check_every_cell_ran(self) -> None:
        """papermill marks cells as completed that never ran when the kernel dies under them."""
        notebook = _read(self._executed)
        skipped = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count is None]
        if skipped:
            raise KernelDied(f"{len(skipped)} cells of the notebook never ran.", "Post the link again.")

    def _too_slow(self) -> TooSlow:
        done = self._progress()
        at = f"{done['done']} of {done['total']} queries were done" if done else "no query was done"
        waiting = sorted({path.stem for path in self._queries_dir().glob("*.sql")} - self._done_queries())
        return TooSlow(
            f"The job came near its limit of {self._settings.max_runtime:.0f} s: {at}"
            + (f", still at {', '.join(waiting)}." if waiting else "."),
            "Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.",
        )

    def _queries_dir(self) -> Path:
        return self._settings.notebook_dir / "verify_credit" / "queries"

    def _done_queries(self) -> set[str]:
        return {path.stem for path in (self._run / "data").glob("*.sql")}

    def _progress(self) -> dict[str, Any] | None:
        try:
            progress: dict[str, Any] = json.loads((self._run / "progress.json").read_bytes())
        except (OSError, ValueError):
            return None
        return progress

    def _tell_progress(self) -> None:
        """Upload progress.json whenever it has changed; nobody fails for it."""
        told: dict[str, Any] | None = None
        while not self._ended.wait(PROGRESS_EVERY):
            progress = self._progress()
            if progress is not None and progress != told:
                try:
                    self._outputs.put("progress.json", json.dumps(progress).encode())
                    told = progress
                except JobError as error:
                    log.warning("progress not told: %s", error)

    # What is left

    def _save_what_there_is(self) -> None:
        """The notebook as far as it got, and the rows that had come; the failure itself is told by the caller."""
        try:
            if self._executed.exists():
                self._outputs.put_file(EXECUTED, self._executed)
            for path in sorted((self._run / "data").glob("*")):
                if not path.name.startswith("."):
                    self._outputs.put_file(f"data/{path.name}", path)
        except (JobError, OSError) as error:
            log.error("what there is could not be saved: %s", error)

    def _finish(self) -> None:
        result = self._result()
        self._put_progress()
        digests = {
            f"data/{path.name}": _sha256(self._outputs.put_file(f"data/{path.name}", path))
            for path in sorted((self._run / "data").glob("*"))
        }
        report = self._outputs.put_file("report.html", self._made("report.html"))
        notebook = self._outputs.put_file(EXECUTED, self._executed)
        provenance = result["provenance"]
        provenance["notebook_sha256"] = _sha256(self._source.read_bytes())
        provenance["executed_notebook_sha256"] = _sha256(notebook)
        provenance["report_sha256"] = _sha256(report)
        picture = self._run / "breakdown.png"
        if picture.exists():
            provenance["picture_sha256"] = _sha256(self._outputs.put_file(picture.name, picture))
        for query in provenance["queries"]:
            for file, digest in (("file", "sha256"), ("sql_file", "sql_sha256")):
                if query[file] not in digests:
                    raise OutputError(
                        f"result.json names {query[file]}, which is not there.", "Let run.finish() name it."
                    )
                query[digest] = digests[query[file]]
        _check(result)
        self._stop.check()
        content = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
        self._outputs.put("result.json", f"{content}\n".encode())

    def _put_progress(self) -> None:
        progress = self._progress()
        if progress is not None:
            self._outputs.put("progress.json", json.dumps(progress).encode())

    def _result(self) -> dict[str, Any]:
        """What the notebook made, of this execution and of the contract's shape."""
        try:
            content = self._made("result.json").read_bytes()
            result: dict[str, Any] = json.loads(content, parse_constant=_no_constant)
        except ValueError as error:
            raise OutputError(
                f"The notebook's result.json is not JSON: {error}.", "Its last cell writes it: run.finish()."
            ) from error
        _check(result)
        if result["execution_id"] != self._settings.execution_id:
            raise OutputError(
                f"The notebook's result.json is of execution {result['execution_id']}, not of this one.",
                "Hand execution_id from the parameters cell to Run(...).",
            )
        return result

    def _made(self, name: str) -> Path:
        path = self._run / name
        if not path.is_file():
            raise OutputError(f"The notebook ended without a {name}.", "Its last cell writes it: run.finish().")
        return path


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number there")


def _check(result: dict[str, Any]) -> None:
    """The writer validates too: what the bot would refuse must fail here, where the log is."""
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for error in validator.iter_errors(result):
        raise OutputError(
            f"The result breaks its schema at {error.json_path}: {error.message[:300]}",
            "Correct verify_credit/result.py, or the schema with both its readers.",
        )


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
