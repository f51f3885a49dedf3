"""Past executions: `credits runs list | show | get | verify | search | export | cost`, straight off S3."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import console_links, paths, prices
from .command_line import (
    DIFFERS,
    FINE,
    Place,
    add_command,
    add_days,
    add_json,
    add_purpose,
    day,
    days_of,
    make_parser,
    open_place,
    run,
    today,
)
from .errors import ConfigurationError
from .history.columns import COLUMNS, REFUSED, SHORT, UNREACHED, is_refused, row
from .history.costs import KEYS, cost_report, first_day_needed
from .history.export import write_csv, write_parquet
from .history.files import Files, check_folder
from .history.filters import Filters
from .history.in_hand import in_hand
from .history.reader import History, Record
from .terminal import cost, print_json, print_table, shown, watched

SIGNED_SECONDS = 3600
"""Seconds that a signed link to a file is valid."""
RUNNING = "running"
EXAMPLES = {
    "list": ("list --count 20", "list --purpose all"),
    "show": ("show 20260115_123456_3fa94c01",),
    "get": ("get 20260115_123456_3fa94c01 claim/",),
    "verify": ("verify 20260115_123456_3fa94c01", "verify --since 2026-01-01 --until 2026-01-31 --json"),
    "search": (
        "search --account AC0123456789abcdef0123456789abcdef --json",
        "search --state failed --since 2026-01-01",
    ),
    "export": (
        "export --since 2026-01-01 > runs.csv",
        "export --since 2026-01-01 --format parquet --output runs.parquet",
    ),
    "cost": ("cost --since 2026-01-01",),
}


def main(arguments: Sequence[str] | None = None, prog: str = f"python -m {__package__}.runs") -> int:
    """Run the command line; return its exit code."""
    options = _parser(prog).parse_args(arguments)

    def command() -> int:
        code: int = options.command(options, open_place())
        return code

    return run(command)


def _list(options: argparse.Namespace, place: Place) -> int:
    _print(_history(place, options.purpose).latest(options.count), options)
    return FINE


def _show(options: argparse.Namespace, place: Place) -> int:
    record = History(place.store).one(options.execution_id)
    if record is None:
        print(
            f"There is no audit record of {options.execution_id}: no such execution, or it has no answer yet "
            "(search --state running).",
            file=sys.stderr,
        )
        return DIFFERS
    if options.json:
        print_json(record)
        return FINE
    for name, value in row(record).items():
        print(f"{name:20} {shown(cost(value) if name == 'cost_usd_estimate' and value is not None else value)}")
    if earlier := _earlier(record):
        print(f"{'earlier':20} {shown(earlier)}")
    files = paths.ExecutionPaths(options.execution_id)
    made = [("query", files.query)] if is_refused(record) else [("report", files.report), ("notebook", files.notebook)]
    for name, key in made:
        page = console_links.s3_object(place.settings.aws_default_region, place.settings.s3_output_bucket, key)
        print(f"{name:20} {page}")
        print(f"{'':20} {_signed(place, key)}")
    print(f"{'':20} (the signed links end with this session, after {SIGNED_SECONDS // 60} minutes at the latest)")
    return FINE


def _earlier(record: Record) -> str:
    """Return how many earlier recommendations of the account the answer named, and their sums."""
    told = record.get("earlier") or {}
    sums = ", ".join(f"{amount} {currency}" for currency, amount in told.get("sums", {}).items())
    return f"{told['count']}, {sums}" if told.get("count") else ""


def _get(options: argparse.Namespace, place: Place) -> int:
    check_folder(options.folder)
    return bring(Files(place.store, options.execution_id), options.folder)


def bring(files: Files, folder: Path) -> int:
    """Write an execution's files into a folder; print which cannot be written. Return the exit code."""
    if not files.found:
        print(f"There is nothing of {files.execution_id}: no such execution.", file=sys.stderr)
        return DIFFERS
    number, refused = 0, False
    for brought in watched(files, len(files.found), "files"):
        if brought.content is not None:
            brought.write(folder)
        if brought.fault:
            print(brought.fault, file=sys.stderr)
        number += brought.content is not None
        refused = refused or brought.content is None
    print(f"{number} files in {folder}", file=sys.stderr)
    return DIFFERS if refused else FINE


def _verify(options: argparse.Namespace, place: Place) -> int:
    from .recheck.differences import recheck  # noqa: PLC0415 (needs verify_credit, which the bot's image leaves out)

    ids = options.execution_ids
    if options.since or options.until:
        ids = [*ids, *_history(place).ids_between(*days_of(options))]
    elif not ids:
        raise ConfigurationError("Which executions? Name some, or say from which day on with --since.")
    found = {name: recheck(place.store, name) for name in watched(ids, len(ids), "executions")}
    if options.json:
        print_json({name: one.differences for name, one in found.items()})
    else:
        for execution_id, one in found.items():
            verdict = "DIFFERS" if one.differences else "as recorded"
            notes = [one.note] if one.note else []
            print("\n  ".join([f"{execution_id}: {verdict}", *map(shown, one.differences), *notes]))
    return DIFFERS if any(one.differences for one in found.values()) else FINE


def _search(options: argparse.Namespace, place: Place) -> int:
    filters = Filters(
        state=None if options.state == RUNNING else options.state,
        requester=options.requester,
        min_amount=options.min_amount,
        max_amount=options.max_amount,
        window=tuple(options.window) if options.window else None,
    )
    _print([record for record in _chosen(options, place) if filters.fits(record)], options)
    return FINE


