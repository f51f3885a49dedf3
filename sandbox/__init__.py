"""Everything outside the bot, on one machine: AWS, Presto, Slack and Looker on loopback ports."""
