"""`credits run FILE.sql`: runs one execution by hand, without Slack and Looker."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from .aws import AwsClients
from .bot.by_hand import RefusalByHand, print_result, print_started
from .bot.first_look import FirstLook
from .command_line import FINE, Place, add_json, make_parser, open_place, run, told_to_end
from .errors import ConfigurationError, ExecutionError, Interrupted
from .executor import JobInfo
from .executors import make_executor
from .history.files import Files, check_folder
from .recheck.claims import make_reader
from .runs import bring
from .state.job_reader import JobReader
from .state.records import Origin
from .waiting import Waiter

Show = Callable[[JobInfo], None]
EXAMPLES = (
    "claim.sql",
    "claim.sql --json --get claim/",
    "- --executor local --notebook my_notebook.ipynb",
)


def main(arguments: Sequence[str] | None = None, prog: str = f"python -m {__package__}.run") -> int:
    """Run the command line; return its exit code, 1 without a result."""
    options = _parser(prog).parse_args(arguments)
    with told_to_end() as waiter:
        return run(lambda: _run(options, waiter))


def _run(options: argparse.Namespace, waiter: Waiter) -> int:
    if options.get:
        check_folder(options.get)
    sql, place = _read(options.file), _place(options)
    with _progress(place, options.file) as show:
        return _execute(options, place, sql, waiter, show)


def _execute(options: argparse.Namespace, place: Place, sql: str, waiter: Waiter, show: Show) -> int:
    job: JobInfo | None = None

    def sleep(seconds: float) -> None:
        if job is not None:
            show(job)
        waiter.sleep(seconds)

    executor = make_executor(place.settings, clients=AwsClients(place.settings, sleep=waiter.sleep), sleep=sleep)
    job = executor.execute(sql, execution_id=_start(place, sql))
    print_started(job, as_json=options.json)
    try:
        executor.wait_for_completion(job["job_name"])
        result = executor.get_results(job["execution_id"])
    except Interrupted as error:
        raise Interrupted(
            f"Told to end; execution {job['execution_id']} runs on as {job['job_arn']}. Once it has ended, "
            f"`credits runs get {job['execution_id']} FOLDER` has its files."
        ) from error
    except ExecutionError:
        _get(options, place, job)
        raise
    print_result(place.settings, result, as_json=options.json)
    return _get(options, place, job)


def _start(place: Place, sql: str) -> str:
    """Choose the execution's id. Raises QueryError for a claim that its job would refuse."""
    settings = place.settings
    job_reader = JobReader(place.store, settings.job_place, time.time)
    first_look = FirstLook(settings, make_reader(settings.allowed_tables), job_reader)
    return RefusalByHand(settings, place.store, first_look, time.time, Origin("script")).begin(sql)


def _get(options: argparse.Namespace, place: Place, job: JobInfo) -> int:
    return bring(Files(place.store, job["execution_id"]), options.get) if options.get else FINE


@contextmanager
def _progress(place: Place, file: str) -> Iterator[Show]:
    """Show the tick's table on a terminal, if rich is installed; else show nothing."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield lambda _: None
        return
    from .bot.terminal_display import JobTable, Row  # noqa: PLC0415 (100 ms that only a terminal need spend)

    with JobTable(place.store, time.time, of="SQL") as table:
        yield lambda job: table.draw([Row(file, job["execution_id"], "running", running=True)])


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode()
    except OSError as error:
        raise ConfigurationError(f"The SQL file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"The SQL in {file} is not UTF-8: byte {error.start + 1}.") from error


def _place(options: argparse.Namespace) -> Place:
    """Return the settings of environment and options. A local job's notebook is a path from the current folder."""
    chosen = {"executor": options.executor} if options.executor else {}
    place = open_place(**chosen)
    if not options.notebook:
        return place
    is_here = place.settings.executor == "local" and Path(options.notebook).is_file()
    return open_place(**chosen, notebook=str(Path(options.notebook).resolve()) if is_here else options.notebook)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = make_parser(prog, "One execution by hand, from a file of SQL: no Slack, no Looker.", EXAMPLES)
    parser.add_argument("file", metavar="FILE.sql", help="the SQL; - for standard input")
    parser.add_argument("--executor", choices=("sagemaker", "local"), help="instead of EXECUTOR")
    parser.add_argument(
        "--notebook", metavar="PATH", help="instead of NOTEBOOK: in the job's image, or on this machine"
    )
    parser.add_argument("--get", type=Path, metavar="FOLDER", help="bring its files, into a new or empty folder")
    add_json(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
