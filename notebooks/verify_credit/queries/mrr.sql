-- The parent's monthly recurring revenue in the month of the window's last day.
SELECT account_sid, month, mrr
FROM verify.mrr
WHERE month >= $month AND month < $next_month
  AND account_sid = COALESCE(
      (SELECT MAX(parent_account_sid) FROM verify.accounts WHERE account_sid = $account_sid),
      $account_sid)
