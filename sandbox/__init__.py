"""Everything outside on loopback: AWS, Presto, Slack and Looker, for the real code to run against."""
