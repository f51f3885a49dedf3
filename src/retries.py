"""What is tried again, how often, and with which delay: one place for every outside call.

    again   TransientError: throttled, connection lost, 5xx, timed out; growing, jittered delay, `ATTEMPTS` in all
    anew    StateConflict of what was read before it was written: read again at once, `READINGS` in all
    later   CapacityError: minutes, not seconds; `when_there_is_room` waits, and so does a tick (bot/execution_steps.py)
    once    a job the platform lost: one new execution, linked to the first (bot/message_processor.py)
    never   everything else: a wrong password, wrong SQL, a broken notebook fail the same way again

Conditional writes are safe to repeat because each carries a nonce (state/object_store.py), creating a job because its
name can be used once only (sagemaker_executor.py). A post to Slack is repeated only if Slack said that it did nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_fixed,
    wait_random_exponential,
)

from .errors import CapacityError, StateConflict, TransientError

Answer = TypeVar("Answer")

ATTEMPTS = 5
"""Of one call: with the longest delays it has failed after about 8 seconds."""
_BACKOFF = wait_random_exponential(multiplier=0.5, max=20.0)
"""Seconds: a random time up to 0.5, 1, 2, ... 20."""
CAPACITY_PAUSE = 60.0
"""Seconds until it is asked again whether there is a machine."""
LONGEST_ASKED = 60.0
"""Seconds. If a service asks for more, the caller is told at once."""
READINGS = 8
"""Of one object that several bots write at once."""


def is_transient(error: BaseException) -> bool:
    """Return whether the same call may succeed within seconds."""
    if not isinstance(error, TransientError) or isinstance(error, CapacityError):
        return False
    return (error.retry_after or 0.0) <= LONGEST_ASKED


def with_retries(
    call: Callable[[], Answer],
    sleep: Callable[[float], None],
    attempts: int = ATTEMPTS,
    only: type[TransientError] = TransientError,
) -> Answer:
    """Return the answer of `call`, which raises translated errors; raise the last error if all attempts failed.

    only: the errors after which it may be called again. `sleep` and `call` may raise to give up.
    """
    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, only) and is_transient(error)),
        stop=stop_after_attempt(attempts),
        wait=_delay,
        sleep=sleep,
        reraise=True,
    )
    return retrying(call)


def _delay(state: RetryCallState) -> float:
    """Return seconds: what the service asks for, and the growing, random time besides."""
    error = state.outcome.exception() if state.outcome else None
    return (getattr(error, "retry_after", None) or 0.0) + _BACKOFF(state)


def until_unchanged(change: Callable[[], Answer]) -> Answer:
    """Return the answer of `change`, which reads an object and then writes it; raise the last StateConflict if every
    try met one.
    """
    again = retry_if_exception_type(StateConflict)
    return Retrying(retry=again, stop=stop_after_attempt(READINGS), reraise=True)(change)


def when_there_is_room(start: Callable[[], Answer], sleep: Callable[[float], None]) -> Answer:
    """Return the answer of `start`, called again every CAPACITY_PAUSE seconds while it raises CapacityError."""
    again = retry_if_exception_type(CapacityError)
    return Retrying(retry=again, wait=wait_fixed(CAPACITY_PAUSE), sleep=sleep, reraise=True)(start)
