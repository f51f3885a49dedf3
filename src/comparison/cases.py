"""Makes the cases of a comparison: links, SQL files, past executions, and the amounts expected of them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from .. import paths
from ..errors import ConfigurationError, QueryError
from ..history.columns import of_result
from ..history.reader import Record
from ..state.object_store import ObjectStore

Expected = Mapping[str, Decimal]
_AS_RUN = "data/looker.sql"


@dataclass(frozen=True)
class Case:
    """One SQL, by the name it was asked for. `recorded`: a past execution's credit, `expected`: the file's; in USD."""

    name: str
    sql: str
    recorded: Decimal | None = None
    expected: Decimal | None = None

    @property
    def key(self) -> str:
        """Return the name and the SQL's hash: a changed file is another case."""
        return f"{self.name}#{hashlib.sha256(self.sql.encode()).hexdigest()[:16]}"


class CaseReader:
    """Makes cases of what a person names. `sql_of_link` asks Looker."""

    def __init__(self, store: ObjectStore, sql_of_link: Callable[[str], str], expected: Expected) -> None:
        self._store = store
        self._sql_of_link = sql_of_link
        self._expected = expected

    def named(self, name: str) -> Case:
        """Return the case for a link, an execution id or the path of a SQL file.

        Raises LinkError for a link, QueryError for an execution that left no SQL, ConfigurationError for no file.
        """
        if name.startswith(("https://", "http://")):
            return self._case(name, self._sql_of_link(name))
        if paths.is_execution_id(name):
            return self._case(name, self._sql_of_execution(name))
        try:
            return self._case(name, Path(name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{name} is no link, no execution id and no SQL file that can be read: {error}"
            ) from error

    def past(self, record: Record) -> Case:
        """Return the case for an answered execution, with its recorded credit."""
        name = record["execution_id"]
        return self._case(name, self._sql_of_execution(name), Decimal(f"{of_result(record, 'credit_amount'):.2f}"))

    def _case(self, name: str, sql: str, recorded: Decimal | None = None) -> Case:
        return Case(name, sql, recorded, self._expected.get(name))

    def _sql_of_execution(self, execution_id: str) -> str:
        """Return the SQL as the job ran it: `last 30 days` means the days of then."""
        files = paths.ExecutionPaths(execution_id)
        for key in (files.output_prefix + _AS_RUN, files.query):
            found = self._store.get_bytes(key)
            if found is not None:
                return found[0].decode()
        raise QueryError(f"The execution {execution_id} has left no SQL: there is no {files.query}.")


def read_expected(file: Path) -> dict[str, Decimal]:
    """Return a CSV file's amounts in USD by link or execution id. Raises ConfigurationError naming a wrong line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            names = {name.strip().lower(): name for name in reader.fieldnames or []}
            what = names.get("link") or names.get("execution")
            if what is None or "amount" not in names:
                raise ConfigurationError(
                    f"{file} needs a first line that names its columns: link or execution, amount."
                )
            return dict(_expected_line(file, reader.line_num, row, what, names["amount"]) for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error


def without_repeats(cases: Iterable[Case]) -> list[Case]:
    """Return each case once, in order."""
    return list({case.key: case for case in cases}.values())


def _expected_line(file: Path, number: int, row: Mapping[str, str], what: str, amount: str) -> tuple[str, Decimal]:
    name, text = (row[what] or "").strip(), (row[amount] or "").strip()
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise ConfigurationError(f"{file}, line {number}: {text!r} is not an amount like 4948.80.") from error
    if not name or not value.is_finite():
        raise ConfigurationError(f"{file}, line {number}: it needs a link or an execution id, and an amount.")
    return name, value
