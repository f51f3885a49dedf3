"""Computes what another policy would have given, from the saved rows of past executions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from verify_credit.calculation import Decision
from verify_credit.errors import JobError
from verify_credit.policy import POLICIES, Policy, check_policy, policy_version

from ..errors import ConfigurationError, CreditsError
from ..history.reader import THREADS, Record
from ..state.object_store import ObjectStore
from .differences import OWN_NOTEBOOK, is_of_ours
from .saved_rows import NotComputable, decide_anew

_MODULE = "verify_credit.candidate_policy"


class _Loader(SourceFileLoader):
    def set_data(self, path: str, data: object, **_: object) -> None:
        """Leave no bytecode beside the analyst's file."""


@dataclass(frozen=True)
class Outcome:
    """One execution under both policies, USD; `modes`: (recorded, candidate) of each mode that differs.

    candidate None: not computed, and `problem` says why.
    """

    execution_id: str
    account_sid: str
    fraud_start: str
    fraud_end: str
    policy_version: str
    recorded: Decimal
    candidate: Decimal | None = None
    modes: dict[str, tuple[Decimal, Decimal]] | None = None
    problem: str = ""

    @property
    def difference(self) -> Decimal | None:
        return None if self.candidate is None else self.candidate - self.recorded


def what_if(store: ObjectStore, records: Sequence[Record], candidate: Policy) -> Iterator[Outcome]:
    """Return an outcome for each answered record, in order. Raises as ObjectStore does."""
    with ThreadPoolExecutor(THREADS) as threads:
        yield from threads.map(lambda record: _outcome(store, record, candidate), answered(records))


def answered(records: Iterable[Record]) -> list[Record]:
    """Return the records that have a result."""
    return [record for record in records if record.get("result")]


def load_candidate(file: Path, version: str | None = None) -> Policy:
    """Load a candidate from a changed copy of verify_credit/policy.py: the version named, else its newest new one.

    Raises ConfigurationError for a file that cannot be read, that changes a version results may have recorded, or whose
    candidate is missing or wrong.
    """
    policies = _policies_of(file)
    by_version = {policy.version: policy for policy in policies}
    for known in POLICIES:
        if not _alike(known, by_version.get(known.version)):
            raise ConfigurationError(
                f"{file} changes version {known.version}, which results have recorded: runs verify could not compute "
                "them anew. Leave it as it is, and give the changed numbers a version and a day of their own."
            )
    new = [policy for policy in policies if policy.version not in {known.version for known in POLICIES}]
    candidates = [by_version[version]] if version in by_version else [] if version else new
    if not candidates:
        raise ConfigurationError(
            f"{file} has no {f'version {version}' if version else 'new version'}: add an entry to its POLICIES, with "
            "the day from which it holds (Documentation/POLICY.md)."
        )
    chosen = max(candidates, key=lambda policy: policy.in_force_from)
    try:
        check_policy(chosen)
    except JobError as error:
        raise ConfigurationError(f"{error.message} {error.advice}") from error
    return chosen


def _outcome(store: ObjectStore, record: Record, candidate: Policy) -> Outcome:
    result = record["result"]
    about: dict[str, Any] = {
        "execution_id": result["execution_id"],
        "account_sid": result.get("account_sid") or "",
        "fraud_start": result.get("fraud_start") or "",
        "fraud_end": result.get("fraud_end") or "",
        "policy_version": result.get("policy_version") or "",
        "recorded": Decimal(f"{result['credit_amount']:.2f}"),
    }
    if not is_of_ours(record):
        return Outcome(**about, problem=OWN_NOTEBOOK)
    try:
        then = decide_anew(store, result, policy_version(result["policy_version"]))
        if then.credit != about["recorded"]:
            raise NotComputable(f"Its saved rows give {then.credit}, not what is recorded: see runs verify.")
        now = decide_anew(store, result, candidate)
    except NotComputable as error:
        return Outcome(**about, problem=str(error))
    except JobError as error:
        return Outcome(**about, problem=error.message)
    return Outcome(**about, candidate=now.credit, modes=_different_modes(then, now))


def _different_modes(then: Decision, now: Decision) -> dict[str, tuple[Decimal, Decimal]]:
    pairs = zip(then.modes, now.modes, strict=True)
    return {old.mode: (old.credit, new.credit) for old, new in pairs if old.credit != new.credit}


def _policies_of(file: Path) -> tuple[Policy, ...]:
    """Run the file as a module beside the real one, whose names it may import. It is the analyst's own code."""
    loader = _Loader(_MODULE, str(file))
    spec = spec_from_loader(_MODULE, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[_MODULE] = module
    try:
        loader.exec_module(module)
        policies: tuple[Policy, ...] = tuple(module.POLICIES)
        for policy in policies:
            _numbers(policy)
    except CreditsError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"{file} cannot be read as a changed copy of verify_credit/policy.py: {type(error).__name__}: {error}"
        ) from error
    finally:
        del sys.modules[_MODULE]
    return policies


def _alike(known: Policy, other: Policy | None) -> bool:
    return other is not None and _numbers(known) == _numbers(other)


def _numbers(policy: Policy) -> tuple[Any, ...]:
    """Return a version's content as plain values, since the copy may define its own classes."""
    return policy.version, policy.in_force_from, {mode: vars(rule) for mode, rule in policy.rules.items()}
