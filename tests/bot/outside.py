"""Slack and jobs in memory, for tables of what the bot's parts decide: no service, no HTTP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from src import paths
from src.errors import CreditsError
from src.execution.job_status import job_status
from src.executor import CreditResult, Each, Executor, JobInfo, JobStatus, ReadResult, is_verify_query
from src.slack.text import Message


@dataclass(frozen=True)
class Said:
    """One thing that Slack was asked to show. to: a thread's time stamp, or a user."""

    to: str
    text: str
    key: str


class FakeSlack:
    """SlackClient's methods that the bot's parts call. refuses: method → the errors of its next calls.

    on_post: called right before something is shown.
    """

    def __init__(self) -> None:
        self.channels = {"#credits": "C1"}
        self.messages: list[dict[str, Any]] = []
        self.said: list[Said] = []
        self.calls: list[str] = []
        self.refuses: defaultdict[str, list[CreditsError]] = defaultdict(list)
        self.on_post: Callable[[], None] = lambda: None

    def _asked(self, method: str) -> None:
        self.calls.append(method)
        if self.refuses[method]:
            raise self.refuses[method].pop(0)

    def _show(self, method: str, said: Said, may_post: Callable[[], None]) -> str:
        may_post()
        self._asked(method)
        self.on_post()
        self.said.append(said)
        return f"1768480{len(self.said):03}.000100"

    def channel_id(self, name_or_id: str) -> str:
        self._asked("channel_id")
        return self.channels[name_or_id]

    def history(self, channel: str, oldest: float, latest: float | None = None) -> list[dict[str, Any]]:
        self._asked("history")
        return [message for message in self.messages if float(message["ts"]) >= oldest]

    def find_reply(self, channel: str, thread_ts: str, key: str) -> str | None:
        self._asked("find_reply")
        found = [number for number, said in enumerate(self.said, 1) if (said.to, said.key) == (thread_ts, key)]
        return f"1768480{found[0]:03}.000100" if found else None

    def permalink(self, channel: str, ts: str) -> str:
        self._asked("permalink")
        return f"https://slack.example/{channel}/{ts}"

    def post_reply(
        self,
        channel: str,
        thread_ts: str,
        message: Message,
        key: str,
        may_post: Callable[[], None],
        *,
        metadata: bool = True,
    ) -> str:
        return self._show("post_reply", Said(thread_ts, message.text, key), may_post)

    def send_dm(
        self,
        user: str,
        message: Message,
        key: str,
        check_first: bool,
        may_post: Callable[[], None],
        *,
        metadata: bool = True,
    ) -> None:
        if not (check_first and any((said.to, said.key) == (user, key) for said in self.said)):
            self._show("send_dm", Said(user, message.text, key), may_post)

    def update(self, channel: str, ts: str, message: Message) -> None:
        self._asked("update")

    def delete(self, channel: str, ts: str) -> None:
        self._asked("delete")

    def react(self, channel: str, ts: str, name: str) -> None:
        self._asked(f"react {name}")


class FakeExecutor(Executor):
    """Jobs that stand as they are told to. results: execution id → result, or the error of reading it."""

    def __init__(self) -> None:
        self.results: dict[str, ReadResult | CreditsError] = {}
        self.statuses: dict[str, JobStatus] = {}
        self.reads: list[str] = []
        self.looks: list[str] = []
        self.polls: list[list[str]] = []
        self.stopped: list[str] = []
        self.refuses: list[CreditsError] = []

    def execute(self, looker_query: str, asid: str | None = None, *, execution_id: str | None = None) -> JobInfo:
        assert execution_id is not None
        return JobInfo(job_arn="arn", job_name=paths.job_name(execution_id), execution_id=execution_id)

    def wait_for_completion(self, job_name: str, timeout: float | None = None) -> JobStatus:
        raise NotImplementedError

    def get_results(self, execution_id: str) -> CreditResult:
        return self.read_result(execution_id).result

    def read_result(self, execution_id: str) -> ReadResult:
        self.reads.append(execution_id)
        found = self.results[execution_id]
        if isinstance(found, CreditsError):
            raise found
        return found

    def poll(self, job_names: list[str], each: Each = map) -> dict[str, JobStatus]:
        self.polls.append(job_names)
        self._asked()
        return {name: self.statuses[name] for name in job_names if name in self.statuses}

    def has_result(self, execution_id: str, *, completed: bool = False) -> bool:
        self.looks.append(execution_id)
        self._asked()
        return execution_id in self.results

    def is_verify_query(self, sql_query: str) -> bool:
        return is_verify_query(sql_query)

    def stop(self, job_name: str) -> None:
        self.stopped.append(job_name)

    def log_tail(self, job_name: str, lines: int = 20) -> list[str]:
        return ["the last line"]

    def _asked(self) -> None:
        if self.refuses:
            raise self.refuses.pop(0)


class QueuePool:
    """Keeps what is submitted until `work`: what is under way meanwhile can be looked at."""

    def __init__(self) -> None:
        self.queued: list[Callable[[], None]] = []

    def submit(self, urgency: int, task: Callable[[], None]) -> None:
        self.queued.append(task)

    def map(self, task: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [task(item) for item in items]

    def idle(self) -> bool:
        return not self.queued

    def close(self, wait_seconds: float) -> None:
        self.queued.clear()

    def work(self) -> None:
        """Do what is queued."""
        while self.queued:
            self.queued.pop(0)()


class CountedWaiting:
    """Counts how often a pause was ended. sleep: moves the clock."""

    stopped = False

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self.sleep = sleep
        self.wakes = 0

    def pause(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")

    def wake(self) -> None:
        self.wakes += 1


def stands(job_name: str, status: str, reason: str | None = None) -> JobStatus:
    """A job whose description says so."""
    return job_status(job_name=job_name, job_arn="arn", status=status, now=0.0, limit=1800.0, failure_reason=reason)
