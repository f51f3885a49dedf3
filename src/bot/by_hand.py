"""Refuses and prints executions that somebody starts by hand, without Slack."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from .. import console_links, paths
from ..config import BotSettings
from ..errors import QueryError
from ..executor import CreditResult, JobInfo
from ..looker.links import LookerLink
from ..slack import reply
from ..slack.text import for_terminal
from ..state.audit_record import AuditWriter, keep_query, record_of_refusal
from ..state.object_store import ObjectStore
from ..state.records import Origin
from ..times import iso
from .first_look import FirstLook


class RefusalByHand:
    """Takes the bot's first look at a SQL run by hand, and keeps a refusal. `clock`: seconds since 1970."""

    def __init__(
        self,
        settings: BotSettings,
        store: ObjectStore,
        first_look: FirstLook,
        clock: Callable[[], float],
        origin: Origin,
    ) -> None:
        self._settings = settings
        self._store = store
        self._first_look = first_look
        self._clock = clock
        self._origin = origin

    def begin(self, sql: str, link: LookerLink | None = None) -> str:
        """Choose an execution's id for this SQL. Raises QueryError where no job is to be started, once that is kept."""
        now = self._clock()
        execution_id = paths.new_execution_id(datetime.fromtimestamp(now, UTC))
        understood, refusal = self._first_look.at(sql, execution_id, link)
        if refusal is None:
            return execution_id
        keep_query(self._store, execution_id, sql)
        record = record_of_refusal(
            execution_id,
            purpose=self._origin.purpose,
            result_profile=self._settings.demanded_profile,
            refusal=refusal,
            understood=understood,
            seen_at=iso(now),
            link=self._origin.link,
        )
        AuditWriter(self._store).create(record)
        said = reply.refused_claim(refusal.message, refusal.advice, understood=understood)
        raise QueryError(for_terminal(said.text), execution_id=execution_id)


def print_started(job: JobInfo, *, as_json: bool) -> None:
    """Print which execution was started; on stderr if stdout is for a machine."""
    started = f"execution {job['execution_id']} started as job {job['job_name']}"
    print(started, file=sys.stderr if as_json else sys.stdout, flush=True)


def print_result(settings: BotSettings, result: CreditResult, *, as_json: bool) -> None:
    """Print what the thread would say, or result.json."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    files = paths.ExecutionPaths(result["execution_id"])

    def console(key: str) -> str:
        return console_links.s3_object(settings.aws_default_region, settings.s3_output_bucket, key)

    answer = reply.answer(result, report_url=console(files.report), notebook_url=console(files.notebook))
    print(for_terminal(answer.text))
