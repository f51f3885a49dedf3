"""`credits compare`: the old way (papermill on this machine) against the new (SageMaker), several at once.

A state file holds what was begun and answered: the same command again goes on where it was, and starts nothing twice.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from decimal import Decimal, InvalidOperation
from pathlib import Path

from . import paths
from .aws import AwsClients
from .command_line import DIFFERS, FINE, Place, add_json, day, days_of, make_parser, open_place, run, told_to_end
from .comparison.cases import Case, CaseReader, Expected, read_expected, without_repeats
from .comparison.journal import SIDES, Answer, Journal, Side
from .comparison.page import COLUMNS, as_json, is_fine, row, said_of, sentence, write_page
from .comparison.sides import Sides
from .comparison.verdict import Comparison
from .config import LOOKER_LOGIN, BotSettings
from .errors import ConfigurationError, CreditsError, Interrupted, RequestError, TransientError
from .executor import Executor
from .history.reader import History
from .looker.links import allowed_hosts, parse_link
from .prices import estimate
from .state.records import Origin
from .terminal import cost, print_json, print_table, watched
from .waiting import Waiter

Executors = Mapping[Side, Executor]
MakeExecutors = Callable[[BotSettings, BotSettings, AwsClients, Callable[[float], None]], Executors]
"""Of the old side's settings and the new side's, which differ by the notebook."""
AT_ONCE = 4
"""Cases at a time; each runs on both sides."""
PLANS_TOLERANCE = Decimal(1)
"""Percent of the old credit by which the new one may differ, from the migration's plan."""
ORIGIN = Origin("compare")


def main(
    arguments: Sequence[str] | None = None,
    prog: str = f"python -m {__package__}.compare",
    make_executors: MakeExecutors | None = None,
) -> int:
    """Run the command line; return its exit code, 1 if something failed or differs by more than the tolerance."""
    options = _parser(prog).parse_args(arguments)
    with told_to_end() as waiter:
        return run(lambda: _compare(options, waiter, make_executors or _both))


def _compare(options: argparse.Namespace, waiter: Waiter, make_executors: MakeExecutors) -> int:
    place = open_place()
    old = _old_settings(place.settings, options.old_notebook)
    expected = read_expected(options.expected) if options.expected else {}
    clients = AwsClients(place.settings, sleep=waiter.sleep)
    cases, unread = _cases(options, place, expected, waiter)
    if not cases and not unread:
        raise ConfigurationError("There is nothing to compare: name links, SQL files or executions, or --since a day.")
    journal = Journal(options.state, _place(place.settings, options.old_notebook))
    try:
        executors = make_executors(old, place.settings, clients, waiter.sleep)
        sides = Sides(executors, journal, sleep=waiter.sleep)
        comparisons = _ask_all(cases, sides, options.at_once, waiter)
    except Interrupted as error:
        raise Interrupted(f"Told to end; jobs run on. The same command goes on from {options.state}.") from error
    finally:
        journal.close()
    return _tell(options, place.settings, [*comparisons, *unread])


def _old_settings(settings: BotSettings, notebook: Path | None) -> BotSettings:
    """Return the settings for that notebook on this machine; its result need not keep the job's profile."""
    if notebook is None:
        return settings
    if not notebook.is_file():
        raise ConfigurationError(f"There is no notebook {notebook}: give --old-notebook the path of an .ipynb file.")
    where = {"notebook": notebook.name, "notebook_dir": str(notebook.resolve().parent)}
    return settings.model_copy(update={**where, "executor": "local", "result_profile": ""})


def _place(settings: BotSettings, notebook: Path | None) -> str:
    """Return whose answers the state file holds: another or a changed notebook's are other answers."""
    bucket = f"s3://{settings.s3_output_bucket}"
    if notebook is None:
        return bucket
    return f"{bucket} with {notebook.resolve()} ({hashlib.sha256(notebook.read_bytes()).hexdigest()[:12]})"


def _both(old: BotSettings, new: BotSettings, clients: AwsClients, sleep: Callable[[float], None]) -> Executors:
    from .notebook_executor import NotebookExecutor  # noqa: PLC0415 (only this command needs both)
    from .sagemaker_executor import SageMakerExecutor  # noqa: PLC0415

    return {
        "old": NotebookExecutor(old, clients=clients, sleep=sleep, origin=ORIGIN),
        "new": SageMakerExecutor(new, clients=clients, sleep=sleep, origin=ORIGIN),
    }


def _cases(
    options: argparse.Namespace, place: Place, expected: Expected, waiter: Waiter
) -> tuple[list[Case], list[Comparison]]:
    """Return the cases named and the days' past executions; without either, the cases with an expected amount.

    Apart from them those whose SQL cannot be had: a look that was deleted keeps no other from being compared.
    """
    reader = CaseReader(place.store, _looker(place.settings, waiter), expected)
    history = History(place.store, watched)
    days = options.since or options.until
    names: Iterable[str] = options.what or ([] if days else expected)
    found: list[Case] = []
    unread: list[Comparison] = []
    for name in names:
        try:
            found.append(_named(reader, history, name))
        except RequestError as error:
            unread.append(Comparison(Case(name, "", expected=expected.get(name)), None, None, str(error)))
    if days:
        found += [reader.past(record) for record in history.between(*days_of(options)) if record.get("result")]
    return without_repeats(found), unread


