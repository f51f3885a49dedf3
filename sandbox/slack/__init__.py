"""Slack on one machine: the Web API methods that the bot uses, over a workspace that tests and the demo drive."""

from sandbox.slack.show import render_thread
from sandbox.slack.web import create_app, fault_answer, operation
from sandbox.slack.world import SlackWorld

__all__ = ["SlackWorld", "create_app", "fault_answer", "operation", "render_thread"]
