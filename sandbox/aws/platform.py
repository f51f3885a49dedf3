"""What SageMaker itself does around a job: reads its inputs, writes its log. In process, recorded as any call is."""

from __future__ import annotations

import copy
import io
import json
import re
import threading
import time
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote, urlencode
from wsgiref.types import WSGIApplication
from xml.etree import ElementTree

from sandbox.aws.model import service_model
from sandbox.http_server import make_environ
from sandbox.wire import PLATFORM_HEADER

ROLE_HEADER = "X-Sandbox-Role"
LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
MAX_EVENT = 256_000
"""Bytes of one log line."""
_MAX_BATCH_BYTES = 900_000
_MAX_BATCH = 1000
"""Bytes and lines of one PutLogEvents, below the service's limits."""
_S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class PlatformError(Exception):
    """AWS refused the platform; the text is the service's."""


class Platform:
    """Calls AWS as SageMaker does, of origin "platform": faults leave it alone.

    whole: make every call that SageMaker makes around a job, to test the job's role; else only those that show.
    """

    def __init__(self, app: WSGIApplication, region: str) -> None:
        self._app = app
        self._region = region
        self._lock = threading.Lock()
        self._groups: set[str] = set()
        self._role = ""
        self.whole = False

    def reset(self) -> None:
        """The log group is gone."""
        self._groups.clear()
        self.whole = False

    def under(self, role_arn: str) -> Self:
        """The same, acting under a job's role."""
        other = copy.copy(self)
        other._role = role_arn
        return other

    # S3

    def put_object(self, bucket: str, key: str, content: bytes) -> None:
        self._s3("PUT", f"/{bucket}/{quote(key)}", content)

    def get_object(self, bucket: str, key: str) -> bytes:
        return self._s3("GET", f"/{bucket}/{quote(key)}")

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """All keys under a prefix."""
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            query = urlencode({"list-type": "2", "prefix": prefix, **more})
            page = ElementTree.fromstring(self._s3("GET", f"/{bucket}?{query}"))
            found += [str(key.text) for key in page.iterfind(f"{_S3}Contents/{_S3}Key")]
            token = page.findtext(f"{_S3}NextContinuationToken")
            if not token:
                return found
            more = {"continuation-token": token}

    def create_bucket(self, bucket: str) -> None:
        self._s3("PUT", f"/{bucket}")

    # CloudWatch Logs

    def new_stream(self, name: str) -> None:
        """A log stream in the account's group for processing jobs, which is made where it is missing."""
        with self._lock:
            if LOG_GROUP not in self._groups:
                self.json("logs", "CreateLogGroup", {"logGroupName": LOG_GROUP})
                self._groups.add(LOG_GROUP)
        self.json("logs", "CreateLogStream", {"logGroupName": LOG_GROUP, "logStreamName": name})
        if self.whole:
            self.json("logs", "DescribeLogStreams", {"logGroupName": LOG_GROUP, "logStreamNamePrefix": name})

    def write_log(self, stream: str, lines: Iterable[tuple[int, str]]) -> None:
        """Append lines, each with its time in milliseconds; empty ones are left out, as the service refuses them."""
        for batch in _batches(lines):
            events = [{"timestamp": at, "message": line} for at, line in batch]
            self.json("logs", "PutLogEvents", {"logGroupName": LOG_GROUP, "logStreamName": stream, "logEvents": events})

    def json(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """One call of a JSON service. Raises PlatformError."""
        metadata = service_model(service).metadata
        headers = [
            ("X-Amz-Target", f"{metadata['targetPrefix']}.{operation}"),
            ("Content-Type", f"application/x-amz-json-{metadata['jsonVersion']}"),
        ]
        answer: dict[str, Any] = json.loads(
            self._call("POST", "/", service, headers, json.dumps(parameters).encode()) or "{}"
        )
        return answer

    def ec2(self, operation: str, parameters: dict[str, str]) -> bytes:
        """One call of EC2; its XML. Raises PlatformError."""
        form = urlencode({"Action": operation, "Version": service_model("ec2").api_version, **parameters})
        kind = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
        return self._call("POST", "/", "ec2", kind, form.encode())

    def _s3(self, method: str, target: str, content: bytes = b"") -> bytes:
        return self._call(method, target, "s3", [], content)

    def _call(self, method: str, target: str, service: str, headers: list[tuple[str, str]], content: bytes) -> bytes:
        scope = f"PLATFORM/{time.strftime('%Y%m%d', time.gmtime())}/{self._region}/{service}/aws4_request"
        sent = [
            ("Host", "127.0.0.1"),
            ("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            (PLATFORM_HEADER, "platform"),
            *([(ROLE_HEADER, self._role)] if self._role else []),
            ("Content-Length", str(len(content))),
            *headers,
        ]
        environ = make_environ(method, target, "HTTP/1.1", sent, 80)
        environ["wsgi.input"] = io.BytesIO(content)
        status: list[int] = []

        def start_response(line: str, _headers: list[tuple[str, str]], _info: Any = None) -> Any:
            status.append(int(line[:3]))

        answer = b"".join(self._app(environ, start_response))
        if status[0] >= HTTPStatus.MULTIPLE_CHOICES:
            raise PlatformError(_words(answer.decode("utf-8", "replace")))
        return answer


def _words(answer: str) -> str:
    """The message of an error, out of its service's JSON or XML."""
    said = re.search(r"<Message>(.*?)</Message>|\"[mM]essage\": *\"(.*?)\"", answer, re.DOTALL)
    return f"ClientError: {said[1] or said[2]}" if said else answer


def _batches(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    batch: list[tuple[int, str]] = []
    size = 0
    for at, line in lines:
        if not line.strip():
            continue
        length = len(line.encode()) + 26
        if batch and (size + length > _MAX_BATCH_BYTES or len(batch) >= _MAX_BATCH):
            yield batch
            batch, size = [], 0
        batch.append((at, line))
        size += length
    if batch:
        yield batch
