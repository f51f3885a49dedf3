"""The job: runs the notebook with papermill and leaves its outcome in S3, whatever happens.

read the settings and the query
run the notebook in a kernel, telling its progress
upload data, notebook and report; result.json last: its presence means that all else is there
on failure: the notebook as far as it got, error.json, the container's exit message, an exit code by category

MODE=check looks at the secret, Presto and each query instead, and leaves check.json (python -m src.doctor starts it).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from runner.errors import JobError
from runner.home import make_work_folder
from runner.outcome import Failure, exit_message, failure_of
from runner.redaction import RedactingFormatter, Redactor
from runner.settings import JobSettings, destination, read_settings
from runner.upload import Outputs
from runner.watch import StopSignal

log = logging.getLogger("job")

DETAIL_LINES = 100
"""Lines of an error's detail that are logged."""


def main() -> int:
    """Run one job; its exit code: 0, or one for each category (runner/errors.py)."""
    started = time.monotonic()
    stop, redactor = StopSignal(), Redactor()
    stop.install()
    _set_up_logging(os.environ.get("EXECUTION_ID", ""), redactor)
    try:
        settings = read_settings(os.environb)
        work = make_work_folder(os.environ)
        _do(settings, work, redactor, stop, started)
    except Exception as error:  # noqa: BLE001 (whatever it is, the outcome must say so)
        return _fail(failure_of(error), redactor)
    log.info("done in %.1f s", time.monotonic() - started)
    return 0


def _do(settings: JobSettings, work: Path, redactor: Redactor, stop: StopSignal, started: float) -> None:
    if settings.check_only:
        from runner.check import check_installation  # noqa: PLC0415 (a run needs none of it, a check no papermill)

        check_installation(settings, work, redactor, stop)
        return
    from runner.execution import Execution  # noqa: PLC0415

    Execution(settings, work, redactor, stop, started).run()


def _fail(failure: Failure, redactor: Redactor) -> int:
    log.error("%s: %s %s", failure.category, failure.message, failure.advice)
    for line in failure.detail.splitlines()[:DETAIL_LINES]:
        log.error("detail: %s", line)
    log.info("failed: %s", failure.category)
    place = destination(os.environ)
    if place is not None:
        try:
            Outputs(*place, redactor).put_failure(failure)
        except JobError as error:
            log.error("error.json not uploaded: %s %s", error.message, error.advice)
    exit_message(failure, redactor, Path(os.environ.get("CREDITS_OUTPUT_DIR") or "/opt/ml/output"))
    return failure.exit_code


def _set_up_logging(execution_id: str, redactor: Redactor) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter(execution_id, redactor))
    for name in ("job", "verify_credit"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a papermill thread may hang on a dead kernel: the job ends without it
