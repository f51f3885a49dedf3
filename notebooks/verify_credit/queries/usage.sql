-- The fraud that went through, under the claim's scope: what the credit is computed from.
-- Rows that must be refused (NULL, negative, an amount for no attempts) are summed apart: a sum with others hides them.
SELECT usage_date, service_sid, country_iso, mcc, currency,
       SUM(attempts) AS attempts,
       SUM(amount) AS amount
FROM authy.verification_usage
WHERE account_sid = $account_sid
  AND is_fraud = true
  AND usage_date >= $start AND usage_date < $end
  $filters
GROUP BY usage_date, service_sid, country_iso, mcc, currency,
         amount IS NULL OR amount < 0,
         attempts IS NULL OR attempts <= 0
