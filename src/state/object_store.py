"""JSON objects in S3 with conditional writes: what several bots at once may safely share.

Every conditional write carries a nonce. When its answer is lost and the retry finds the object changed (412), our own
nonce inside means that the lost write was ours. A 409 means that two writes met; it is retried (aws.py).
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from ..aws import MISSING, AwsClients, StoredObject
from ..errors import StateConflict, StateUnreadable, TransientError, UnexpectedAnswer
from ..retries import until_unchanged


class _Nonced(Protocol):
    nonce: str

    def model_dump_json(self) -> str: ...


Model = TypeVar("Model", bound=BaseModel)

_CONDITION_FAILED = {"PreconditionFailed", "412"}
MAX_RECORD = 8_000_000
"""Bytes. A message's record has some kilobytes a link; a look-back of 30 days with 100,000 messages has 5 million."""


class ObjectStore:
    """The bot's objects in one bucket. Raises TransientError when S3 stays out of reach or another write in the way,
    ConfigurationError for a missing bucket or permission, UnexpectedAnswer for any other refusal, all after the retries
    of `AwsClients.call`; StateUnreadable, naming the key, for an object that S3 keeps and does not give.
    """

    def __init__(self, clients: AwsClients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def get(self, key: str, model: type[Model]) -> tuple[Model, str] | None:
        """(object, ETag), or None if there is none. Raises StateUnreadable for an object that breaks the model, is over
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
        """(content, ETag), or None if there is none. limit: as for AwsClients.read_object."""
        found = self._read(key, limit)
        return (found.content, found.etag) if found else None

    def get_with_metadata(self, key: str) -> tuple[bytes, dict[str, str]] | None:
        """(content, user metadata), or None if there is none."""
        found = self._read(key)
        return (found.content, found.metadata) if found else None

    def create(self, key: str, record: _Nonced) -> str:
        """Write an object that must not exist yet; its ETag. Raises StateConflict."""
        return self._write(key, record, {"IfNoneMatch": "*"})

    def replace(self, key: str, record: _Nonced, etag: str) -> str:
        """Write over exactly the version `etag`; the new ETag. Raises StateConflict."""
        return self._write(key, record, {"IfMatch": etag})

    def create_bytes(self, key: str, content: bytes, content_type: str = "application/json", **extra: Any) -> bool:
        """Write an object unless there is one; whether there was none. False also if our own lost try wrote it."""
        try:
            self._put(key, content, content_type, IfNoneMatch="*", **extra)
        except StateConflict:
            return False
        return True

    def put_bytes(self, key: str, content: bytes, content_type: str = "application/json", **extra: Any) -> None:
        """Write an object without a condition: one whose content is the same whoever writes it."""
        try:
            until_unchanged(lambda: self._put(key, content, content_type, **extra))
        except StateConflict as error:
            raise TransientError(f"S3 found a condition not met at each try at writing {key}: it had none.") from error

    def replace_bytes(self, key: str, content: bytes, etag: str) -> str:
        """Write over exactly the version `etag` of a JSON object without a nonce; the new ETag.

        Raises StateConflict, also where the write was this one, and its answer was lost: read what is there.
        """
        return self._put(key, content, IfMatch=etag)

    def delete(self, key: str) -> None:
        """Delete an object; silent if there is none."""
        self._clients.call(self._clients.s3, "delete_object", f"deleting {key}", Bucket=self._bucket, Key=key)

    def keys(self, prefix: str, start_after: str = "") -> Iterator[str]:
        """Every key under a prefix, in order; one call for each 1,000."""
        extra = {"StartAfter": start_after} if start_after else {}
        for page in self._pages(prefix, **extra):
            yield from (entry["Key"] for entry in page.get("Contents", []))

    def folders(self, prefix: str) -> list[str]:
        """The prefixes one level below `prefix` (which ends with a slash), in order."""
        pages = self._pages(prefix, Delimiter="/")
        return [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]

    def _write(self, key: str, record: _Nonced, condition: dict[str, str]) -> str:
        record.nonce = secrets.token_hex(8)
        try:
            return self._put(key, record.model_dump_json().encode(), **condition)
        except StateConflict:
            if ours := self._written_by_us(key, record.nonce):
                return ours
            raise

    def _written_by_us(self, key: str, nonce: str) -> str | None:
        found = self.get_bytes(key)
        return found[1] if found and f'"nonce":"{nonce}"'.encode() in found[0] else None

    def _unreadable(self, key: str, why: str) -> StateUnreadable:
        return StateUnreadable(
            f"s3://{self._bucket}/{key} is not what this bot writes ({why}). "
            "Restore an earlier version of the object, or delete it.",
            key=key,
        )

    def _read(self, key: str, limit: int | None = None) -> StoredObject | None:
        try:
            return self._clients.read_object(self._bucket, key, limit)
        except UnexpectedAnswer as error:
            raise StateUnreadable(
                f"S3 does not give s3://{self._bucket}/{key} ({error.code}: {error.said}). "
                "Do what S3 asks for: restore an archived object, or an earlier version of a deleted one.",
                key=key,
            ) from error

    def _put(self, key: str, body: bytes, content_type: str = "application/json", **extra: Any) -> str:
        """Write an object; its ETag. Raises StateConflict if S3 finds the condition in `extra` not met."""
        where: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
        call, doing = self._clients.call, f"writing {key}"
        try:
            answer = call(self._clients.s3, "put_object", doing, **where, Body=body, ContentType=content_type, **extra)
        except UnexpectedAnswer as error:
            if error.code not in _CONDITION_FAILED and not (error.code in MISSING and "IfMatch" in extra):
                raise
            raise StateConflict(f"{key} is not as it was read.") from error
        return str(answer["ETag"])

    def _pages(self, prefix: str, **extra: str) -> Iterator[Any]:
        arguments = {"Bucket": self._bucket, "Prefix": prefix, **extra}
        return self._clients.pages(self._clients.s3, "list_objects_v2", f"listing {prefix}", **arguments)
