-- Fraud Guard's levels that hold on a day of the window; service_sid NULL: all the account's services.
SELECT account_sid, service_sid, level, valid_from, valid_to
FROM verify.fraud_guard_settings
WHERE account_sid = $account_sid
  AND CAST(valid_from AS DATE) < $end
  AND (valid_to IS NULL OR CAST(valid_to AS DATE) >= $start)
