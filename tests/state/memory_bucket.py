"""A bucket in memory, where a boto3 client of S3 is expected: for tables that need no service."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from typing import Any, cast

from botocore.exceptions import ClientError

from src.aws import AwsClients
from src.config import BotSettings
from src.state.object_store import ObjectStore

NAME = "credits-bucket"


def refusal(code: str, operation: str = "PutObject") -> ClientError:
    """What boto3 raises for an answer of this code."""
    return ClientError({"Error": {"Code": code, "Message": "as the test has it"}}, operation)


class MemoryBucket:
    """S3's operations that ObjectStore calls, conditions included.

    before_put: called with each put's key before it is done; it may raise what S3 would.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: list[str] = []
        self.before_put: Callable[[str], None] = lambda key: None
        self._etags: dict[str, str] = {}
        self._numbers = count()

    def put_object(self, *, Key: str, Body: bytes, **condition: Any) -> dict[str, Any]:  # noqa: N803 (boto3's names)
        """Write, where the condition holds."""
        self.puts.append(Key)
        self.before_put(Key)
        if "IfNoneMatch" in condition and Key in self.objects:
            raise refusal("PreconditionFailed")
        if "IfMatch" in condition and self._etags.get(Key) != condition["IfMatch"]:
            raise refusal("PreconditionFailed" if Key in self.objects else "NoSuchKey")
        self.objects[Key] = Body
        self._etags[Key] = f"{next(self._numbers)}-{hashlib.sha256(Body).hexdigest()[:8]}"
        return {"ETag": self._etags[Key]}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """Read."""
        if Key not in self.objects:
            raise refusal("NoSuchKey", "GetObject")
        return {"Body": BytesIO(self.objects[Key]), "ETag": self._etags[Key], "Metadata": {}}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """Delete; silent where there is none."""
        self.objects.pop(Key, None)
        return {}

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803
        Prefix: str,  # noqa: N803
        StartAfter: str = "",  # noqa: N803
        Delimiter: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """All keys in one page; with a delimiter, the folders alone."""
        found = sorted(key for key in self.objects if key.startswith(Prefix) and key > StartAfter)
        if not Delimiter:
            return {"Contents": [{"Key": key} for key in found]}
        below = [key.removeprefix(Prefix).split(Delimiter) for key in found]
        folders = sorted({parts[0] for parts in below if len(parts) > 1})
        return {"CommonPrefixes": [{"Prefix": f"{Prefix}{folder}{Delimiter}"} for folder in folders]}

    def under(self, prefix: str) -> Iterator[bytes]:
        """The content of each object whose key contains this."""
        return (body for key, body in sorted(self.objects.items()) if prefix in key)


def clients_on(bucket: MemoryBucket, sleep: Callable[[float], None] = lambda seconds: None) -> AwsClients:
    """The project's own clients, whose S3 is this bucket."""
    clients = AwsClients(BotSettings(), session=cast("Any", object()), sleep=sleep)
    clients.s3 = cast("Any", bucket)
    return clients


def store_on(bucket: MemoryBucket) -> ObjectStore:
    """A store in this bucket."""
    return ObjectStore(clients_on(bucket), NAME)
