"""The bot's records in S3, written before each step, by conditional puts; the audit record that stays."""
