"""What only a job can see: one is started with MODE=check, and what it leaves in check.json becomes findings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .. import paths
from ..config import BotSettings
from ..errors import CreditsError, ExecutionFailed
from ..execution.base_executor import RESULT_EVERY, STATUS_EVERY, BaseExecutor
from ..execution.job_log import GROUP
from ..execution.job_status import ENDED_STATUSES
from ..executor import JobInfo, JobStatus
from ..notebook_choice import OUR_PROFILE
from ..state.object_store import ObjectStore
from .aws import BUCKET, CREDENTIALS, IMAGE, READ, WRITE
from .findings import Examination, Finding, NotMade
from .settings import setting

MAX_RUNTIME = 600
"""Seconds the job may take once its machine is there."""
WAIT = 1500.0  # seconds, with the machine's start
ROLE, START, RUN = "job's role", "job: start", "job: run"
SEEN_BY_THE_JOB = ("secret", "notebook", "imports", "kernel")
OF_OUR_NOTEBOOK = ("Presto", "tables and queries")
_LOG_POLICY = f"Policy: logs:DescribeLogStreams and logs:GetLogEvents on the log group {GROUP}."
_STATUS_POLICY = (
    "Policy: sagemaker:ListProcessingJobs on *, sagemaker:DescribeProcessingJob on "
    "arn:aws:sagemaker:*:*:processing-job/credits-automation-*."
)
_STOP_POLICY = "Policy: sagemaker:StopProcessingJob on arn:aws:sagemaker:*:*:processing-job/credits-automation-*."
_START_FIX = (
    "Policy: sagemaker:CreateProcessingJob (and sagemaker:AddTags with SAGEMAKER_TAGS) on "
    "arn:aws:sagemaker:*:*:processing-job/credits-automation-*; quota: Service Quotas, Amazon SageMaker."
)
_ROLE_REFUSED = ("iam:PassRole", "assume role", "assume the role", "pass role")


@dataclass(frozen=True)
class JobChecks:
    """`settings` as they are; `executor` made with `for_check(settings)`. clock, sleep: seconds."""

    examination: Examination
    settings: BotSettings
    executor: BaseExecutor
    store: ObjectStore
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def make(self) -> None:
        """Start the job, wait for what it says, and read its log. Ctrl-C stops the job."""
        if self.settings.executor == "sagemaker":
            self._may_ask_and_stop()
        ground = self._ground()
        answer = self._start_once() if all(map(self.examination.is_ok, ground)) else None
        job = answer if isinstance(answer, dict) else None
        try:
            self._tell_start(answer, ground)
            self._tell_run(job)
        except KeyboardInterrupt:
            if job is not None:
                with suppress(CreditsError):  # "job: stop" has said why; it ends by itself after MAX_RUNTIME
                    self.executor.stop(job["job_name"])
            raise

    def _tell_run(self, job: JobInfo | None) -> None:
        told = self._run(job) if job is not None else []
        if job is None:
            self.examination.add(Finding(RUN, "not_made", f"stands on: {START}"))
        for finding in told or [Finding(name, "not_made", f"stands on: {RUN}") for name in self._seen_by_the_job]:
            self.examination.add(finding)
        if job is not None:
            self.examination.check("job: log", lambda: self._log(job), fix=_LOG_POLICY)

    def skip(self, why: str) -> None:
        """A line that says what was not looked at."""
        for name in (START, *self._seen_by_the_job):
            self.examination.add(Finding(name, "not_made", why))

    @property
    def _seen_by_the_job(self) -> tuple[str, ...]:
        """The names of the job's own checks; some are for our notebook alone."""
        return SEEN_BY_THE_JOB + (OF_OUR_NOTEBOOK if self.settings.demanded_profile == OUR_PROFILE else ())

    def _may_ask_and_stop(self) -> None:
        """Ask about, and stop, a job that does not exist: the service answers that to a role that may."""
        nobody = paths.job_name(paths.NO_EXECUTION)
        check = self.examination.check
        check("job: status", lambda: self._asked(nobody), needs=(CREDENTIALS,), fix=_STATUS_POLICY)
        check("job: stop", lambda: self._stopped(nobody), needs=(CREDENTIALS, BUCKET), fix=_STOP_POLICY)

    def _asked(self, job_name: str) -> str:
        self.executor.poll([job_name])
        return "jobs may be listed and described"

    def _stopped(self, job_name: str) -> str:
        self.executor.stop(job_name)
        return "jobs may be stopped"

    def _tell_start(self, answer: JobInfo | CreditsError | None, ground: list[str]) -> None:
        """One call says whether the role may be passed and whether a job can be started: a line each."""
        about_role = isinstance(answer, CreditsError) and any(words in str(answer) for words in _ROLE_REFUSED)
        if self.settings.executor == "sagemaker":
            self.examination.check(ROLE, lambda: self._role(answer, about_role), needs=ground, fix=self._fix_role())
        needs = (*ground, ROLE) if about_role else ground
        self.examination.check(START, lambda: _name_of(answer), needs=needs, fix=_START_FIX)

    def _ground(self) -> list[str]:
        """An image that could not be looked for may still be there."""
        ground = [setting("S3_OUTPUT_BUCKET"), setting("PRESTO_SECRET_NAME"), CREDENTIALS, BUCKET, READ, WRITE]
        if self.settings.executor == "sagemaker":
            ground += [setting("SAGEMAKER_IMAGE_URI"), setting("SAGEMAKER_ROLE_ARN")]
        return ground + [finding.check for finding in self.examination.wrong if finding.check == IMAGE]

    def _start_once(self) -> JobInfo | CreditsError:
        try:
            return self.executor.start_check()
        except CreditsError as error:
            return error

    def _role(self, answer: JobInfo | CreditsError | None, about_role: bool) -> str:
        if isinstance(answer, CreditsError):
            raise answer if about_role else NotMade(f"stands on: {START}")
        return f"{self.settings.sagemaker_role_arn} may be passed to SageMaker"

    def _fix_role(self) -> str:
        return (
            f"The bot's policy: iam:PassRole on {self.settings.sagemaker_role_arn} (condition iam:PassedToService = "
            "sagemaker.amazonaws.com); the role's trust policy: sts:AssumeRole for sagemaker.amazonaws.com."
        )

    def _fix_run(self) -> str:
        if self.settings.executor == "local":
            return "Read what the job wrote, below; EXECUTOR=local needs the image bot-local, or requirements.txt."
        return (
            f"Read the job's log (CloudWatch, {GROUP}). An image that is not pulled, inputs that are not read: "
            f"{self.settings.sagemaker_role_arn} needs the policies of sagemaker/template.yaml; in a VPC the subnets "
            "need S3, ECR, Logs and Secrets Manager."
        )

    # The job's own findings

    def _run(self, job: JobInfo) -> list[Finding]:
        """The job's own findings; none if it left none."""
        told: list[Finding] = []

        def look() -> str:
            began = self.clock()
            told.extend(Finding(**said) for said in self._check_file(job)["checks"])
            return f"its container ran and wrote to the bucket, after {self.clock() - began:.0f} s"

        self.examination.check(RUN, look, fix=self._fix_run())
        return told

    def _check_file(self, job: JobInfo) -> dict[str, Any]:
        """check.json, once it is there. Raises ExecutionFailed if the job ends without it."""
        key = paths.ExecutionPaths(job["execution_id"]).check
        deadline, status_due = self.clock() + WAIT, 0.0
        while (found := self.store.get_bytes(key)) is None:
            if self.clock() > status_due:
                self._raise_if_ended(job, key)
                status_due = self.clock() + STATUS_EVERY
            if self.clock() > deadline:
                self.executor.stop(job["job_name"])
                raise ExecutionFailed(f"{job['job_name']} said nothing in {WAIT / 60:.0f} minutes, and was stopped.")
            self.sleep(RESULT_EVERY)
        content: dict[str, Any] = json.loads(found[0])
        return content

    def _raise_if_ended(self, job: JobInfo, key: str) -> None:
        try:
            status = self.executor.poll([job["job_name"]]).get(job["job_name"])
        except CreditsError:  # out of reach for now, or denied, which has a line of its own
            return
        if status is not None and status["status"] in ENDED_STATUSES and self.store.get_bytes(key) is None:
            raise ExecutionFailed(f"{job['job_name']} ended as {status['status']}: {_why(status)}")

    def _log(self, job: JobInfo) -> str:
        self.executor.log_tail(job["job_name"])
        return "its lines may be read"


def for_check(settings: BotSettings) -> BotSettings:
    """The same installation with a short limit: a check takes seconds."""
    return settings.model_copy(update={"sagemaker_max_runtime": MAX_RUNTIME})


def _name_of(answer: JobInfo | CreditsError | None) -> str:
    if isinstance(answer, CreditsError):
        raise answer
    assert answer is not None
    return f"{answer['job_name']} was started"


def _why(status: JobStatus) -> str:
    return " ".join(filter(None, (status["failure_reason"], status["exit_message"]))) or "the service gives no reason"
