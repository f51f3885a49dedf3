"""What is printed of an execution that somebody started by hand: no thread holds its answer."""

from __future__ import annotations

import json
import sys

from .. import console_links, paths
from ..config import BotSettings
from ..executor import CreditResult, JobInfo
from ..slack import reply
from ..slack.text import for_terminal


def print_started(job: JobInfo, *, as_json: bool) -> None:
    """Which execution it is: on stderr where stdout is for a machine."""
    started = f"execution {job['execution_id']} started as job {job['job_name']}"
    print(started, file=sys.stderr if as_json else sys.stdout, flush=True)


def print_result(settings: BotSettings, result: CreditResult, *, as_json: bool) -> None:
    """What the thread would say, or result.json."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    files = paths.ExecutionPaths(result["execution_id"])

    def console(key: str) -> str:
        return console_links.s3_object(settings.aws_default_region, settings.s3_output_bucket, key)

    answer = reply.answer(result, report_url=console(files.report), notebook_url=console(files.notebook))
    print(for_terminal(answer.text))
