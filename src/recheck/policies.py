"""The versions of the credit policy that this release has."""

from __future__ import annotations

from verify_credit.policy import POLICIES, Policy, policy_for

__all__ = ["POLICIES", "Policy", "policy_for"]
