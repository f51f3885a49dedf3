"""The credit policy. Whoever owns it changes numbers here, and nowhere else.

For each mode of Fraud Guard, with all of its days, services and countries pooled:

    A  fraud attempts that went through          B  attempts that Fraud Guard blocked
    G  what the customer was charged for A       P  what providers charged us for A

    share a = (target x (A + B) - B) / A, kept between 0 and 1: what the mode should have blocked of what went through
    credit  = the smaller of  refund x a x G  and  G - cost_kept x P,  never under 0, never over G, rounded to the cent

To change the policy, add a version to POLICIES with the day it comes into force: never edit one that was in force,
because results record their version, and a re-check computes with it. tests/money/test_policy.py shows what moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .errors import SettingError

DISABLED, BASIC, STANDARD, MAX, UNKNOWN = "disabled", "basic", "standard", "max", "unknown"
MODES = (DISABLED, BASIC, STANDARD, MAX, UNKNOWN)


@dataclass(frozen=True)
class Rule:
    """One mode's numbers. In the formula of the design: refund is e, target is T, cost_kept is r."""

    refund: Fraction
    target: Fraction
    cost_kept: Fraction

    @property
    def needs_cost(self) -> bool:
        """Whether the credit depends on the provider cost."""
        return self.refund > 0 and self.cost_kept > 0


@dataclass(frozen=True)
class Policy:
    """A version of the policy, in force from a day on until the next version's day."""

    version: str
    in_force_from: date
    rules: Mapping[str, Rule]


def rule(*, refund: str, target: str, cost_kept: str) -> Rule:
    """A rule from decimal text, exactly."""
    return Rule(Fraction(refund), Fraction(target), Fraction(cost_kept))


# A mode without a rule (unknown: no settings row covers the day) gets no credit and is flagged for review.
POLICIES = (
    Policy(
        version="2025-1",
        in_force_from=date(2025, 1, 1),
        rules={
            MAX: rule(refund="1.00", target="1.00", cost_kept="0"),
            STANDARD: rule(refund="0.80", target="0.90", cost_kept="0.5"),
            BASIC: rule(refund="0.50", target="0.60", cost_kept="1"),
            DISABLED: rule(refund="0", target="0", cost_kept="1"),
        },
    ),
)


def check_policy(policy: Policy) -> None:
    """Raise SettingError for a mode that has no rule, a rule of no mode, and a number outside of 0 to 1."""
    odd = sorted({*MODES[:-1]} ^ policy.rules.keys())
    for mode, numbers in policy.rules.items():
        if not all(0 <= number <= 1 for number in vars(numbers).values()):
            odd.append(mode)
    if odd:
        raise SettingError(
            f"Version {policy.version} of the credit policy is wrong in {', '.join(odd)}.",
            f"Each of {', '.join(MODES[:-1])} needs a rule, no other mode may have one, and every number is 0 to 1.",
        )


def policy_for(day: date) -> Policy:
    """The version in force on a day: an execution's UTC date. Raises SettingError where none is."""
    in_force = [policy for policy in POLICIES if policy.in_force_from <= day]
    if not in_force:
        raise SettingError(
            f"No credit policy is in force on {day.isoformat()}.",
            "Add the version of that day to POLICIES in notebooks/verify_credit/policy.py.",
        )
    return max(in_force, key=lambda policy: policy.in_force_from)


def policy_version(version: str) -> Policy:
    """The version a result recorded, for a re-check. Raises SettingError for an unknown one."""
    for policy in POLICIES:
        if policy.version == version:
            return policy
    known = ", ".join(policy.version for policy in POLICIES)
    raise SettingError(
        f"There is no credit policy {version!r}; this code knows {known}.",
        "Use the code of that time, or put the version back into notebooks/verify_credit/policy.py.",
    )
