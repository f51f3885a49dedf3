"""What is known of past executions, straight off S3. Reads only.

reader      audit records: the latest, those of some days, one account's, one
in_hand     what has no answer yet
columns     an audit record as a row: for tables, JSON, CSV and Parquet
filters     which of them somebody wants
costs       what they cost, estimated, and what the month will
export      files for finance
"""
