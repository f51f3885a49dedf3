"""The warehouse's sample account, and the SQL that Looker gives for it."""

from __future__ import annotations

SAMPLE_ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"

SAMPLE_SQL = f"""-- Verify: attempts and charges of one account
SELECT verification_usage.usage_date AS "verification_usage.usage_date",
       SUM(verification_usage.attempts) AS "verification_usage.total_attempts",
       SUM(verification_usage.amount) AS "verification_usage.total_amount"
FROM authy.verification_usage AS verification_usage
WHERE verification_usage.account_sid = '{SAMPLE_ACCOUNT_SID}'
  AND verification_usage.is_fraud = true
  AND verification_usage.usage_date >= DATE '2025-07-01' AND verification_usage.usage_date < DATE '2025-10-01'
GROUP BY 1
ORDER BY 1
LIMIT 5000
"""
