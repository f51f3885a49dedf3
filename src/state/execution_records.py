"""The record of an execution, for those who go on where it cannot be read: whose it is, what its result has to keep."""

from __future__ import annotations

import logging

from .. import paths
from ..config import Settings
from ..errors import StateUnreadable
from .object_store import ObjectStore
from .records import ExecutionRecord

log = logging.getLogger("credits")


def find_record(store: ObjectStore, execution_id: str) -> tuple[ExecutionRecord, str] | None:
    """(record, ETag); None where there is none that can be read. Raises as ObjectStore does."""
    try:
        return store.get(paths.ExecutionPaths(execution_id).record, ExecutionRecord)
    except StateUnreadable as error:
        log.error("%s", error)
        return None


def demanded_of(found: tuple[ExecutionRecord, str] | None, settings: Settings) -> str:
    """What its result must keep: what was demanded when it began, whatever the settings say by now."""
    demanded = found[0].result_profile if found else None
    return settings.demanded_profile if demanded is None else demanded
