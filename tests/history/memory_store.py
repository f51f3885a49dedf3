"""An object store in memory, for tests that read the same objects hundreds of times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from src.state.object_store import ObjectStore

Objects = dict[str, tuple[bytes, dict[str, str]]]


class MemoryStore(ObjectStore):
    """Key to content and metadata."""

    def __init__(self, objects: Mapping[str, tuple[bytes, dict[str, str]]] | None = None) -> None:
        self.objects: Objects = dict(objects or {})
        self._bucket = "memory"

    @classmethod
    def copy_of(cls, s3: Any, bucket: str) -> MemoryStore:
        """All of a bucket's objects."""
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        found = {key: s3.get_object(Bucket=bucket, Key=key) for key in keys}
        return cls({key: (answer["Body"].read(), answer["Metadata"]) for key, answer in found.items()})

    def with_(self, key: str, content: bytes | None = None, metadata: dict[str, str] | None = None) -> MemoryStore:
        """A store in which this object has this content, or this metadata."""
        before, told = self.objects[key]
        changed = (before if content is None else content, told if metadata is None else metadata)
        return MemoryStore({**self.objects, key: changed})

    def without(self, key: str) -> MemoryStore:
        """A store that lacks this object."""
        return MemoryStore({name: kept for name, kept in self.objects.items() if name != key})

    def get_bytes(self, key: str) -> tuple[bytes, str] | None:
        return (self.objects[key][0], "etag") if key in self.objects else None

    def get_with_metadata(self, key: str) -> tuple[bytes, dict[str, str]] | None:
        return self.objects.get(key)

    def put_bytes(self, key: str, content: bytes, content_type: str = "application/json", **extra: Any) -> None:
        self.objects[key] = (content, dict(extra.get("Metadata", {})))

    def keys(self, prefix: str, start_after: str = "") -> Iterator[str]:
        return iter(sorted(key for key in self.objects if key.startswith(prefix) and key > start_after))

    def folders(self, prefix: str) -> list[str]:
        below = (key.removeprefix(prefix).split("/") for key in self.keys(prefix))
        return sorted({f"{prefix}{parts[0]}/" for parts in below if len(parts) > 1})
