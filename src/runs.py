"""Past executions: `python -m src.runs list | show | verify | search | export | cost`, straight off S3."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from src import console_links, paths, prices
from src.aws import AwsClients
from src.config import Settings, load_settings
from src.errors import ConfigurationError, CreditsError
from src.history import History, Record
from src.logs import set_up_logging
from src.object_store import ObjectStore
from src.times import utc_date

FINE, DIFFERS, NOT_SET_UP = 0, 1, 2
SIGNED_SECONDS = 3600

COLUMNS: dict[str, Callable[[Record], Any]] = {
    "execution_id": lambda record: record["execution_id"],
    "requested_at": lambda record: record.get("seen_at"),
    "outcome": lambda record: record.get("outcome"),
    "credit_amount": lambda record: _of_result(record, "credit_amount"),
    "currency": lambda record: _of_result(record, "currency"),
    "account_sid": lambda record: _of_result(record, "account_sid"),
    "parent_account_sid": lambda record: _of_result(record, "parent_account_sid"),
    "fraud_start": lambda record: _of_result(record, "fraud_start"),
    "fraud_end": lambda record: _of_result(record, "fraud_end"),
    "fraud_total": lambda record: _of_result(record, "fraud_total"),
    "mrr": lambda record: _of_result(record, "mrr"),
    "policy_version": lambda record: _of_result(record, "policy_version"),
    "requester": lambda record: record.get("requester"),
    "link": lambda record: record.get("link"),
    "failure": lambda record: (record.get("failure") or {}).get("message"),
    "job_status": lambda record: record.get("job_status"),
    "seconds": lambda record: (record.get("cost_estimate") or {}).get("seconds"),
    "cost_usd_estimate": lambda record: (record.get("cost_estimate") or {}).get("usd"),
}
SHORT = ("execution_id", "outcome", "credit_amount", "account_sid", "fraud_start", "fraud_end", "requester")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit code: 0 fine, 1 not found or different, 2 not set up."""
    options = _parser().parse_args(arguments)
    set_up_logging()
    try:
        settings = load_settings()
        settings.require("s3_output_bucket")
        clients = AwsClients(settings)
        store = ObjectStore(clients, settings.s3_output_bucket)
        code: int = options.command(options, settings, clients, store)
    except CreditsError as error:
        print(error, file=sys.stderr)
        return NOT_SET_UP if isinstance(error, ConfigurationError) else DIFFERS
    return code


def _list(options: argparse.Namespace, _settings: Settings, _clients: AwsClients, store: ObjectStore) -> int:
    _print(History(store).latest(options.count), options.json)
    return FINE


def _show(options: argparse.Namespace, settings: Settings, clients: AwsClients, store: ObjectStore) -> int:
    record = History(store).one(options.execution_id)
    if record is None:
        print(f"There is no audit record of {options.execution_id}.", file=sys.stderr)
        return DIFFERS
    if options.json:
        print(json.dumps(record, indent=1))
        return FINE
    files = paths.ExecutionPaths(options.execution_id)
    for name, column in COLUMNS.items():
        print(f"{name:20} {_shown(column(record))}")
    for name, key in (("report", files.report), ("notebook", files.notebook)):
        page = console_links.s3_object(settings.aws_default_region, settings.s3_output_bucket, key)
        print(f"{name:20} {page}")
        print(f"{'':20} {_signed(clients, settings.s3_output_bucket, key)}")
    print(f"{'':20} (the signed links end with this session, after {SIGNED_SECONDS // 60} minutes at the latest)")
    return FINE


def _verify(options: argparse.Namespace, _settings: Settings, _clients: AwsClients, store: ObjectStore) -> int:
    from src.recheck import differences  # noqa: PLC0415 (needs notebooks/, which the bot's image leaves out)

    found = {execution_id: list(differences(store, execution_id)) for execution_id in options.execution_ids}
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for execution_id, said in found.items():
            print("\n  ".join([f"{execution_id}: {'DIFFERS' if said else 'as recorded'}", *said]))
    return DIFFERS if any(found.values()) else FINE


def _search(options: argparse.Namespace, _settings: Settings, _clients: AwsClients, store: ObjectStore) -> int:
    _print([record for record in _chosen(options, store) if _fits(options, record)], options.json)
    return FINE


def _export(options: argparse.Namespace, _settings: Settings, _clients: AwsClients, store: ObjectStore) -> int:
    records = History(store).between(*_days(options))
    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    writer.writerows([_csv_cell(column(record)) for column in COLUMNS.values()] for record in records)
    return FINE


