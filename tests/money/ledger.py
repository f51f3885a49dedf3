"""Rows of the warehouse for tests, as Presto gives them: money and dates as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from verify_credit.calculation import Decision, decide
from verify_credit.claim import Claim
from verify_credit.evidence import Evidence
from verify_credit.looker_sql import read_claim
from verify_credit.policy import policy_version

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
PARENT = "ACfedcba9876543210fedcba9876543210"
SERVICE, OTHER_SERVICE = "VA" + "1" * 32, "VA" + "2" * 32
AS_OF = date(2026, 1, 15)
Rows = dict[str, Any]


def sql_of(start: str = "2025-07-01", end: str = "2025-10-01", more: str = "", tail: str = "") -> str:
    """A claim on days from `start` to before `end`."""
    return (
        "SELECT SUM(attempts) AS total_attempts, SUM(amount) AS total_amount FROM authy.verification_usage "
        f"WHERE account_sid = '{ACCOUNT}' AND is_fraud = true AND usage_date >= DATE '{start}' "
        f"AND usage_date < DATE '{end}' {more} {tail}"
    )


@dataclass
class Ledger:
    """One account's rows; what a test does not say is as plain as can be."""

    sql: str = field(default_factory=sql_of)
    usage: list[Rows] = field(default_factory=list)
    blocks: list[Rows] = field(default_factory=list)
    settings: list[Rows] = field(default_factory=list)
    costs: list[Rows] = field(default_factory=list)
    accounts: list[Rows] = field(
        default_factory=lambda: [
            {"account_sid": ACCOUNT, "parent_account_sid": PARENT, "friendly_name": "Example Shop"}
        ]
    )
    mrr: list[Rows] = field(default_factory=lambda: [{"account_sid": PARENT, "month": "2025-09-01", "mrr": "3.00"}])
    mccs: list[Rows] = field(default_factory=lambda: [{"mcc": "621", "country_iso": "NG", "country_name": "Nigeria"}])
    looker: list[Rows] | None = None

    def use(self, day: str, attempts: Any, amount: Any, **other: Any) -> Ledger:
        """Fraud that went through."""
        place = {"service_sid": SERVICE, "country_iso": "NG", "mcc": "621", "currency": "USD"}
        self.usage.append({"usage_date": day, **place, "attempts": attempts, "amount": amount, **other})
        return self

    def block(self, day: str, blocked: int, error_code: str = "60410", **other: Any) -> Ledger:
        """Attempts that were blocked."""
        place = {"service_sid": SERVICE, "country_iso": "NG", "mcc": "621"}
        self.blocks.append({"event_date": day, **place, "error_code": error_code, "blocked": blocked, **other})
        return self

    def set(self, level: str, start: str, end: str | None = None, **other: Any) -> Ledger:
        """A setting of Fraud Guard, of the account unless `service_sid` says otherwise."""
        row = {"account_sid": ACCOUNT, "service_sid": None, "level": level}
        times = {"valid_from": _moment(start), "valid_to": None if end is None else _moment(end)}
        self.settings.append({**row, **times, **other})
        return self

    def cost(self, unit_cost: str, start: str = "2025-01-01", end: str | None = None, **other: Any) -> Ledger:
        """A provider cost of NG and MCC 621, unless it says otherwise."""
        row = {"country_iso": "NG", "mcc": "621", "valid_from": start, "valid_to": end}
        self.costs.append({**row, "unit_cost": unit_cost, "currency": "USD", **other})
        return self

    @property
    def rows(self) -> dict[str, list[Rows]]:
        """By query."""
        return {
            "looker": self._control_totals() if self.looker is None else self.looker,
            "usage": self.usage,
            "blocking_events": self.blocks,
            "fraud_guard_settings": self.settings,
            "provider_costs": self.costs,
            "accounts": self.accounts,
            "mrr": self.mrr,
            "mcc_codes": self.mccs,
        }

    @property
    def claim(self) -> Claim:
        return read_claim(self.sql, as_of=AS_OF)

    @property
    def evidence(self) -> Evidence:
        return Evidence.from_rows(self.claim, self.rows)

    @property
    def decision(self) -> Decision:
        return decide(self.claim, self.evidence, policy_version("2025-1"))

    def _control_totals(self) -> list[Rows]:
        amounts = [Decimal(str(row["amount"])) for row in self.usage]
        attempts = [int(row["attempts"]) for row in self.usage]
        if not self.usage:
            return [{"total_attempts": None, "total_amount": None}]
        return [{"total_attempts": sum(attempts), "total_amount": str(sum(amounts))}]


def _moment(text: str) -> str:
    return text if " " in text else f"{text} 00:00:00.000"
