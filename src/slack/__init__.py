"""Slack: its client, what a message holds, and what is posted."""
