"""Runs the notebook on this machine: the same runner, environment and outputs as on SageMaker, without the service.

A job runs apart from the bot and is found again by its name, on the same machine. If that machine is gone (a pod that
ended), the job is lost, and the tick starts one new execution for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Unpack

from . import paths
from .config import Settings
from .errors import ConfigurationError
from .execution.base_executor import BaseExecutor, Common
from .execution.job_log import MAX_LINE, MAX_LINES
from .execution.job_status import job_status
from .execution.local_jobs import LocalJob, LocalJobs, default_root
from .execution.submission import Submission
from .executor import Each, JobStatus
from .job_files import job_file
from .state.audit_record import LOCAL
from .times import seconds_of

ENTRYPOINT = job_file("entrypoint.sh")
GRACE = 30.0
"""Seconds from SIGTERM to SIGKILL."""
LOST = "InternalServerError: the job's process is gone from this machine without having said how it ended."
_KEPT_FROM_THE_JOB = ("SLACK_", "LOOKER", "SAGEMAKER_")
_NOT_INHERITED = frozenset(
    {"ASID", "ALLOWED_TABLES", "IMAGE_URI", "BREAKDOWN_PICTURE", "MODE", "NOTEBOOK", "NOTEBOOK_DIR", "RESULT_PROFILE"}
)


class NotebookExecutor(BaseExecutor):
    """See Executor. `NotebookExecutor()` reads its settings from the environment.

    entrypoint: what a job runs; jobs_dir: where the jobs' folders are, by default this user's under TMPDIR; grace:
    seconds from SIGTERM to SIGKILL; environ: what the job inherits (credentials, PATH), by default this process's;
    common: as of BaseExecutor.
    """

    status_every: ClassVar[float] = 0.0

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        entrypoint: Path = ENTRYPOINT,
        jobs_dir: Path | None = None,
        grace: float = GRACE,
        environ: Mapping[str, str] | None = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(settings, **common)
        self._entrypoint = entrypoint
        self._jobs = LocalJobs(jobs_dir or default_root(), grace)
        self._environ = os.environ if environ is None else environ  # handed on to the child: no setting is read here

    def poll(self, job_names: list[str], each: Each = map) -> dict[str, JobStatus]:
        """See JobExecutor. Reads files; S3 only for a job that this machine does not have."""
        return {found["job_name"]: found for found in each(self._describe, job_names) if found is not None}

    def log_tail(self, job_name: str, lines: int = 20) -> list[str]:
        """See JobExecutor. Empty if the job has written nothing, or its machine is gone."""
        wanted = max(1, min(lines, MAX_LINES))
        return [line[:MAX_LINE] for line in self._jobs.log_tail(_folder(job_name), wanted)]

    def _check(self, _submission: Submission, /) -> None:
        if not self._entrypoint.is_file():
            raise ConfigurationError(
                f"EXECUTOR=local needs the notebook and its runner beside the bot: there is no {self._entrypoint}. "
                "Use the image bot-local, or set EXECUTOR=sagemaker."
            )
        folder, notebook = self._settings.notebook_dir, self._settings.notebook
        if (folder or Path(notebook).is_absolute()) and notebook and not Path(folder, notebook).is_file():
            raise ConfigurationError(
                f"NOTEBOOK is {notebook}, and there is no {Path(folder, notebook)}: give a path on this machine, "
                "absolute or relative to NOTEBOOK_DIR."
            )

    def _start(self, submission: Submission) -> str:
        self._jobs.start(
            submission.execution_id,
            ["/bin/sh", str(self._entrypoint)],
            submission.query,
            self._inherited() | _without_image(submission.environment) | self._of_this_machine(),
            now=self._clock(),
            limit=self._settings.sagemaker_max_runtime,
        )
        return _arn(submission.job_name)

    def _of_this_machine(self) -> dict[str, str]:
        folder = self._settings.notebook_dir
        return {"PYTHON": sys.executable, **({"NOTEBOOK_DIR": str(Path(folder).resolve())} if folder else {})}

    def _inherited(self) -> dict[str, str]:
        """This process's environment without Slack, Looker and settings: a job's settings come from the submission."""
        return {
            name: value
            for name, value in self._environ.items()
            if not name.startswith(_KEPT_FROM_THE_JOB) and name not in _NOT_INHERITED
        }

    def _describe(self, job_name: str) -> JobStatus | None:
        job = self._jobs.find(_folder(job_name))
        if job is not None:
            return self._status(job_name, job)
        found = self._book.find(job_name)
        if found is None:
            return None
        created = seconds_of(found.created_at)
        return self._status(job_name, LocalJob(created, float("inf"), None, alive=False, stopping=False, end=None))

    def _status(self, job_name: str, job: LocalJob) -> JobStatus:
        end = job.end or ({} if job.alive else {"status": "Failed", "reason": LOST})
        status = end.get("status", "Stopping" if job.stopping else "InProgress")
        return job_status(
            job_name=job_name,
            job_arn=_arn(job_name),
            status=status,
            now=self._clock(),
            limit=job.limit if job.end else float("inf"),
            created=_moment(job.created),
            started=_moment(job.started),
            ended=_moment(end.get("ended_at", self._clock())) if end else None,
            failure_reason=end.get("reason"),
            exit_message=end.get("exit_message"),
            stopped_by_us=status in {"Failed", "Stopped"} and self._stopped_by_us(job_name),
        )

    @property
    def _instance_type(self) -> str:
        return LOCAL

    def _request_stop(self, job_name: str) -> None:
        self._jobs.stop(_folder(job_name))


def _folder(job_name: str) -> str:
    """The job's folder, by its execution id: a name from outside must not lead out of the jobs' folder."""
    return paths.execution_id_of(job_name) or "unknown"


def _without_image(environment: Mapping[str, str]) -> dict[str, str]:
    """Without IMAGE_URI: what runs here does not run from the image."""
    return {name: value for name, value in environment.items() if name != "IMAGE_URI"}


def _arn(job_name: str) -> str:
    return f"local:processing-job/{job_name}"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
