"""Fills the account with a past at once, and reads all of it: through the front door, a hundred thousand objects would
take minutes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from sandbox.aws.jobs import ACCOUNT, Job, JobStore

_DAY = 86_400.0


def put_objects(bucket: str, objects: Mapping[str, str]) -> None:
    """Store objects (key to text) without a request each."""
    backend = s3_backends[ACCOUNT]["aws"]
    for key, text in objects.items():
        backend.put_object(bucket, key, text.encode())


def objects(bucket: str) -> Iterator[tuple[str, bytes]]:
    """Key and content of every object."""
    for key in list(s3_backends[ACCOUNT]["aws"].buckets[bucket].keys.values()):
        yield key.name, key.value


def job_logs(region: str) -> Iterator[tuple[str, bytes]]:
    """Name and lines of every log stream."""
    for group in list(logs_backends[ACCOUNT][region].groups.values()):
        for name, stream in list(group.streams.items()):
            yield f"{group.name}/{name}", "\n".join(event.message for event in stream.events).encode()


def add_ended_jobs(store: JobStore, count: int, prefix: str, days_ago: float, region: str) -> None:
    """Completed jobs named `{prefix}{number}`, made `days_ago`."""
    ended = time.time() - days_ago * _DAY
    for number in range(count):
        name = f"{prefix}{number:08d}"
        arn = f"arn:aws:sagemaker:{region}:{ACCOUNT}:processing-job/{name}"
        job = Job(name, arn, {"ProcessingJobName": name}, created=ended - 60 + number / 1e6, status="Completed")
        job.started, job.ended, job.modified = ended - 30, ended, ended
        store.add(job)
