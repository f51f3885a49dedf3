"""ListProcessingJobs: pages, filters, order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.script import scripted
from tests.sandbox.account import Account


def names(account: Account, **filters: Any) -> list[str]:
    """The jobs of all pages."""
    pages = account.sagemaker.get_paginator("list_processing_jobs").paginate(**filters)
    return [row["ProcessingJobName"] for page in pages for row in page["ProcessingJobSummaries"]]


def test_pages_hold_what_was_asked_for_and_lead_to_the_next(account: Account) -> None:
    started = [account.start("SELECT 1") for _ in range(5)]

    first = account.sagemaker.list_processing_jobs(MaxResults=2)
    second = account.sagemaker.list_processing_jobs(MaxResults=2, NextToken=first["NextToken"])
    third = account.sagemaker.list_processing_jobs(MaxResults=2, NextToken=second["NextToken"])

    rows = [row for page in (first, second, third) for row in page["ProcessingJobSummaries"]]
    assert [row["ProcessingJobName"] for row in rows] == started
    assert "NextToken" not in third


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("by", ["Name", "CreationTime", "Status"])
def test_every_order_is_kept_across_pages(account: Account, by: str, order: str) -> None:
    for outcome in ("error", "result", "error", "none", "timeout"):
        account.start(scripted("SELECT 1", outcome))

    rows = [
        row
        for page in account.sagemaker.get_paginator("list_processing_jobs").paginate(
            SortBy=by, SortOrder=order, MaxResults=2
        )
        for row in page["ProcessingJobSummaries"]
    ]

    member = {"Name": "ProcessingJobName", "CreationTime": "CreationTime", "Status": "ProcessingJobStatus"}[by]
    assert len({row["ProcessingJobName"] for row in rows}) == 5
    assert [row[member] for row in rows] == sorted((row[member] for row in rows), reverse=order == "Descending")


def test_a_job_made_between_two_pages_is_neither_doubled_nor_does_it_hide_another(account: Account) -> None:
    started = [account.start("SELECT 1") for _ in range(3)]
    first = account.sagemaker.list_processing_jobs(MaxResults=2, SortOrder="Descending")

    account.start("SELECT 1")
    second = account.sagemaker.list_processing_jobs(MaxResults=2, SortOrder="Descending", NextToken=first["NextToken"])

    assert [row["ProcessingJobName"] for row in second["ProcessingJobSummaries"]] == started[:1]


def test_filters_by_name_and_status(account: Account) -> None:
    completed = account.start("SELECT 1")
    running = account.start(scripted("SELECT 1", "result after 3600"))

    assert names(account, NameContains=running[-6:]) == [running]
    assert names(account, StatusEquals="InProgress") == [running]
    assert names(account, StatusEquals="Completed", NameContains="credits-automation-") == [completed]


def test_filters_by_time_of_creation_and_of_change(account: Account) -> None:
    account.box.aws.add_ended_jobs(count=1, prefix="past-", days_ago=30)
    today = account.start("SELECT 1")
    yesterday = account.describe(today)["CreationTime"] - timedelta(days=1)

    assert names(account, CreationTimeAfter=yesterday) == [today]
    assert names(account, CreationTimeBefore=yesterday) == ["past-00000000"]
    assert names(account, LastModifiedTimeAfter=yesterday) == [today]
    assert names(account, LastModifiedTimeBefore=yesterday) == ["past-00000000"]
    assert names(account, CreationTimeAfter=yesterday, CreationTimeBefore=yesterday) == []


def test_rows_carry_status_reason_and_exit_message(account: Account) -> None:
    account.start(scripted("SELECT 1", "error"))

    [row] = account.sagemaker.list_processing_jobs()["ProcessingJobSummaries"]

    assert row["ProcessingJobStatus"] == "Failed"
    assert row["FailureReason"] == "AlgorithmError: , exit code: 11"
    assert row["ExitMessage"].startswith("data: ")
    assert row["ProcessingEndTime"] >= row["CreationTime"]


def test_a_made_up_token_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="NextToken"):
        account.sagemaker.list_processing_jobs(NextToken="bm9uc2Vuc2U=")


def test_an_account_full_of_ended_jobs_shows_the_running_ones_on_one_page(account: Account) -> None:
    account.box.aws.add_ended_jobs(count=5000)
    running = account.start(scripted("SELECT 1", "result after 3600"))

    assert names(account, StatusEquals="InProgress", NameContains="credits-automation-", MaxResults=100) == [running]
    assert account.box.count_calls(operation="ListProcessingJobs") == {"sagemaker.ListProcessingJobs": 1}
    assert len(names(account, StatusEquals="Completed", MaxResults=100)) == 5000
