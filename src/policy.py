"""The credit policy at the command line: `credits policy show | what-if`. Documentation/POLICY.md explains it.

The numbers are in verify_credit/policy.py, and nowhere else; it is imported when asked for, because the bot's image
has no notebook.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command_line import (
    DIFFERS,
    FINE,
    add_command,
    add_days,
    add_json,
    days_of,
    make_parser,
    open_place,
    run,
    today,
)
from .history.reader import History, Record
from .terminal import print_json, print_table, watched

if TYPE_CHECKING:
    from .recheck.policies import Policy
    from .recheck.what_if import Outcome

WHAT_IF_EXAMPLES = (
    "what-if candidate.py --since 2026-01-01",
    "what-if candidate.py --account AC0123456789abcdef0123456789abcdef --json",
)
_FIELDS = ("execution_id", "account_sid", "fraud_start", "fraud_end", "recorded", "candidate", "difference")


def main(arguments: Sequence[str] | None = None, prog: str = f"python -m {__package__}.policy") -> int:
    """Run the command line; return its exit code, 1 if an execution could not be computed."""
    options = _parser(prog).parse_args(arguments)

    def command() -> int:
        code: int = options.command(options)
        return code

    return run(command)


def _show(options: argparse.Namespace) -> int:
    from .recheck.policies import POLICIES, policy_for  # noqa: PLC0415

    in_force = policy_for(today()).version
    if options.json:
        print_json([{**_policy_json(policy), "in_force": policy.version == in_force} for policy in POLICIES])
        return FINE
    for policy in POLICIES:
        print(f"{policy.version}, from {policy.in_force_from}{': in force' if policy.version == in_force else ''}")
        rules = policy.rules.items()
        print_table(
            ("mode", "e (refund)", "T (target)", "r (cost kept)"),
            [(mode, float(rule.refund), float(rule.target), float(rule.cost_kept)) for mode, rule in rules],
        )
    return FINE


def _what_if(options: argparse.Namespace) -> int:
    from .recheck.what_if import answered, load_candidate, what_if  # noqa: PLC0415

    candidate = load_candidate(options.file, options.version)
    place = open_place()
    records = answered(_chosen(options, History(place.store, watched)))
    outcomes = list(watched(what_if(place.store, records, candidate), len(records), "executions"))
    computed = [outcome for outcome in outcomes if outcome.candidate is not None]
    total = _total(computed)
    if options.json:
        print_json({"candidate": _policy_json(candidate), "executions": list(map(_json, outcomes)), "total": total})
    else:
        print_table((*_FIELDS, "modes"), map(_row, outcomes))
        print(
            f"\nUnder {candidate.version}: {total['candidate']:,.2f} USD instead of {total['recorded']:,.2f} "
            f"({total['difference']:+,.2f}) for {len(computed)} executions, {total['changed']} of them changed."
        )
        for outcome in outcomes:
            if outcome.problem:
                print(f"{outcome.execution_id}: {outcome.problem}")
    return FINE if len(computed) == len(outcomes) else DIFFERS


def _chosen(options: argparse.Namespace, history: History) -> list[Record]:
    return history.of_account(options.account) if options.account else history.between(*days_of(options))


def _total(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    recorded = sum((outcome.recorded for outcome in outcomes), Decimal(0))
    candidate = sum((outcome.candidate or Decimal(0) for outcome in outcomes), Decimal(0))
    return {
        "executions": len(outcomes),
        "changed": sum(1 for outcome in outcomes if outcome.difference),
        "recorded": float(recorded),
        "candidate": float(candidate),
        "difference": float(candidate - recorded),
    }


def _row(outcome: Outcome) -> list[Any]:
    modes = ", ".join(f"{mode} {old:,} → {new:,}" for mode, (old, new) in (outcome.modes or {}).items())
    return [
        *(_number(getattr(outcome, name)) for name in _FIELDS),
        modes or ("not computed" if outcome.problem else ""),
    ]


def _json(outcome: Outcome) -> dict[str, Any]:
    modes = [
        {"mode": mode, "recorded": float(a), "candidate": float(b)} for mode, (a, b) in (outcome.modes or {}).items()
    ]
    fields = {name: _number(getattr(outcome, name)) for name in _FIELDS}
    return {**fields, "policy_version": outcome.policy_version, "modes": modes, "problem": outcome.problem or None}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _policy_json(policy: Policy) -> dict[str, Any]:
    rules = {mode: {name: float(number) for name, number in vars(rule).items()} for mode, rule in policy.rules.items()}
    return {"version": policy.version, "in_force_from": policy.in_force_from.isoformat(), "rules": rules}


def _parser(prog: str) -> argparse.ArgumentParser:
    words = "The credit policy: the versions there are, and what a candidate would have changed."
    parser = make_parser(prog, words, ("show", *WHAT_IF_EXAMPLES))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    words = "the versions of this code, and which one is in force today"
    add_json(add_command(commands, prog, "show", _show, words, ("show", "show --json")))
    words = "past executions computed anew under a candidate, beside what was recorded"
    candidate = add_command(commands, prog, "what-if", _what_if, words, WHAT_IF_EXAMPLES)
    add_json(candidate)
    candidate.add_argument("file", type=Path, metavar="FILE", help="a copy of verify_credit/policy.py with a new entry")
    candidate.add_argument("--version", help="which entry of FILE (its newest new one)")
    candidate.add_argument("--account", help="account SID: its answered executions of any day, instead of some days'")
    add_days(candidate)
    return parser


if __name__ == "__main__":
    sys.exit(main())
