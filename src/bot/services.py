"""What every part of a tick works with: settings, clock, and the clients of everything outside, each made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import boto3

from ..aws import AwsClients
from ..calls import CallLog
from ..config import BotSettings
from ..executor import JobExecutor
from ..executors import make_executor
from ..looker.client import LookerClient
from ..slack.client import SlackClient
from ..state.audit import AuditTrail
from ..state.lease import LeaseKeeper
from ..state.object_store import ObjectStore
from ..state.state_manager import StateManager
from ..waiting import Waiting
from .work_pool import ThreadedPool, WorkPool


@dataclass(frozen=True, kw_only=True)
class Services:
    """One tick's services. `clock`: seconds since 1970; `calls` counts the calls of AWS, Slack and Looker."""

    settings: BotSettings
    clock: Callable[[], float]
    waiting: Waiting
    pool: WorkPool
    calls: CallLog
    clients: AwsClients
    store: ObjectStore
    lease: LeaseKeeper
    state: StateManager
    audit: AuditTrail
    executor: JobExecutor
    slack: SlackClient
    looker: LookerClient


def make_services(
    settings: BotSettings,
    *,
    waiting: Waiting,
    clock: Callable[[], float],
    pool: WorkPool | None = None,
    calls: CallLog | None = None,
    session: boto3.Session | None = None,
) -> Services:
    """Make a tick's services; nothing connects before its first call.

    Raises ConfigurationError naming every setting that is missing.
    """
    settings.require(*settings.needed)
    calls = calls or CallLog()
    clients = AwsClients(settings, session=session, call_log=calls, sleep=waiting.sleep)
    store = ObjectStore(clients, settings.s3_output_bucket)
    lease = LeaseKeeper(store, clock)
    return Services(
        settings=settings,
        clock=clock,
        waiting=waiting,
        pool=pool or ThreadedPool(),
        calls=calls,
        clients=clients,
        store=store,
        lease=lease,
        state=StateManager(store, lease),
        audit=AuditTrail(store, settings),
        executor=make_executor(settings, clients=clients, clock=clock, sleep=waiting.sleep),
        slack=SlackClient(settings, call_log=calls, sleep=waiting.sleep),
        looker=LookerClient(settings, call_log=calls, sleep=waiting.sleep),
    )
