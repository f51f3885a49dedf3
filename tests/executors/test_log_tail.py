"""The last lines of a job's log, or why they cannot be had."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from src.errors import ConfigurationError, TransientError
from tests.executors.conftest import Installation
from tests.executors.fake_sagemaker import lost_answer, refusal

NAME = "credits-automation-20260115-123456-3fa94c01"
GROUP = "/aws/sagemaker/ProcessingJobs"


def _write(installation: Installation, stream: str, lines: list[str]) -> None:
    logs, now = installation.clients.logs, int(time.time() * 1000)  # CloudWatch takes no old events
    if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    events = [{"timestamp": now + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def test_the_last_lines_come_oldest_first(installation: Installation) -> None:
    _write(installation, f"{NAME}/algo-1-1768480496000", [f"line {number}" for number in range(50)])
    assert installation.executor.log_tail(NAME) == [f"line {number}" for number in range(30, 50)]
    assert installation.executor.log_tail(NAME, 2) == ["line 48", "line 49"]


def test_another_jobs_lines_are_not_shown(installation: Installation) -> None:
    _write(installation, f"{NAME}0/algo-1-1", ["another job"])
    assert installation.executor.log_tail(NAME) == []


def test_long_lines_are_cut_and_a_line_break_does_not_make_more_lines_than_asked_for(
    installation: Installation,
) -> None:
    _write(installation, f"{NAME}/algo-1-1", ["x" * 5000, "a\nb\nc"])
    assert installation.executor.log_tail(NAME, 3) == ["a", "b", "c"]
    assert [len(line) for line in installation.executor.log_tail(NAME, 4)] == [1000, 1, 1, 1]


def test_a_job_that_wrote_nothing_has_no_lines(installation: Installation) -> None:
    assert installation.executor.log_tail(NAME) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("AccessDeniedException", "", "DescribeLogStreams"), ConfigurationError),
        (refusal("ThrottlingException"), TransientError),
        (lost_answer(), TransientError),
        (refusal("InvalidParameterException", "odd"), ConfigurationError),
    ],
)
def test_lines_that_cannot_be_had_are_an_error_in_our_words(
    installation: Installation, error: Exception, kind: type[Exception]
) -> None:
    tries = []

    def refuse(**_: Any) -> Any:
        tries.append(error)
        raise error

    installation.clients.logs.describe_log_streams = refuse  # type: ignore[method-assign]
    with pytest.raises(kind) as caught:
        installation.executor.log_tail(NAME)
    assert not isinstance(caught.value, ClientError)
    assert len(tries) <= 2


def test_an_empty_page_is_not_the_end(installation: Installation) -> None:
    pages = {None: ([], "b/1"), "b/1": ([{"message": "late"}], "b/2"), "b/2": ([{"message": "early"}], "b/2")}
    _write(installation, f"{NAME}/algo-1-1", ["x"])

    def page(**asked: Any) -> Any:
        events, token = pages[asked.get("nextToken")]
        return {"events": events, "nextBackwardToken": token}

    installation.clients.logs.get_log_events = page  # type: ignore[method-assign]
    assert installation.executor.log_tail(NAME) == ["early", "late"]
