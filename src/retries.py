"""What is tried again, how often, and with which delay: one place for every outside call.

    again   TransientError: throttled, connection lost, 5xx, timed out; growing, jittered delay, `ATTEMPTS` in all
    later   CapacityError: minutes, not seconds; the tick waits (bot/message_processor.py)
    once    a job the platform lost: one new execution, linked to the first (bot/message_processor.py)
    never   everything else: a wrong password, wrong SQL, a broken notebook fail the same way again

Conditional writes are safe to repeat because each carries a nonce (state/object_store.py), creating a job because its
name can be used once only (sagemaker_executor.py). A post to Slack is repeated only if Slack said that it did nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from .errors import CapacityError, TransientError

Answer = TypeVar("Answer")

ATTEMPTS = 5
_BACKOFF = wait_random_exponential(multiplier=0.5, max=20.0)
"""Seconds: a random time up to 0.5, 1, 2, ... 20."""
CAPACITY_PAUSE = 60.0
"""Seconds until it is asked again whether there is a machine."""
LONGEST_ASKED = 60.0
"""Seconds. If a service asks for more, the caller is told at once."""


def is_transient(error: BaseException) -> bool:
    """Whether the same call is worth trying again within seconds."""
    if not isinstance(error, TransientError) or isinstance(error, CapacityError):
        return False
    return (error.retry_after or 0.0) <= LONGEST_ASKED


def with_retries(
    call: Callable[[], Answer],
    sleep: Callable[[float], None],
    attempts: int = ATTEMPTS,
    only: type[TransientError] = TransientError,
) -> Answer:
    """The answer of `call`, which raises translated errors; the last error if all attempts failed.

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
    """Seconds: what the service asks for, and the growing, random time besides."""
    error = state.outcome.exception() if state.outcome else None
    return (getattr(error, "retry_after", None) or 0.0) + _BACKOFF(state)
