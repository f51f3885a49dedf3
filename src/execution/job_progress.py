"""Where a running job stands, as it says so itself in progress.json after each query."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .. import paths
from ..errors import CreditsError
from ..state.object_store import ObjectStore


@dataclass(frozen=True)
class JobProgress:
    """Queries that have ended, queries there are, and the names of those that have not ended."""

    done: int
    total: int
    waiting_for: tuple[str, ...] = ()


def read_progress(store: ObjectStore, execution_id: str) -> JobProgress | None:
    """How far the job is; None before its first query has ended, or if that cannot be read: no error is raised."""
    try:
        found = store.get_bytes(paths.ExecutionPaths(execution_id).progress)
        said = json.loads(found[0]) if found else None
        names = tuple(str(name) for name in said.get("waiting_for", ())) if said else ()
        return JobProgress(int(said["done"]), int(said["total"]), names) if said else None
    except (CreditsError, ValueError, KeyError, TypeError, AttributeError):
        return None
