"""Saves that a reply is about to be posted; reads and checks the results that are answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..executor import CreditResult, JobExecutor, JobStatus, ReadResult
from ..notebook_choice import OUR_PROFILE
from ..state.audit import AuditTrail
from ..state.job_reader import JobReader
from ..state.records import Failure, ReplyKind, Request
from ..state.state_manager import ClaimedMessage, StateManager
from .result_check import ResultCheck, changed_since


@dataclass
class Signals:
    """What was seen of the jobs: execution ids with a result, statuses by job name."""

    results: set[str] = field(default_factory=set)
    statuses: dict[str, JobStatus] = field(default_factory=dict)

    def end_of(self, request: Request) -> JobStatus | None:
        """Return the status of the request's job if it has ended, else None."""
        status = self.statuses.get(request.execution.job_name) if request.execution else None
        return status if status and status["status"] in {"Completed", "Failed", "Stopped"} else None


class Results:
    """Reads, validates and checks each execution's result once."""

    def __init__(self, executor: JobExecutor, audit: AuditTrail, check: ResultCheck, job_reader: JobReader) -> None:
        self._executor = executor
        self._job_reader = job_reader
        self._audit = audit
        self._check = check
        self._read: dict[str, ReadResult] = {}

    def of(self, request: Request) -> CreditResult:
        """Return the result of the request's execution; note in the request the hash of its bytes.

        Raises as Executor.get_results; ResultInvalid for another query's, and for other bytes than those noted before:
        what a bot that died was about to answer, or has answered, must not be another amount by now.
        """
        execution_id = request.attempts[-1].execution_id
        if execution_id not in self._read:
            read = self._executor.read_result(execution_id)
            result = self._check.of_request(request, read, self._audit.saved_query(request))
            self._read[execution_id] = read._replace(result=result)
            if read.profile == OUR_PROFILE:
                self._job_reader.note(result)
        read = self._read[execution_id]
        if request.result_sha256 not in {None, read.sha256}:
            raise changed_since(read.result, request.result_sha256)
        request.result_sha256 = read.sha256
        return read.result

    def is_read(self, request: Request) -> bool:
        """Return whether the request's result was read and is valid."""
        return request.execution is not None and request.execution.execution_id in self._read

    def if_answered(self, request: Request) -> CreditResult | None:
        """Return the result if the reply is an answer, else None. Raises as `of`."""
        return self.of(request) if request.reply == "answer" else None

    def forget(self, request: Request) -> None:
        """Forget the result of a request that has ended."""
        if request.execution:
            self._read.pop(request.execution.execution_id, None)


def begin_reply(state: StateManager, claimed: ClaimedMessage, request: Request, kind: ReplyKind) -> None:
    """Save that a reply of this kind is about to be posted."""
    request.reply = kind
    request.state = "replying"
    request.tries = 0
    request.not_before = 0.0
    state.save(claimed)


def begin_refusal(state: StateManager, claimed: ClaimedMessage, request: Request, refusal: Failure) -> None:
    """Save that the requester is about to be told why no job is started."""
    request.failure = refusal
    begin_reply(state, claimed, request, "refused")


def begin_failure(state: StateManager, claimed: ClaimedMessage, request: Request, failure: Failure) -> None:
    """Save that the requester is about to be told why there is no answer."""
    request.failure = failure
    begin_reply(state, claimed, request, "refused" if failure.category == "request" else "failure")
