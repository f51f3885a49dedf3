"""Jobs that run nothing and end as they are told: for load and for faults. One thread for all of them."""

from __future__ import annotations

import heapq
import threading
import time
import traceback
from itertools import count

from sandbox.aws.inputs import InputMissing, read_inputs
from sandbox.aws.job_log import JobLog
from sandbox.aws.jobs import Job, JobStore, Status
from sandbox.aws.machine import prepare
from sandbox.aws.outcomes import OUTCOMES, Outcome, log_lines, output_files
from sandbox.aws.platform import Platform, PlatformError
from sandbox.aws.script import Plan, Script

OUTPUTS = "credits-automation/outputs"


class ScriptedRunner:
    """A job planned to take no time ends before CreateProcessingJob answers."""

    def __init__(self, store: JobStore, platform: Platform, script: Script) -> None:
        self.overtime_status: Status = "Stopped"
        self.reader_sha256: str | None = None
        self._store = store
        self._platform = platform
        self._script = script
        self._due: list[tuple[float, int, Job, Plan, str]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._finishing = threading.Lock()
        threading.Thread(target=self._finish_when_due, name="scripted jobs", daemon=True).start()

    def start(self, job: Job) -> None:
        """Plan the job's end, or end it."""
        try:
            platform = self._platform.under(job.request["RoleArn"])
            if platform.whole:
                prepare(platform, job)
            sql = _sql(platform, job)
        except (InputMissing, PlatformError) as error:
            self._store.end(job, "Failed", reason=str(error))
            return
        plan = self._script.plan(job.name, sql)
        self._store.began(job)
        if plan.seconds <= 0:
            self._finish(job, plan.outcome, sql)
            return
        seconds = min(plan.seconds, job.max_runtime)
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), job, plan, sql))
            self._changed.notify()

    def stop(self, job: Job) -> None:
        """It ends at once."""
        self._store.end(job, "Stopped")

    def end_all(self) -> None:
        """Forget every job that still runs."""
        with self._finishing, self._changed:
            self._due.clear()

    def finish_all(self) -> int:
        """Every running job ends now, as planned; how many there were."""
        with self._changed:
            due, self._due = sorted(self._due), []
        for _, _, job, plan, sql in due:
            self._finish(job, plan.outcome, sql)
        return len(due)

    def _finish_when_due(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            with self._finishing:  # a reset waits for the job that is ending: it must not write into a fresh account
                self._finish_next()

    def _finish_next(self) -> None:
        with self._changed:
            if not self._due:
                return
            _, _, job, plan, sql = heapq.heappop(self._due)
        try:
            self._finish(job, "timeout" if plan.seconds > job.max_runtime else plan.outcome, sql)
        except Exception:  # noqa: BLE001 - one job's trouble must not end the others' thread
            traceback.print_exc()

    def _finish(self, job: Job, name: str, sql: str) -> None:
        outcome = OUTCOMES[name]
        if job.ended is not None:
            return
        try:
            self._leave(job, outcome, sql)
        except PlatformError as error:
            self._store.end(job, "Failed", reason=str(error))
        if outcome.over_time and job.started is not None:
            job.started = min(job.started, time.time() - job.max_runtime)
        status = self.overtime_status if outcome.over_time else outcome.status
        self._store.end(job, status, reason=outcome.reason, message=outcome.message)

    def _leave(self, job: Job, outcome: Outcome, sql: str) -> None:
        platform = self._platform.under(job.request["RoleArn"])
        bucket, execution_id = (job.environment.get(name, "") for name in ("S3_OUTPUT_BUCKET", "EXECUTION_ID"))
        files = output_files(outcome, execution_id, sql, job.environment.get("IMAGE_URI"), self.reader_sha256)
        for file, content in files:
            platform.put_object(bucket, f"{OUTPUTS}/{execution_id}/{file}", content)
        log = JobLog(platform, job)
        for line in log_lines(outcome):
            log.write(line)
        log.flush()


def _sql(platform: Platform, job: Job) -> str:
    files = dict(read_inputs(platform, job))
    return files.get("query.sql", b"").decode("utf-8", "replace") or job.environment.get("LOOKER_QUERY", "")
