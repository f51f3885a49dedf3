"""An account with everything odd that the queries meet, in SQL that DuckDB and Presto read alike.

NULL for service, country, MCC and name; an MCC of two countries; levels that change within a day, at the last
millisecond and never; amounts with all their places; text with quotes and letters from everywhere.
"""

from __future__ import annotations

ACCOUNT = "ACdddddddddddddddddddddddddddddddd"
ORPHAN = "ACeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
SERVICE = "VAdddddddddddddddddddddddddddddddd"

STATEMENTS = (
    f"""INSERT INTO authy.verification_usage VALUES
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-01', 'GP', '340', true, 3, 0.0003, 'USD'),
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-01', 'MQ', '340', true, 9007199254740993, 99999999999999.9999, 'USD'),
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-01', 'MQ', '340', true, 2, 0.0001, 'USD'),
    ('{ACCOUNT}', NULL, DATE '2025-08-02', NULL, NULL, true, 1, 0.1, 'USD'),
    ('{ACCOUNT}', NULL, DATE '2025-08-02', NULL, NULL, true, 0, 0, 'EUR'),
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-31', 'GP', NULL, true, NULL, NULL, NULL),
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-09-01', 'GP', '999', true, 7, 1.2345, 'USD'),
    ('{ACCOUNT}', '{SERVICE}', NULL, 'GP', '340', true, 7, 1.2345, 'USD'),
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-05', 'GP', '340', NULL, 11, 2.5, 'USD')""",
    f"""INSERT INTO verify.fraud_guard_settings VALUES
    ('{ACCOUNT}', NULL, 'off', TIMESTAMP '2025-01-01 00:00:00', TIMESTAMP '2025-08-01 23:59:59.999'),
    ('{ACCOUNT}', NULL, 'basic', TIMESTAMP '2025-08-01 23:59:59.999', TIMESTAMP '2025-08-20 12:34:56.789'),
    ('{ACCOUNT}', '{SERVICE}', 'max', TIMESTAMP '2025-08-15 00:00:00.001', NULL),
    ('{ACCOUNT}', NULL, NULL, TIMESTAMP '2025-09-01 00:00:00', NULL)""",
    f"""INSERT INTO verify.accounts VALUES
    ('{ACCOUNT}', '{ORPHAN}', 'It''s "Ünïcode" 🎉 \\n <b>&amp;'),
    ('{ORPHAN}', NULL, NULL)""",
    f"""INSERT INTO verify.mrr VALUES
    ('{ORPHAN}', DATE '2025-08-01', 0.01),
    ('{ORPHAN}', DATE '2025-08-31', NULL)""",
    """INSERT INTO verify.provider_costs VALUES
    ('GP', '340', DATE '2025-01-01', DATE '2025-08-15', 0.000001, 'USD'),
    ('GP', NULL, DATE '2025-08-15', NULL, 123456789012.123456, 'USD'),
    ('MQ', '340', DATE '2025-01-01', NULL, 0, NULL)""",
    f"""INSERT INTO verify.blocking_events VALUES
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-03', 'GP', '340', '60410', 5),
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-03', 'GP', '340', '60605', 6),
    ('{ACCOUNT}', NULL, DATE '2025-08-04', NULL, NULL, NULL, 7),
    ('{ACCOUNT}', '{SERVICE}', DATE '2025-08-03', 'GP', '340', '60410', 8)""",
)
