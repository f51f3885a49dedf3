-- The account's name and parent; no parent: it is its own.
SELECT account_sid, parent_account_sid, friendly_name
FROM verify.accounts
WHERE account_sid = $account_sid
