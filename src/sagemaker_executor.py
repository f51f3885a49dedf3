"""Runs the notebook as a SageMaker Processing Job."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from . import paths
from .errors import ConfigurationError, ExecutionLost, UnexpectedAnswer
from .execution.base_executor import BaseExecutor
from .execution.job_log import job_log_tail
from .execution.job_status import job_status
from .execution.processing_request import FROM_SETTING, processing_request
from .execution.running_jobs import running_jobs
from .execution.service_limits import check_request
from .execution.submission import Submission
from .executor import Each, JobStatus

log = logging.getLogger("credits")

CLOCKS_APART = 300.0
"""Seconds that the clocks of two bots, or the service's and ours, may differ at the most."""
_UNKNOWN = frozenset({"ResourceNotFound", "ResourceNotFoundException", "ValidationException"})
"""How SageMaker says that there is no such job, image, role or subnet."""


class SageMakerExecutor(BaseExecutor):
    """See Executor. `SageMakerExecutor()` reads its settings from the environment."""

    def _check(self, submission: Submission, /) -> None:
        request = processing_request(self._settings, submission)
        check_request(self._clients.sagemaker, "CreateProcessingJob", request, FROM_SETTING)

    def _start(self, submission: Submission) -> str:
        request = processing_request(self._settings, submission)
        doing = f"starting {submission.job_name}"
        try:
            answer = self._clients.call(self._clients.sagemaker, "create_processing_job", doing, **request)
            return str(answer["ProcessingJobArn"])
        except UnexpectedAnswer as error:
            if error.code in {"ResourceInUse", "ResourceInUseException"}:
                return self._adopt(submission)
            if error.code not in _UNKNOWN:
                raise
            raise ConfigurationError(
                f"SageMaker refused {doing}: {error.said} "
                "(Documentation/SAGEMAKER_SETUP.md lists the SAGEMAKER_ settings)."
            ) from error

    def _adopt(self, submission: Submission) -> str:
        """The ARN of the job of this name, started by a call whose answer was lost: a name can be used once only."""
        found = self._read(submission.job_name)
        if found is None:
            raise ExecutionLost(
                f"SageMaker knew the name {submission.job_name} and then no such job.",
                execution_id=submission.execution_id,
                job_name=submission.job_name,
            )
        log.info("job adopted: %s", submission.job_name)
        return str(found["ProcessingJobArn"])

    def poll(self, job_names: list[str], each: Each = map) -> dict[str, JobStatus]:
        """See JobExecutor. One list page for each 100 running jobs; one describe for each that runs no longer."""
        wanted = set(job_names)
        statuses: dict[str, JobStatus] = {}
        oldest = _oldest(wanted)
        rows = running_jobs(self._clients, "asking for the jobs' status", CreationTimeAfter=oldest) if oldest else ()
        for row in rows:
            if row["ProcessingJobName"] in wanted:
                statuses[row["ProcessingJobName"]] = self._status(row)
            if len(statuses) == len(wanted):
                break
        ended = (found for found in each(self._describe, sorted(wanted - statuses.keys())) if found is not None)
        return statuses | {found["job_name"]: found for found in ended}

    def _describe(self, job_name: str) -> JobStatus | None:
        found = self._read(job_name)
        return None if found is None else self._status(found)

    def _read(self, job_name: str) -> dict[str, Any] | None:
        doing = f"asking for the status of {job_name}"
        try:
            answer: dict[str, Any] = self._clients.call(
                self._clients.sagemaker, "describe_processing_job", doing, ProcessingJobName=job_name
            )
        except UnexpectedAnswer as error:
            if error.code in _UNKNOWN:
                return None
            raise
        return answer

    def _status(self, job: dict[str, Any]) -> JobStatus:
        """Of a description, or of a list's row, which lacks start and limit: only ended jobs need those."""
        name, status = job["ProcessingJobName"], job["ProcessingJobStatus"]
        limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", self._settings.sagemaker_max_runtime)
        return job_status(
            job_name=name,
            job_arn=job["ProcessingJobArn"],
            status=status,
            now=self._clock(),
            limit=limit,
            created=job.get("CreationTime"),
            started=job.get("ProcessingStartTime"),
            ended=job.get("ProcessingEndTime"),
            failure_reason=job.get("FailureReason"),
            exit_message=job.get("ExitMessage"),
            stopped_by_us=status in {"Failed", "Stopped"} and self._stopped_by_us(name),
        )

    @property
    def _instance_type(self) -> str:
        return self._settings.sagemaker_instance_type

    def _request_stop(self, job_name: str) -> None:
        doing = f"stopping {job_name}"
        try:
            self._clients.call(self._clients.sagemaker, "stop_processing_job", doing, ProcessingJobName=job_name)
        except UnexpectedAnswer as error:
            if error.code not in _UNKNOWN:
                raise

    def log_tail(self, job_name: str, lines: int = 20) -> list[str]:
        """See JobExecutor. Empty if the job has written nothing."""
        return job_log_tail(self._clients, job_name, lines)


def _oldest(job_names: set[str]) -> datetime | None:
    """When the oldest of these jobs may have been created, less CLOCKS_APART; None if none is ours."""
    made = [execution_id for name in job_names if (execution_id := paths.execution_id_of(name))]
    if not made:
        return None
    chosen = datetime.strptime(min(made)[:15], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    return datetime.fromtimestamp(chosen.timestamp() - CLOCKS_APART, UTC)
