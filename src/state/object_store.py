"""JSON objects in S3 with conditional writes: what several bots at once may safely share.

Every conditional write carries a nonce. When its answer is lost and the retry finds the object changed (412), our own
nonce inside means that the lost write was ours. A 409 means that two writes met: read again, then decide.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from ..aws import MISSING, AwsClients, error_code, error_message, refused
from ..errors import StateConflict, StateUnreadable, TransientError


class _Nonced(Protocol):
    nonce: str

    def model_dump_json(self) -> str: ...


Model = TypeVar("Model", bound=BaseModel)

_PRECONDITION_FAILED = {"PreconditionFailed", "412"}
_CONFLICT = {"ConditionalRequestConflict", "409"}
_CONFLICT_TRIES = 5
MAX_RECORD = 8_000_000
"""Bytes. A message's record has some kilobytes a link; a look-back of 30 days with 100,000 messages has 5 million."""


class ObjectStore:
    """The bot's objects in one bucket. Raises TransientError when S3 stays out of reach, ConfigurationError for
    a missing bucket or permission, both after the retries of `AwsClients.call`; StateUnreadable, naming the key, for
    an object that S3 keeps and does not give.
    """

    def __init__(self, clients: AwsClients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def get(self, key: str, model: type[Model]) -> tuple[Model, str] | None:
        """(object, ETag), or None where there is none. Raises StateUnreadable for what breaks the model, is over
        MAX_RECORD, or says itself that it belongs under another key.
        """
        found = self.get_bytes(key, MAX_RECORD)
        if found is None:
            return None
        body, etag = found
        if len(body) > MAX_RECORD:
            raise self._unreadable(key, f"it has more than {MAX_RECORD} bytes")
        try:
            record = model.model_validate_json(body)
        except ValidationError as error:
            raise self._unreadable(key, f"{error.error_count()} faults, first: {error.errors()[0]['msg']}") from error
        if getattr(record, "own_key", None) not in {None, key}:
            raise self._unreadable(key, "by what it says it belongs under another key")
        return record, etag

    def get_bytes(self, key: str, limit: int | None = None) -> tuple[bytes, str] | None:
        """(content, ETag), or None where there is none. limit: as for AwsClients.read_object."""
        try:
            return self._clients.read_object(self._bucket, key, limit)
        except ClientError as error:
            raise self._not_given(key, error) from error

    def create(self, key: str, record: _Nonced) -> str:
        """Write an object that must not exist yet; its ETag. Raises StateConflict."""
        return self._write(key, record, {"IfNoneMatch": "*"})

    def replace(self, key: str, record: _Nonced, etag: str) -> str:
        """Write over exactly the version `etag`; the new ETag. Raises StateConflict."""
        return self._write(key, record, {"IfMatch": etag})

    def create_bytes(self, key: str, content: bytes, content_type: str = "application/json", **extra: Any) -> bool:
        """Write an object unless there is one; whether there was none. Whose it is cannot be told from its content."""
        try:
            self.put_bytes(key, content, content_type, IfNoneMatch="*", **extra)
        except StateConflict:
            return False
        return True

    def put_bytes(self, key: str, content: bytes, content_type: str = "application/json", **extra: Any) -> None:
        """Write without a condition: for what is the same whoever writes it."""
        for _ in range(_CONFLICT_TRIES):
            try:
                self._call("put_object", f"writing {key}", Key=key, Body=content, ContentType=content_type, **extra)
            except ClientError as error:
                if error_code(error) in _PRECONDITION_FAILED and "IfNoneMatch" in extra:
                    raise StateConflict(f"There is a {key} already.") from error
                if error_code(error) not in _PRECONDITION_FAILED | _CONFLICT:
                    raise refused(error, f"writing {key}") from error
            else:
                return
        raise _met(key)

    def replace_bytes(self, key: str, content: bytes, etag: str) -> str:
        """Write over exactly the version `etag` of a JSON object without a nonce; the new ETag.

        Raises StateConflict, also where the write was this one, and its answer was lost: read what is there.
        """
        try:
            answer = self._call(
                "put_object", f"writing {key}", Key=key, Body=content, ContentType="application/json", IfMatch=etag
            )
        except ClientError as error:
            if error_code(error) not in _PRECONDITION_FAILED | _CONFLICT | MISSING:
                raise refused(error, f"writing {key}") from error
            raise StateConflict(f"{key} is not as it was read.") from error
        return str(answer["ETag"])

    def delete(self, key: str) -> None:
        """Delete; silent where there is none."""
        self._ask("delete_object", f"deleting {key}", Key=key)

    def keys(self, prefix: str, start_after: str = "") -> Iterator[str]:
        """Every key under a prefix, in order; one call for each 1,000."""
        extra: dict[str, Any] = {"StartAfter": start_after} if start_after else {}
        while True:
            page = self._ask("list_objects_v2", f"listing {prefix}", Prefix=prefix, **extra)
            yield from (entry["Key"] for entry in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            extra = {"ContinuationToken": page["NextContinuationToken"]}

    def folders(self, prefix: str) -> list[str]:
        """The prefixes one level below `prefix` (which ends with a slash), in order."""
        page = self._ask("list_objects_v2", f"listing {prefix}", Prefix=prefix, Delimiter="/")
        return [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]

    def get_with_metadata(self, key: str) -> tuple[bytes, dict[str, str]] | None:
        """(content, user metadata), or None where there is none."""
        try:
            answer = self._call("get_object", f"reading {key}", Key=key)
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise self._not_given(key, error) from error
        return answer["Body"].read(), dict(answer.get("Metadata", {}))

    def _write(self, key: str, record: _Nonced, condition: dict[str, str]) -> str:
        record.nonce = secrets.token_hex(8)
        body = record.model_dump_json().encode()
        for _ in range(_CONFLICT_TRIES):
            try:
                answer = self._call(
                    "put_object", f"writing {key}", Key=key, Body=body, ContentType="application/json", **condition
                )
                return str(answer["ETag"])
            except ClientError as error:
                if error_code(error) not in _PRECONDITION_FAILED | _CONFLICT | MISSING:
                    raise refused(error, f"writing {key}") from error
                ours = self._written_by_us(key, record.nonce)
                if ours:
                    return ours
                if error_code(error) not in _CONFLICT:
                    raise StateConflict(f"Another bot changed {key} first.") from error
        raise _met(key)

    def _written_by_us(self, key: str, nonce: str) -> str | None:
        found = self.get_bytes(key)
        return found[1] if found and f'"nonce":"{nonce}"'.encode() in found[0] else None

    def _unreadable(self, key: str, why: str) -> StateUnreadable:
        return StateUnreadable(
            f"s3://{self._bucket}/{key} is not what this bot writes ({why}). "
            "Restore an earlier version of the object, or delete it.",
            key=key,
        )

    def _not_given(self, key: str, error: ClientError) -> StateUnreadable:
        return StateUnreadable(
            f"S3 does not give s3://{self._bucket}/{key} ({error_code(error)}: {error_message(error)}). "
            "Restore the object, or an earlier version of it, or delete it.",
            key=key,
        )

    def _ask(self, operation: str, doing: str, **arguments: Any) -> Any:
        """A call of which every refusal is one."""
        try:
            return self._call(operation, doing, **arguments)
        except ClientError as error:
            raise refused(error, doing) from error

    def _call(self, operation: str, doing: str, **arguments: Any) -> Any:
        return self._clients.call(self._clients.s3, operation, doing, Bucket=self._bucket, **arguments)


def _met(key: str) -> TransientError:
    return TransientError(f"S3 answered every try at writing {key} with a conflict.")
