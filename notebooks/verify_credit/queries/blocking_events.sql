-- What Fraud Guard (60410) and geographic permissions (60605) blocked, on every day of the window.
-- Rows that must be refused (NULL, negative) are summed apart: a sum with others hides them.
SELECT event_date, service_sid, country_iso, mcc, error_code,
       SUM(blocked) AS blocked
FROM verify.blocking_events
WHERE account_sid = $account_sid
  AND event_date >= $start AND event_date < $end
  $filters
GROUP BY event_date, service_sid, country_iso, mcc, error_code,
         blocked IS NULL OR blocked < 0
