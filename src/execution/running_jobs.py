"""The running processing jobs that have this project's name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .. import paths
from ..aws import AwsClients

_PAGE = 100
"""Jobs a call: SageMaker's maximum."""


def running_jobs(clients: AwsClients, doing: str, **bounds: datetime) -> Iterator[dict[str, Any]]:
    """List rows of running jobs, a call for each 100; ended ones, however many, are not listed at all.

    bounds: CreationTimeAfter or CreationTimeBefore. Raises as AwsClients.call.
    """
    ours = {"NameContains": paths.JOB_NAME_PREFIX, "StatusEquals": "InProgress", "MaxResults": _PAGE}
    for page in clients.pages(clients.sagemaker, "list_processing_jobs", doing, **ours, **bounds):
        yield from page["ProcessingJobSummaries"]
