"""One run of the notebook: what its cells call, in their order. The steps are the package's other modules."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from .calculation import Decision, decide
from .charts import by_mode
from .claim import Claim
from .credentials import Credentials, load_credentials
from .evidence import Evidence
from .looker_sql import DEFAULT_ALLOWED_TABLES, Session, read_claim
from .looker_sql.identity import reader_sha256
from .policy import policy_for
from .presto import QueryResult, Warehouse
from .queries import render
from .report import render_report
from .result import build_result, output_rows, sha256
from .workdir import Workdir, now

_NOT_YET = "0" * 64
"""Stands for hashes that only the runner can know; it puts them in."""


class Run:
    """execution_id, secret_name and workdir may be empty where the notebook is opened by hand."""

    def __init__(
        self,
        looker: str,
        *,
        execution_id: str = "",
        asid: str = "",
        secret_name: str = "",
        allowed_tables: Sequence[str] = (),
        workdir: str = "",
        image: str = "",
        picture: bool = False,
    ) -> None:
        self.execution_id = execution_id or f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"
        self._looker = looker
        self._asid = asid
        self._allowed_tables = tuple(allowed_tables) or DEFAULT_ALLOWED_TABLES
        self._secret_name = secret_name or os.environ.get("PRESTO_SECRET_NAME", "presto-service-account-credentials")
        self._folder = Path(workdir or tempfile.mkdtemp(prefix="verify-credit-"))
        self._image = image
        self._picture = picture
        self._results: dict[str, QueryResult] = {}

    @cached_property
    def _credentials(self) -> Credentials:
        return load_credentials(self._secret_name)

    @cached_property
    def claim(self) -> Claim:
        """What the Looker SQL asks for, in Presto's names. Raises ClaimError, and as load_credentials does."""
        return read_claim(
            self._looker,
            as_of=datetime.strptime(self.execution_id[:8], "%Y%m%d").replace(tzinfo=UTC).date(),
            allowed_tables=self._allowed_tables,
            asid=self._asid or None,
            session=Session(self._credentials.catalog, self._credentials.schema),
        )

    @cached_property
    def evidence(self) -> Evidence:
        """What the warehouse says of it: every query, side by side. Raises JobError as Warehouse and Evidence do."""
        queries = render(self.claim)
        self._output = Workdir(self._folder, self.execution_id, queries)
        warehouse = Warehouse(self._credentials)
        self._results = warehouse.run_all(queries, self._output.save_query)
        return Evidence.from_rows(self.claim, {name: result.rows for name, result in self._results.items()})

    @cached_property
    def decision(self) -> Decision:
        """The credit under the policy in force on the execution's day. Raises DataError."""
        return decide(self.claim, self.evidence, policy_for(self.claim.as_of))

    @property
    def scope_table(self) -> pd.DataFrame:
        """The claim, for the reader."""
        scope = {name: "all" if value is None else value for name, value in self.claim.scope().items()}
        return pd.DataFrame({"claim": pd.Series(scope)})

    @property
    def queries_table(self) -> pd.DataFrame:
        """The queries that ran: rows and seconds."""
        self.evidence  # noqa: B018 (runs them)
        rows = [
            {"query": name, "rows": len(result.rows), "seconds": result.seconds, "attempts": result.attempts}
            for name, result in sorted(self._results.items())
        ]
        return pd.DataFrame(rows)

    @property
    def flags_table(self) -> pd.DataFrame:
        """What makes the result doubtful."""
        return pd.DataFrame([{"flag": flag.code, "what to check": flag.text} for flag in self.decision.flags])

    @property
    def output_df(self) -> pd.DataFrame:
        """A row a mode: mode, attempts, blocked, block rate, charged, provider cost, share, credit."""
        return pd.DataFrame(output_rows(self.decision))

    def finish(self) -> Path:
        """Write report.html, breakdown.png where it is wanted and, last, result.json; the folder they are in."""
        decision, timestamp = self.decision, now()
        queries = self._output.queries(self._results)
        report = render_report(
            self.claim,
            self.evidence,
            decision,
            execution_id=self.execution_id,
            timestamp=timestamp,
            queries=queries,
            image=self._image or None,
        )
        if self._picture:
            self._output.write_picture(by_mode(decision).png())
        provenance = {
            "sql_sha256": sha256(self.claim.sql),
            "sql_as_run_sha256": sha256(self.claim.sql_as_run),
            "notebook_sha256": _NOT_YET,
            "executed_notebook_sha256": _NOT_YET,
            "report_sha256": self._output.write_report(report),
            "image": self._image or None,
            "reader_sha256": reader_sha256(self._allowed_tables),
            "queries": queries,
        }
        self._output.write_result(
            build_result(
                self.claim,
                self.evidence,
                decision,
                execution_id=self.execution_id,
                timestamp=timestamp,
                provenance=provenance,
            )
        )
        return self._folder