def _named(reader: CaseReader, history: History, name: str) -> Case:
    record = history.one(name) if paths.is_execution_id(name) else None
    return reader.past(record) if record and record.get("result") else reader.named(name)


def _looker(settings: BotSettings, waiter: Waiter) -> Callable[[str], str]:
    def sql_of_link(url: str) -> str:
        from .looker.client import LookerClient  # noqa: PLC0415 (a second's import that SQL files need not)

        settings.require(*LOOKER_LOGIN)
        hosts = allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url)
        return LookerClient(settings, sleep=waiter.sleep).sql(parse_link(url, hosts))

    return sql_of_link


def _ask_all(cases: Sequence[Case], sides: Sides, at_once: int, waiter: Waiter) -> list[Comparison]:
    """Run both sides of every case, so many at once. Raises ConfigurationError, Interrupted once all have stopped."""
    asked: dict[Future[Answer], tuple[Case, Side]] = {}
    with ThreadPoolExecutor(2 * at_once) as threads:
        for case in cases:
            asked |= {threads.submit(sides.ask, case, side): (case, side) for side in SIDES}
        for done in watched(as_completed(asked), len(asked), "executions"):
            if isinstance(done.exception(), ConfigurationError | Interrupted):
                waiter.stop()
                threads.shutdown(wait=False, cancel_futures=True)
                break
    stopped = [error for done in asked if not done.cancelled() and (error := done.exception())]
    for error in sorted(stopped, key=lambda error: isinstance(error, Interrupted)):
        if not isinstance(error, TransientError):
            raise error
    return [_comparison(case, {side: done for done, (of, side) in asked.items() if of is case}) for case in cases]


def _comparison(case: Case, asked: Mapping[Side, Future[Answer]]) -> Comparison:
    errors = [f"{side}: {error}" for side, done in asked.items() if isinstance(error := done.exception(), CreditsError)]
    answers = {side: None if done.exception() else done.result() for side, done in asked.items()}
    return Comparison(case, answers["old"], answers["new"], "; ".join(errors))


def _tell(options: argparse.Namespace, settings: BotSettings, comparisons: Sequence[Comparison]) -> int:
    tolerance: Decimal = _tolerance(options)
    usd = _cost(settings, comparisons)
    if options.html:
        write_page(options.html, comparisons, tolerance, str(options.old_notebook or ""))
    if options.json:
        cases = [as_json(comparison, tolerance) for comparison in comparisons]
        print_json({"tolerance_percent": float(tolerance), "cases": cases, "cost_usd_estimate": usd})
    else:
        print_table(COLUMNS, (row(comparison, tolerance) for comparison in comparisons))
        for comparison in comparisons:
            for said in said_of(comparison, tolerance):
                print(f"{comparison.case.name}: {said}")
        print(f"{sentence(comparisons, tolerance)} The new side's jobs cost about {cost(usd)} USD (an estimate).")
    return FINE if all(is_fine(comparison, tolerance) for comparison in comparisons) else DIFFERS


def _tolerance(options: argparse.Namespace) -> Decimal:
    """Return the tolerance: the plan's for two notebooks, 0 for one notebook on both sides."""
    given: Decimal | None = options.tolerance
    return given if given is not None else PLANS_TOLERANCE if options.old_notebook else Decimal(0)


def _cost(settings: BotSettings, comparisons: Sequence[Comparison]) -> float:
    seconds = sum(comparison.new.seconds for comparison in comparisons if comparison.new)
    return round(estimate(settings.sagemaker_instance_type, seconds) or 0.0, 4)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = make_parser(
        prog,
        "The old way (papermill on this machine) against the new (SageMaker), side by side.",
        (
            "https://looker.example.com/x/abc123 claim.sql 20260115_123456_3fa94c01",
            "--since 2026-01-01 --until 2026-01-31 --tolerance 1 --html comparison.html",
            "--expected history.csv --tolerance 1 --json",
            "--old-notebook ~/sms-pumping/credit.ipynb https://looker.example.com/x/abc123",
        ),
    )
    parser.add_argument("what", nargs="*", metavar="WHAT", help="a Looker link, a SQL file, a past execution's id")
    parser.add_argument("--since", type=day, metavar="DAY", help="all answered executions from this UTC day on")
    parser.add_argument("--until", type=day, metavar="DAY", help="last UTC day (today)")
    parser.add_argument(
        "--expected", type=Path, metavar="FILE", help="CSV of amounts to meet: link or execution, amount"
    )
    parser.add_argument(
        "--tolerance",
        type=_percent,
        metavar="PERCENT",
        help=f"of a credit that may differ (0; {PLANS_TOLERANCE} with --old-notebook)",
    )
    parser.add_argument(
        "--old-notebook",
        type=Path,
        metavar="PATH",
        help="run this notebook on the old side: as it is, on this machine, in a copy of its folder",
    )
    parser.add_argument("--at-once", type=_positive, default=AT_ONCE, metavar="N", help=f"cases at once ({AT_ONCE})")
    parser.add_argument(
        "--state", type=Path, default=Path("compare-state.jsonl"), metavar="FILE", help="where to go on (%(default)s)"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    add_json(parser)
    return parser


def _percent(text: str) -> Decimal:
    try:
        value = Decimal(text.removesuffix("%"))
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text} is not a number of percent") from error
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return value


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of cases")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
