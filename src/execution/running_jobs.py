"""The list of running jobs, page by page. Ended ones, however many, are not in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .. import paths
from ..aws import AwsClients

PAGE = 100
"""Jobs a page; the service's maximum."""


def running_jobs(clients: AwsClients, doing: str, **created: datetime) -> Iterator[dict[str, Any]]:
    """Rows of this project's running jobs. created: CreationTimeAfter or CreationTimeBefore."""
    asked: dict[str, Any] = {"NameContains": paths.JOB_NAME_PREFIX, "StatusEquals": "InProgress", "MaxResults": PAGE}
    asked |= created
    while True:
        page = clients.call(clients.sagemaker, "list_processing_jobs", doing, **asked)
        yield from page["ProcessingJobSummaries"]
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]
