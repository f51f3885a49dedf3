"""Reads all files of one execution and checks each against its recorded hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import paths
from ..errors import ConfigurationError
from ..state.audit_record import vouched
from ..state.object_store import ObjectStore
from .reader import History


@dataclass(frozen=True)
class Brought:
    """One file; `name`: below the execution's folder. content None: S3 refused it, `fault` says why."""

    name: str
    content: bytes | None
    fault: str = ""

    def write(self, folder: Path) -> None:
        """Write it into `folder`, under its name. Raises ConfigurationError if that cannot be written."""
        try:
            path = folder / self.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.content or b"")
        except OSError as error:
            raise ConfigurationError(f"{folder / self.name} cannot be written: {error.strerror}.") from error


class Files:
    """Iterates over the files that there are or that were recorded. Raises as History does; an invalid id has none."""

    def __init__(self, store: ObjectStore, execution_id: str) -> None:
        self.execution_id = execution_id
        self._store = store
        self._recorded: dict[str, str | None] = {}
        self.found: list[str] = []
        if paths.is_execution_id(execution_id):
            self._files = paths.ExecutionPaths(execution_id)
            self._recorded = self._hashes(History(store).one(execution_id) or {})
            there = [*store.keys(self._files.input_prefix), *store.keys(self._files.output_prefix)]
            self.found = list(dict.fromkeys([*there, *self._recorded]))

    def __iter__(self) -> Iterator[Brought]:
        return map(self._bring, self.found)

    def _hashes(self, record: dict[str, Any]) -> dict[str, str | None]:
        """Return the recorded hashes by key; without an audit record (yet), those in result.json."""
        hashes: dict[str, str | None] = dict(record.get("files_sha256") or {})
        if record.get("result"):
            hashes[self._files.result] = record["result_sha256"]
            return hashes | vouched(self._files, record["result"])
        if not record and (found := self._store.get_bytes(self._files.result)):
            return dict(vouched(self._files, _parsed(found[0])))
        return hashes

    def _bring(self, key: str) -> Brought:
        name = key.removeprefix(self._files.input_prefix).removeprefix(self._files.output_prefix)
        if key.startswith(paths.ROOT) and (".." in name.split("/") or not name or name.startswith("/")):
            return Brought(name, None, f"{key} was not brought: its name leads out of the folder.")
        found = self._store.get_bytes(key)
        if found is None:
            return Brought(name, None, f"{key} is missing.")
        if key not in self._recorded:
            said = "" if key == self._files.progress else f"{key}: no hash was recorded of it."
            return Brought(name, found[0], said)
        if hashlib.sha256(found[0]).hexdigest() != self._recorded[key]:
            return Brought(name, None, f"{key} was not brought: it is not what was recorded, its SHA-256 differs.")
        return Brought(name, found[0])


def check_folder(folder: Path) -> None:
    """Raise ConfigurationError unless the folder is new or empty: files of two executions must not mix."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigurationError(f"{folder} is not an empty folder: name a new one.")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be read: {error.strerror}.") from error


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        result = json.loads(content)
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}