def _export(options: argparse.Namespace, place: Place) -> int:
    parquet = options.format == "parquet"
    if parquet and options.output is None:
        raise ConfigurationError("Parquet is no text: say where it goes with --output FILE.")
    records = _history(place, options.purpose).between(*days_of(options))
    if parquet:
        write_parquet(records, options.output)
    elif options.output is None:
        write_csv(records, sys.stdout)
    else:
        with options.output.open("w", encoding="utf-8", newline="") as file:
            write_csv(records, file)
    if options.output is not None:
        print(f"{len(records)} executions in {options.output}", file=sys.stderr)
    return FINE


def _cost(options: argparse.Namespace, place: Place) -> int:
    first, last = days_of(options)
    records = _history(place, options.purpose).between(first_day_needed(first, today()), max(last, today()))
    report = cost_report(records, first, last, today(), place.settings)
    if options.json:
        print_json(report)
        return FINE
    for name in KEYS:
        rows = [
            (entry[name], entry["executions"], entry["hours"], cost(entry["usd_estimate"]))
            for entry in report[f"by_{name}"]
        ]
        print_table((name, "executions", "hours", "USD (estimate)"), rows)
        print()
    month, fixed, total = report["month"], report["fixed"], report["total"]
    print(
        f"{report['since']} to {report['until']}: {total['executions']} executions, about "
        f"{cost(total['usd_estimate'])} USD; {month['month']}: {cost(month['so_far_usd_estimate'])} so far, "
        f"{cost(month['forecast_usd_estimate'])} forecast, and {fixed['usd_a_month']:.2f} a month for "
        f"{fixed['vpc_endpoints']} VPC endpoints."
    )
    if total["refused"]:
        print(f"{total['refused']} claims besides were refused before a job was started, and cost nothing.")
    if total["unpriced"]:
        print(f"{total['unpriced']} executions have no estimate: {prices.__name__} has no price for where they ran.")
    age = f"as of {report['prices_as_of']}, {prices.months_old(today())} months ago"
    print(f"Estimates: end − start × the price {age} ({prices.__name__} says how to renew it).")
    return FINE


def _chosen(options: argparse.Namespace, place: Place) -> list[Record]:
    if options.state == RUNNING:
        return in_hand(place.store)
    if options.account:
        return _history(place).of_account(options.account)
    return _history(place, options.purpose).between(*days_of(options))


def _history(place: Place, purpose: str = "message") -> History:
    return History(place.store, watched, None if purpose == "all" else purpose)


def _signed(place: Place, key: str) -> str:
    where = {"Bucket": place.settings.s3_output_bucket, "Key": key}
    return str(place.clients.s3.generate_presigned_url("get_object", where, ExpiresIn=SIGNED_SECONDS))


def _print(records: Sequence[Record], options: argparse.Namespace) -> None:
    names = SHORT if options.purpose == "message" else (*SHORT, "purpose")
    if options.json:
        print_json([row(record) for record in records])
    else:
        print_table(names, ([COLUMNS[name].of(record) for name in names] for record in records))


def _parser(prog: str) -> argparse.ArgumentParser:
    every = [example for examples in EXAMPLES.values() for example in examples]
    parser = make_parser(prog, "Past executions, straight off the audit trail in S3.", every)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace, Place], int], words: str) -> argparse.ArgumentParser:
        return add_command(commands, prog, name, command, words, EXAMPLES[name])

    latest = add("list", _list, "the latest executions")
    latest.add_argument("--count", type=int, default=50, metavar="N", help="how many (50)")
    show = add("show", _show, "one execution, with links to its files")
    show.add_argument("execution_id")
    get = add("get", _get, "all files of one execution, each held to its recorded hash")
    get.add_argument("execution_id")
    get.add_argument("folder", type=Path, metavar="FOLDER", help="a new or empty one")
    verify = add("verify", _verify, "hash what is kept anew, and compute the credit anew from the saved rows")
    verify.add_argument("execution_ids", nargs="*", metavar="execution_id")
    search = add("search", _search, "executions by account, window, amount, state or requester")
    _add_search(search)
    export = add("export", _export, "a file of every execution of some days")
    export.add_argument("--format", choices=("csv", "parquet"), default="csv")
    export.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    costs = add("cost", _cost, "estimated cost by day, requester and account, and the month's forecast")
    for command in (latest, show, verify, search, costs):
        add_json(command)
    for command in (verify, search, export, costs):
        add_days(command)
    for command in (latest, search, export, costs):
        add_purpose(command)
    return parser


def _add_search(search: argparse.ArgumentParser) -> None:
    search.add_argument("--account", help="account SID: all its answered executions, of any day")
    search.add_argument("--window", nargs=2, type=day, metavar=("FIRST", "LAST"), help="fraud windows that overlap")
    search.add_argument("--min-amount", type=float, metavar="USD")
    search.add_argument("--max-amount", type=float, metavar="USD")
    search.add_argument(
        "--state",
        choices=("answered", "failed", REFUSED, UNREACHED, RUNNING),
        help="refused: before a job; unreached: Slack took its answer for nobody; running: has no answer yet",
    )
    search.add_argument("--requester", help="Slack user id")


if __name__ == "__main__":
    sys.exit(main())
