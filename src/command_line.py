"""What the commands for people have in common: arguments, settings, exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .aws import AwsClients
from .config import BotSettings, load_settings
from .errors import ConfigurationError, CreditsError, Interrupted
from .logs import set_up_logging
from .state.object_store import ObjectStore
from .state.records import PURPOSES
from .waiting import Waiter

FINE, DIFFERS, NOT_SET_UP, TOLD_TO_END = 0, 1, 2, 143
EXIT_CODES = (
    "exit codes: 0 fine, 1 not found, different or failed, 2 not set up or not understood, 143 told to end\n"
    "settings: from the environment (Documentation/SAGEMAKER_SETUP.md)"
)
DEFAULT_DAYS = 30


@dataclass(frozen=True)
class Place:
    """An installation: its settings, AWS, and the bucket."""

    settings: BotSettings
    clients: AwsClients
    store: ObjectStore


def open_place(**chosen: str) -> Place:
    """The place that the environment and `chosen` settings name. Raises ConfigurationError."""
    settings = load_settings(**chosen)
    settings.require("s3_output_bucket")
    clients = AwsClients(settings)
    return Place(settings, clients, ObjectStore(clients, settings.s3_output_bucket))


def make_parser(prog: str, description: str, examples: Iterable[str]) -> argparse.ArgumentParser:
    """A parser whose help ends with examples, a line each, and the exit codes."""
    return argparse.ArgumentParser(prog=prog, description=description, **_ending(prog, examples))


def add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    prog: str,
    name: str,
    command: Callable[..., int],
    words: str,
    examples: Iterable[str],
) -> argparse.ArgumentParser:
    """A command of a command, `options.command`, with examples of its own."""
    added = commands.add_parser(name, help=words, description=words, **_ending(prog, examples))
    added.set_defaults(command=command)
    return added


def _ending(prog: str, examples: Iterable[str]) -> dict[str, Any]:
    lines = "\n".join(f"  {prog} {example}" for example in examples)
    return {
        "epilog": f"examples:\n{lines}\n\n{EXIT_CODES}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def run(command: Callable[[], int]) -> int:
    """Run a command, print what went wrong as a sentence on stderr, and return the exit code."""
    set_up_logging()
    try:
        code = command()
        sys.stdout.flush()
        return code
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "verify_credit":
            raise
        return _say(
            "This needs verify_credit, the notebook's package, which the bot's images leave out: "
            "run it from a checkout or an installed package.",
            NOT_SET_UP,
        )
    except ConfigurationError as error:
        return _say(error, NOT_SET_UP)
    except Interrupted as error:
        return _say(error, TOLD_TO_END)
    except CreditsError as error:
        return _say(error, DIFFERS)
    except KeyboardInterrupt:
        return TOLD_TO_END
    except BrokenPipeError:  # the reader of our output has enough of it: `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE


@contextmanager
def told_to_end() -> Iterator[Waiter]:
    """SIGTERM and Ctrl-C stop this waiter: its sleeps then raise Interrupted."""
    waiter = Waiter()
    before = {number: signal.signal(number, lambda *_: waiter.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield waiter
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="for machines")


def add_purpose(parser: argparse.ArgumentParser) -> None:
    """--purpose."""
    parser.add_argument(
        "--purpose",
        choices=("all", *PURPOSES),
        default="message",
        help="what executions were for: answers in Slack (the default), --link, scripts and `run`, compare",
    )


def add_days(parser: argparse.ArgumentParser) -> None:
    """--since and --until."""
    parser.add_argument("--since", type=day, metavar="DAY", help=f"first UTC day ({DEFAULT_DAYS} days before --until)")
    parser.add_argument("--until", type=day, metavar="DAY", help="last UTC day (today)")


def days_of(options: argparse.Namespace) -> tuple[date, date]:
    """The days that --since and --until mean, both included."""
    last = options.until or today()
    return options.since or last - timedelta(days=DEFAULT_DAYS), last


def today() -> date:
    """The UTC day."""
    return datetime.now(UTC).date()


def day(text: str) -> date:
    """A day as an argument."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a day like 2026-01-31") from error


def _say(error: CreditsError | str, code: int) -> int:
    print(error, file=sys.stderr)
    return code
