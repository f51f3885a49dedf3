"""What a real Presto can fail with, besides the errors of its queries."""

from __future__ import annotations


class PrestoUnavailable(Exception):
    """There is no Presto to start, or it did not start; the message says why."""


class StatementFailed(Exception):
    """Presto did not do what the administrator asked; the message is its own."""


class NoNodes(StatementFailed):
    """The server answers, but does not know yet that it is a worker as well."""
