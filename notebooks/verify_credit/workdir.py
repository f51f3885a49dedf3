"""What the notebook leaves on disk; the runner uploads it. Every file is whole once it is there."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from .presto import QueryResult
from .result import dumps, sha256

DATA = "data"
RESULT, REPORT, PICTURE, PROGRESS = "result.json", "report.html", "breakdown.png", "progress.json"


class Workdir:
    """A folder: data/<query>.jsonl.gz and .sql for each query, progress.json, report.html, result.json."""

    def __init__(self, folder: Path, execution_id: str, queries: Iterable[str]) -> None:
        self._folder = folder
        self._execution_id = execution_id
        self._waiting_for = list(queries)
        self._total = len(self._waiting_for)
        self._lock = threading.Lock()
        (folder / DATA).mkdir(parents=True, exist_ok=True)

    def save_query(self, result: QueryResult) -> None:
        """Keep a query's rows (JSON values as Presto gave them, a row a line) and its SQL; say how far the run is."""
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in result.rows)
        self._write(f"{DATA}/{result.name}.jsonl.gz", gzip.compress(lines.encode(), mtime=0))
        self._write(f"{DATA}/{result.name}.sql", result.sql.encode())
        with self._lock:
            self._waiting_for.remove(result.name)
            progress = {
                "execution_id": self._execution_id,
                "done": self._total - len(self._waiting_for),
                "total": self._total,
                "waiting_for": self._waiting_for,
                "query": result.name,
                "seconds": result.seconds,
                "timestamp": now(),
            }
            self._write(PROGRESS, json.dumps(progress).encode())

    def queries(self, results: Mapping[str, QueryResult]) -> list[dict[str, object]]:
        """List each query's files and their SHA-256, in the form of result.json's provenance."""
        return [self._query(results[name]) for name in sorted(results)]

    def write_report(self, html: str) -> str:
        """Keep the report; return its SHA-256."""
        self._write(REPORT, html.encode())
        return sha256(html)

    def write_picture(self, png: bytes) -> None:
        """Keep the picture of the breakdown."""
        self._write(PICTURE, png)

    def write_result(self, result: Mapping[str, object]) -> None:
        """Keep the result, for the runner to complete."""
        self._write(RESULT, dumps(result).encode())

    def _query(self, result: QueryResult) -> dict[str, object]:
        file, sql_file = f"{DATA}/{result.name}.jsonl.gz", f"{DATA}/{result.name}.sql"
        return {
            "name": result.name,
            "query_id": result.query_id,
            "rows": len(result.rows),
            "seconds": result.seconds,
            "file": file,
            "sha256": sha256((self._folder / file).read_bytes()),
            "sql_file": sql_file,
            "sql_sha256": sha256((self._folder / sql_file).read_bytes()),
        }

    def _write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        new = path.with_name(f".{path.name}.{threading.get_ident()}")
        new.write_bytes(content)
        new.replace(path)


def now() -> str:
    """This moment, ISO 8601 in UTC with Z."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
