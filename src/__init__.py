"""The bot: reads Slack, resolves Looker links, starts executions and answers in the thread."""
