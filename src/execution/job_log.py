"""The last lines of a processing job's log, by as few calls as CloudWatch allows; and which lines may be posted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..aws import AwsClients
from ..errors import UnexpectedAnswer

GROUP = "/aws/sagemaker/ProcessingJobs"
MAX_LINES = 200
MAX_LINE = 1000
"""Characters."""
_PAGES = 3  # read at most
_ATTEMPTS = 2  # a failure message waits for these lines: better without them than late

_STEP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d (?:\d{8}_\d{6}_[0-9a-f]{8}|-) INFO "
    r"(?:the notebook (?:begins|has ended)|\d{1,9} of \d{1,9} queries done|failed: [a-z]{1,20}|done in \d{1,9}\.\d s)"
)
"""A whole line in which the job tells a step (sagemaker/runner/): it has no room for a value."""


def sayable(lines: Iterable[str]) -> list[str]:
    """The lines that may be posted in Slack.

    All else that a job writes may hold values of somebody's table: errors (an older image's whole), what its kernel and
    its notebook print, the platform's lines. The job's log has them.
    """
    return [line for line in lines if _STEP.fullmatch(line)]


def job_log_tail(clients: AwsClients, job_name: str, lines: int) -> list[str]:
    """At most `lines` (and MAX_LINES), oldest first, each cut at MAX_LINE; none if the job has written nothing.

    Raises TransientError and ConfigurationError if they cannot be read.
    """
    doing = f"reading the log of {job_name}"
    wanted = max(1, min(lines, MAX_LINES))
    try:
        stream = _stream(clients, job_name, doing)
        events = _last_events(clients, stream, wanted, doing) if stream else []
    except UnexpectedAnswer as error:
        if error.code == "ResourceNotFoundException":
            return []
        raise
    return [line[:MAX_LINE] for event in events for line in event["message"].splitlines()][-wanted:]


def _stream(clients: AwsClients, job_name: str, doing: str) -> str | None:
    """The name has a part that only the service knows: `{job name}/algo-1-…`."""
    page = clients.call(
        clients.logs,
        "describe_log_streams",
        doing,
        attempts=_ATTEMPTS,
        logGroupName=GROUP,
        logStreamNamePrefix=f"{job_name}/",
        limit=1,
    )
    streams = page["logStreams"]
    return str(streams[0]["logStreamName"]) if streams else None


def _last_events(clients: AwsClients, stream: str, wanted: int, doing: str) -> list[dict[str, Any]]:
    """Backwards from the end: a page may come empty though older events exist."""
    events: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    for _ in range(_PAGES):
        page = clients.call(
            clients.logs,
            "get_log_events",
            doing,
            attempts=_ATTEMPTS,
            logGroupName=GROUP,
            logStreamName=stream,
            limit=wanted,
            startFromHead=False,
            **more,
        )
        events = [*page["events"], *events]
        token = page.get("nextBackwardToken")
        if len(events) >= wanted or not token or token == more.get("nextToken"):
            break
        more = {"nextToken": token}
    return events
