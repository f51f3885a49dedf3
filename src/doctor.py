"""Checks an installation before its first day: `credits doctor` says a line for each thing that has to be right.

✓ fine, ✗ wrong (and what fixes it), – not looked at, because what it stands on is missing. One ✗ is one thing to fix.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import boto3

from .aws import AwsClients
from .checks.aws import check_bucket, check_credentials, check_image, check_metrics
from .checks.findings import Examination, Finding
from .checks.job import JobChecks, for_check
from .checks.looker import check_looker
from .checks.refusals import check_refusals
from .checks.settings import check_settings
from .checks.slack import SlackChecks
from .command_line import TOLD_TO_END, make_parser
from .config import BotSettings, readable_settings
from .executors import make_executor
from .logs import printable
from .process_end import exit_now
from .recheck.claims import make_reader
from .state.job_reader import JobReader
from .state.object_store import ObjectStore

FINE, WRONG = 0, 1
_MARKS = {"ok": "✓", "wrong": "✗", "not_made": "–"}
_ABOUT = """
Run it with the bot's environment and the bot's role: in its pod, or where the bot itself would run. It posts nothing
and answers nobody. It starts one job that looks at the secret, Presto, and each table and query (a few minutes, about
a cent); with EXECUTOR=local, the rollback, that job runs on this machine. It exits with 1 when something is wrong.
"""
_EXAMPLES = ("", "--no-job", "--json", "--json --no-job")


def examine(
    settings: BotSettings,
    unreadable: dict[str, str],
    tell: Callable[[Finding], None],
    *,
    job: bool = True,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    session: boto3.Session | None = None,
) -> list[Finding]:
    """Every check of one installation, in order; `tell` hears of each. unreadable: what is wrong, by variable."""
    examination = Examination(tell)
    clients = AwsClients(settings, session=session, sleep=sleep)
    check_settings(examination, settings, unreadable, clients)
    check_credentials(examination, clients)
    check_bucket(examination, settings, clients)
    check_metrics(examination, clients)
    SlackChecks(examination, settings, sleep).make()
    check_looker(examination, settings, sleep)
    if settings.executor == "sagemaker":
        check_image(examination, settings, clients)
    store = ObjectStore(clients, settings.s3_output_bucket)
    reader, job_reader = make_reader(settings.allowed_tables), JobReader(store, settings.job_place, clock)
    check_refusals(examination, settings, job_reader, reader.sha256)
    executor = make_executor(for_check(settings), clients=clients, clock=clock, sleep=sleep)
    jobs = JobChecks(examination, settings, executor, store, clock, sleep)
    if job:
        jobs.make()
    else:
        jobs.skip("--no-job was given")
    return examination.findings


def main(arguments: Sequence[str] | None = None, prog: str = f"python -m {__package__}.doctor") -> int:
    """The command line; returns its exit code."""
    options = _parser(prog).parse_args(arguments)
    settings, unreadable = readable_settings()
    try:
        findings = examine(settings, unreadable, _quiet if options.json else _say, job=not options.no_job)
    except KeyboardInterrupt:
        print("Told to end: nothing further was checked.", file=sys.stderr)
        return TOLD_TO_END
    wrong = sum(finding.state == "wrong" for finding in findings)
    if options.json:
        said = {"ok": not wrong, "executor": settings.executor, "checks": [asdict(finding) for finding in findings]}
        print(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        fine = sum(finding.state == "ok" for finding in findings)
        print(f"\n{len(findings)} checks: {fine} fine, {wrong} wrong, {len(findings) - fine - wrong} not made.")
    return WRONG if wrong else FINE


def _say(finding: Finding) -> None:
    print(f"{_MARKS[finding.state]} {finding.check:<36} {printable(finding.found)}", flush=True)
    if finding.state == "wrong" and finding.fix:
        print(f"  → {printable(finding.fix)}", flush=True)


def _quiet(_finding: Finding) -> None:
    """The JSON object at the end says it all."""


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = make_parser(prog, f"{__doc__}{_ABOUT}", _EXAMPLES)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--no-job", action="store_true", help="start no job: leave out what only a job can see")
    return parser


if __name__ == "__main__":
    exit_now(main())
