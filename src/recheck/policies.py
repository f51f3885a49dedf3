"""Lists the versions of the credit policy in this release."""

from __future__ import annotations

from verify_credit.policy import POLICIES, Policy, policy_for

__all__ = ["POLICIES", "Policy", "policy_for"]
