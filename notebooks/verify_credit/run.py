"""One run of the notebook: what its cells call, in their order. The steps are the package's other modules."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .calculation import Decision, decide
from .charts import by_mode
from .claim import Claim
from .credentials import load_credentials
from .evidence import Evidence
from .looker_sql import DEFAULT_ALLOWED_TABLES, Session, read_claim
from .looker_sql.identity import reader_sha256
from .policy import policy_for
from .presto import QueryResult, Warehouse
from .queries import render
from .report import render_report
from .result import build_result, sha256
from .workdir import Workdir, now

_NOT_YET = "0" * 64
"""Stands for a SHA-256 that only the runner knows; the runner puts it in."""


class Run:
    """The steps of one run; each does what comes before it, once. `results` has the queries' rows, by query name.

    execution_id, secret_name and workdir may be empty where the notebook is opened by hand.
    """

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
        self._claim: Claim | None = None
        self._evidence: Evidence | None = None
        self._decision: Decision | None = None
        self.results: dict[str, QueryResult] = {}

    def read_claim(self) -> Claim:
        """Read the secret and the Looker SQL; return the claim, in Presto's names, and keep it for the next steps.

        Raises ClaimError, and as load_credentials does.
        """
        if self._claim is None:
            self._credentials = load_credentials(self._secret_name)
            self._claim = read_claim(
                self._looker,
                as_of=datetime.strptime(self.execution_id[:8], "%Y%m%d").replace(tzinfo=UTC).date(),
                allowed_tables=self._allowed_tables,
                asid=self._asid or None,
                session=Session(self._credentials.catalog, self._credentials.schema),
            )
        return self._claim

    def query(self) -> Evidence:
        """Run every query side by side on Presto, once; return what their rows say, and keep rows and evidence.

        Raises JobError as Warehouse and Evidence do, and as read_claim does.
        """
        if self._evidence is None:
            claim = self.read_claim()
            queries = render(claim)
            self._output = Workdir(self._folder, self.execution_id, queries)
            self.results = Warehouse(self._credentials).run_all(queries, self._output.save_query)
            self._evidence = Evidence.from_rows(claim, {name: result.rows for name, result in self.results.items()})
        return self._evidence

    def decide(self) -> Decision:
        """Compute the credit under the policy in force on the execution's day. Raises DataError, and as query does."""
        if self._decision is None:
            claim, evidence = self.read_claim(), self.query()
            self._decision = decide(claim, evidence, policy_for(claim.as_of))
        return self._decision

    def finish(self) -> Path:
        """Write report.html, breakdown.png if it is wanted and, last, result.json; return their folder."""
        claim, evidence, decision, timestamp = self.read_claim(), self.query(), self.decide(), now()
        queries = self._output.queries(self.results)
        report = render_report(
            claim,
            evidence,
            decision,
            execution_id=self.execution_id,
            timestamp=timestamp,
            queries=queries,
            image=self._image or None,
        )
        if self._picture:
            self._output.write_picture(by_mode(decision).png())
        provenance = {
            "sql_sha256": sha256(claim.sql),
            "sql_as_run_sha256": sha256(claim.sql_as_run),
            "notebook_sha256": _NOT_YET,
            "executed_notebook_sha256": _NOT_YET,
            "report_sha256": self._output.write_report(report),
            "image": self._image or None,
            "reader_sha256": reader_sha256(self._allowed_tables),
            "queries": queries,
        }
        self._output.write_result(
            build_result(
                claim,
                evidence,
                decision,
                execution_id=self.execution_id,
                timestamp=timestamp,
                provenance=provenance,
            )
        )
        return self._folder
