"""The credit bot: this module, run, is one tick.

A tick reads the Slack channel, asks Looker for the SQL of each new link, starts an execution for each, watches them
all, and answers every thread when its result is there. What it leaves running, the next tick goes on with.
"""

from __future__ import annotations

import gc

if __name__ == "__main__":  # an importer's collector is its own business
    gc.disable()  # nothing that is imported becomes garbage: to look for some is a tenth of a quiet tick's time

import argparse
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import boto3

from .bot import metrics
from .bot.adoption import Adoption
from .bot.answer_steps import AnswerSteps
from .bot.damage import DamageReport
from .bot.display import Display, make_display
from .bot.execution_steps import ExecutionSteps
from .bot.first_look import FirstLook
from .bot.inbox import Inbox
from .bot.job_watch import JobWatch
from .bot.link_register import LinkRegister
from .bot.message_processor import MessageProcessor
from .bot.notifier import Notifier
from .bot.progress_message import ProgressMessages
from .bot.reaper import Reaper
from .bot.result_check import ResultCheck
from .bot.services import Services, make_services
from .bot.tick import Summary, Tick
from .bot.transitions import Results, Signals
from .bot.work_pool import WorkPool
from .calls import CallLog
from .config import BotSettings, load_settings
from .errors import ConfigurationError, CreditsError, Interrupted
from .logs import set_up_logging
from .process_end import exit_now
from .recheck.claims import make_reader
from .state.job_reader import JobReader
from .waiting import Waiter, Waiting

if __name__ == "__main__":
    gc.enable()
    gc.freeze()

log = logging.getLogger("credits")

DONE, FAILED, NOT_SET_UP, TOLD_TO_END = 0, 1, 2, 143
LAST_SECONDS = 8.0
"""A bot told to end that still waits for an answer then is ended where it stands: the next tick goes on from there."""


@dataclass(frozen=True, kw_only=True)
class Bot:
    """One tick's parts, wired."""

    services: Services
    first_look: FirstLook
    inbox: Inbox
    notifier: Notifier
    display: Display
    reaper: Reaper
    tick: Tick

    def run(self) -> Summary:
        """Run one tick. Raises ConfigurationError and TransientError where nothing at all could be done."""
        services = self.services
        problems = self.reaper.run() if services.settings.executor == "sagemaker" else []
        with self.display:
            summary = self.tick.run(problems)
        calls = services.calls.counts()
        metrics.publish(services.clients, summary, calls, services.clock())
        log.info("tick done", extra={"fields": {**_figures(summary), "calls": calls}})
        return summary


def make_bot(
    settings: BotSettings,
    *,
    waiting: Waiting,
    clock: Callable[[], float] = time.time,
    pool: WorkPool | None = None,
    calls: CallLog | None = None,
    session: boto3.Session | None = None,
) -> Bot:
    """Wire one tick. Raises ConfigurationError naming every setting that is missing."""
    services = make_services(settings, waiting=waiting, clock=clock, pool=pool, calls=calls, session=session)
    notifier, display = Notifier(services), make_display(services.store, clock)
    damage = DamageReport(services, notifier)
    inbox = Inbox(services, damage)
    reader, job_reader = make_reader(settings.allowed_tables), JobReader(services.store, settings.job_place, clock)
    first_look = FirstLook(settings, reader, job_reader)
    results = Results(services.executor, services.audit, ResultCheck(settings, reader), job_reader)
    links, signals = LinkRegister(services.state, clock), Signals()
    processor = MessageProcessor(
        services,
        executions=ExecutionSteps(
            services, links=links, first_look=first_look, notifier=notifier, signals=signals, results=results
        ),
        answers=AnswerSteps(services, links=links, notifier=notifier, signals=signals, results=results),
        progress=ProgressMessages(services, notifier),
    )
    tick = Tick(
        services,
        inbox=inbox,
        adoption=Adoption(services, inbox, damage),
        processor=processor,
        jobs=JobWatch(services, signals),
        notifier=notifier,
        display=display,
    )
    return Bot(
        services=services,
        first_look=first_look,
        inbox=inbox,
        notifier=notifier,
        display=display,
        reaper=Reaper(services),
        tick=tick,
    )


def main(arguments: Sequence[str] | None = None, prog: str = f"python -m {__package__}.credit_bot") -> int:
    """The command line; returns its exit code."""
    options = _parser(prog).parse_args(arguments)
    set_up_logging()
    waiter = Waiter()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(waiter))
    try:
        _run(options, waiter)
    except Interrupted as error:
        log.info("%s", error)
    except ConfigurationError as error:
        return _say(error, NOT_SET_UP)
    except CreditsError as error:
        return _say(error, FAILED)
    except Exception as error:  # its text may quote what came from outside: the log shows where it arose
        log.error("The bot met an error it does not know.", exc_info=error)
        return FAILED
    return TOLD_TO_END if waiter.stopped else DONE


def _end(waiter: Waiter) -> None:
    waiter.stop()
    last = threading.Timer(LAST_SECONDS, os._exit, [TOLD_TO_END])
    last.daemon = True
    last.start()


def _run(options: argparse.Namespace, waiter: Waiter) -> None:
    settings = load_settings()
    if options.link:
        from .bot.one_link import answer_one_link  # noqa: PLC0415 (a quiet tick should not pay for it)

        reader = make_reader(settings.allowed_tables)
        answer_one_link(settings, options.link, waiter.sleep, reader, as_json=options.json)
        return
    bot = make_bot(settings, waiting=waiter)
    if options.dry_run:
        from .bot.dry_run import dry_run  # noqa: PLC0415

        dry_run(bot.services, bot.inbox, bot.first_look, as_json=options.json)
        return
    summary = bot.run()
    if options.json:
        print(json.dumps(_figures(summary)))


def _parser(prog: str) -> argparse.ArgumentParser:
    examples = "\n".join(f"  {prog}{options}" for options in ("", " --dry-run", " --link https://… --json"))
    parser = argparse.ArgumentParser(
        prog=prog,
        description="One tick of the credit bot: answers what is new in the channel, goes on with what is open.",
        epilog=f"examples:\n{examples}\n\nexit codes: 0 done, 1 failed, 2 not set up, 143 told to end\n"
        "settings: from the environment (Documentation/SAGEMAKER_SETUP.md)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="for machines: the figures, the list or the result")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--dry-run", action="store_true", help="say what a tick would do; change nothing")
    one.add_argument("--link", metavar="URL", help="run one Looker link and print the answer, without Slack")
    return parser


def _say(error: CreditsError, code: int) -> int:
    log.error("%s", error)
    return code


def _figures(summary: Summary) -> dict[str, object]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(summary).items()}


if __name__ == "__main__":
    exit_now(main())
