"""A Presto on loopback: its HTTP protocol over DuckDB, with TLS and a password, for the warehouse of the sandbox."""

from sandbox.presto.api import create_app, fault_answer, operation
from sandbox.presto.world import PrestoWorld

__all__ = ["PrestoWorld", "create_app", "fault_answer", "operation"]
