"""Where EXECUTOR chooses."""

from __future__ import annotations

import time
from collections.abc import Callable

from .aws import AwsClients
from .config import BotSettings
from .execution.base_executor import SCRIPT, BaseExecutor
from .state.records import Origin


def make_executor(
    settings: BotSettings,
    *,
    clients: AwsClients | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    origin: Origin = SCRIPT,
) -> BaseExecutor:
    """The executor that EXECUTOR names; only the one chosen is imported. origin: what its executions are for."""
    if settings.executor == "local":
        from .notebook_executor import NotebookExecutor  # noqa: PLC0415 (the bot's image lacks what it starts)

        return NotebookExecutor(settings, clients=clients, clock=clock, sleep=sleep, origin=origin)
    from .sagemaker_executor import SageMakerExecutor  # noqa: PLC0415

    return SageMakerExecutor(settings, clients=clients, clock=clock, sleep=sleep, origin=origin)