def _cost(options: argparse.Namespace, _settings: Settings, _clients: AwsClients, store: ObjectStore) -> int:
    first, last = _days(options)
    records = History(store).between(first, last)
    report: dict[str, Any] = {
        f"by {name}": _sums(records, key)
        for name, key in (
            ("day", lambda record: f"{paths.execution_date(record['execution_id'])}"),
            ("requester", COLUMNS["requester"]),
            ("account", COLUMNS["account_sid"]),
        )
    }
    report["total_usd_estimate"] = round(sum(_usd(record) for record in records), 4)
    report["month_forecast_usd_estimate"] = _forecast(records, utc_date(time.time()))
    report["vpc_endpoints_usd_a_month"] = prices.ENDPOINT_USD_PER_HOUR * prices.HOURS_A_MONTH
    report["prices_as_of"] = prices.PRICES_AS_OF
    if options.json:
        print(json.dumps(report, indent=1))
        return FINE
    for title, value in report.items():
        rows = value if isinstance(value, dict) else {"": value}
        print(f"{title}:", *(f"  {name or ''} {amount}" for name, amount in rows.items()), sep="\n")
    return FINE


def _chosen(options: argparse.Namespace, store: ObjectStore) -> list[Record]:
    history = History(store)
    return history.of_account(options.account) if options.account else history.between(*_days(options))


def _fits(options: argparse.Namespace, record: Record) -> bool:
    amount = _of_result(record, "credit_amount")
    wanted = [
        options.requester is None or record.get("requester") == options.requester,
        options.outcome is None or record.get("outcome") == options.outcome,
        options.min_amount is None or (amount is not None and amount >= options.min_amount),
        options.max_amount is None or (amount is not None and amount <= options.max_amount),
        options.window is None or _overlaps(record, *options.window),
    ]
    return all(wanted)


def _overlaps(record: Record, first: date, last: date) -> bool:
    start, end = _of_result(record, "fraud_start"), _of_result(record, "fraud_end")
    return bool(start and end and start <= last.isoformat() and end >= first.isoformat())


def _days(options: argparse.Namespace) -> tuple[date, date]:
    last = options.until or datetime.now(UTC).date()
    return options.since or last - timedelta(days=30), last


def _sums(records: Iterable[Record], key: Callable[[Record], Any]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for record in records:
        sums[str(key(record) or "unknown")] += _usd(record)
    return {name: round(amount, 4) for name, amount in sorted(sums.items())}


def _forecast(records: Iterable[Record], today: date) -> float:
    """This month's jobs so far, at the same pace to its end."""
    month = [record for record in records if paths.execution_date(record["execution_id"]) >= today.replace(day=1)]
    length = (today.replace(day=28) + timedelta(days=4)).replace(day=1) - today.replace(day=1)
    return round(sum(map(_usd, month)) / today.day * length.days, 4)


def _usd(record: Record) -> float:
    return float((record.get("cost_estimate") or {}).get("usd") or 0.0)


def _of_result(record: Record, name: str) -> Any:
    return (record.get("result") or {}).get(name)


def _signed(clients: AwsClients, bucket: str, key: str) -> str:
    return str(
        clients.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=SIGNED_SECONDS)
    )


def _print(records: Sequence[Record], as_json: bool) -> None:
    if as_json:
        print(json.dumps([{name: column(record) for name, column in COLUMNS.items()} for record in records], indent=1))
        return
    table = Table(*SHORT, box=None, pad_edge=False)
    for record in records:
        table.add_row(*(_shown(COLUMNS[name](record)) for name in SHORT))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _shown(value: Any) -> str:
    text = "–" if value is None else f"{value:,.2f}" if isinstance(value, float) else str(value)
    return "".join(char if char.isprintable() else " " for char in text).replace("[", "\\[")


def _csv_cell(value: Any) -> Any:
    """A spreadsheet runs what begins like a formula; text from outside must not."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a date like 2026-01-31") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m src.runs",
        description="Past executions, straight off the audit trail in S3.",
        epilog="Examples: python -m src.runs list --count 20; python -m src.runs search --account AC… --json; "
        "python -m src.runs export --since 2026-01-01 > runs.csv. Exit codes: 0 fine, 1 not found or different, "
        "2 not set up.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[..., int], words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(command=run)
        command.add_argument("--json", action="store_true", help="for machines")
        return command

    add("list", _list, "the latest executions").add_argument("--count", type=int, default=50)
    add("show", _show, "one execution, with links to its files").add_argument("execution_id")
    verify = add("verify", _verify, "hash what is kept anew, and compute the credit anew from the saved rows")
    verify.add_argument("execution_ids", nargs="+")
    search = add("search", _search, "executions by account, window, amount, outcome or requester")
    search.add_argument("--account", help="account SID: all its answered executions, of any day")
    search.add_argument("--window", nargs=2, type=_day, metavar=("FIRST", "LAST"), help="fraud windows that overlap")
    search.add_argument("--min-amount", type=float)
    search.add_argument("--max-amount", type=float)
    search.add_argument("--outcome", choices=("answer", "failure"))
    search.add_argument("--requester", help="Slack user id")
    for command in (
        search,
        add("export", _export, "CSV of every execution of some days, on standard output"),
        add("cost", _cost, "estimated cost by day, requester and account, and the month's forecast"),
    ):
        command.add_argument("--since", type=_day, help="first UTC day (default: 30 days before --until)")
        command.add_argument("--until", type=_day, help="last UTC day (default: today)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
