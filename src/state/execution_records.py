"""The record of an execution, for callers who go on without one that cannot be read."""

from __future__ import annotations

import logging

from .. import paths
from ..config import Settings
from ..errors import StateUnreadable
from .object_store import ObjectStore
from .records import ExecutionRecord

log = logging.getLogger("credits")


def find_record(store: ObjectStore, execution_id: str) -> tuple[ExecutionRecord, str] | None:
    """(record, ETag); None if there is none, or it cannot be read. Raises as ObjectStore does."""
    try:
        return store.get(paths.ExecutionPaths(execution_id).record, ExecutionRecord)
    except StateUnreadable as error:
        log.error("%s", error)
        return None


def demanded_of(found: tuple[ExecutionRecord, str] | None, settings: Settings) -> str:
    """The profile its result must keep: the one saved when it began, else the settings'."""
    demanded = found[0].result_profile if found else None
    return settings.demanded_profile if demanded is None else demanded
