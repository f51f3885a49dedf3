"""The execution's outputs in S3: redacted on their way, with limits on every call."""

from __future__ import annotations

import gzip
import json
import mimetypes
import zlib
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runner.errors import JobError, OutputError, SettingError
from runner.outcome import Failure
from runner.redaction import Redactor

ROOT = "credits-automation/outputs"
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 6, "mode": "standard"})
_DENIED = {"AccessDenied", "403", "AllAccessDisabled"}
_TYPES = {".ipynb": "application/x-ipynb+json", ".gz": "application/gzip", ".sql": "application/sql"}


class Outputs:
    """Uploads one execution's outputs. Raises SettingError for a wrong bucket, OutputError if S3 stays out of reach."""

    def __init__(self, bucket: str, execution_id: str, redactor: Redactor, client: Any = None) -> None:
        self._bucket = bucket
        self._execution_id = execution_id
        self._redactor = redactor
        self._client = client or boto3.client("s3", config=CONFIG)

    def put_file(self, name: str, path: Path) -> bytes:
        """Upload a file under this name, secrets taken out; return the bytes that were uploaded."""
        content = self._redacted(path)
        self.put(name, content)
        return content

    def put_failure(self, failure: Failure) -> None:
        """Upload error.json."""
        said = self._redactor.value(failure.as_json(self._execution_id))
        self.put("error.json", json.dumps(said, ensure_ascii=False, indent=1).encode())

    def put(self, name: str, content: bytes) -> None:
        """Upload bytes as they are."""
        key = f"{ROOT}/{self._execution_id}/{name}"
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=kind)
        except ClientError as error:
            raise self._refused(key, error) from error
        except BotoCoreError as error:
            raise OutputError(
                f"S3 could not be reached to write {key} ({type(error).__name__}).", "Try again in a few minutes."
            ) from error

    def get(self, name: str, most: int) -> bytes | None:
        """Return the first `most` bytes of an object that the notebook has put itself; None if there is none."""
        key = f"{ROOT}/{self._execution_id}/{name}"
        try:
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read(most)
        except (ClientError, BotoCoreError):
            return None  # AWS says 403 for a missing key if the role may not list
        return content

    def _redacted(self, path: Path) -> bytes:
        content = path.read_bytes()
        if path.suffix == ".png":  # our own chart: the only words in it are the modes'
            return content
        plain = _decompressed(content) if path.suffix == ".gz" else None
        if plain is None:
            return self._clean(content)
        clean = self._clean(plain)
        return content if clean == plain else gzip.compress(clean, mtime=0)

    def _clean(self, content: bytes) -> bytes:
        """Take secrets out of text; return any other content as it is."""
        return self._redactor.text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _refused(self, key: str, error: ClientError) -> JobError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code == "NoSuchBucket":
            return SettingError(
                f"S3_OUTPUT_BUCKET names the bucket {self._bucket}, which does not exist.", "Create it, or correct it."
            )
        if code in _DENIED:
            return SettingError(
                f"The job's role may not write s3://{self._bucket}/{key} ({code}).", "Give it s3:PutObject there."
            )
        return OutputError(f"S3 refused to take {key} ({code}).", "Try again in a few minutes.")


def _decompressed(content: bytes) -> bytes | None:
    """Decompress; None if it is only called .gz."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return None
