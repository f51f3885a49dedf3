-- What providers charge for an attempt in the countries of the fraud; mcc NULL: the country's default.
SELECT country_iso, mcc, valid_from, valid_to, unit_cost, currency
FROM verify.provider_costs
WHERE valid_from < $end
  AND (valid_to IS NULL OR valid_to > $start)
  AND country_iso IN (
      SELECT country_iso
      FROM authy.verification_usage
      WHERE account_sid = $account_sid
        AND is_fraud = true
        AND usage_date >= $start AND usage_date < $end
        $filters)
