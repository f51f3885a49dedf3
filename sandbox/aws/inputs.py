"""A job's ProcessingInputs, as SageMaker brings them into the container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sandbox.aws.jobs import Job
from sandbox.aws.platform import Platform

INPUT_ROOT = "/opt/ml/processing/input"


class InputMissing(Exception):
    """A job's input is not there; the text is what SageMaker gives as FailureReason."""


def read_inputs(platform: Platform, job: Job) -> Iterator[tuple[str, bytes]]:
    """(path under /opt/ml/processing/input, content) of each file. Raises InputMissing and PlatformError."""
    for source in job.request.get("ProcessingInputs") or []:
        s3 = source.get("S3Input")
        if s3:
            folder = PurePosixPath(s3["LocalPath"]).relative_to(INPUT_ROOT)
            yield from _read_prefix(platform, s3["S3Uri"], folder)


def _read_prefix(platform: Platform, uri: str, folder: PurePosixPath) -> Iterator[tuple[str, bytes]]:
    parts = urlsplit(uri, allow_fragments=False)
    prefix = parts.path.lstrip("/")
    keys = platform.keys(parts.netloc, prefix)
    if not keys:
        raise InputMissing(f"ClientError: No S3 objects found under S3 URL {uri!r} given in input data source.")
    above = prefix.rpartition("/")[0]
    for key in keys:
        if not key.endswith("/"):
            name = key[len(above) :].lstrip("/")
            yield str(folder / name), platform.get_object(parts.netloc, key)
