"""What is tried again, how often, and with which delay: one place for every outside call.

    again   TransientError: throttled, connection lost, 5xx, timed out; growing, jittered delay, `ATTEMPTS` in all
    later   CapacityError: minutes, not seconds; the tick waits (bot/message_processor.py)
    once    a job the platform lost: one new execution, linked to the first (bot/message_processor.py)
    never   everything else: a wrong password, wrong SQL, a broken notebook fail the same way again

Conditional writes are safe to repeat because each carries a nonce (state/object_store.py), creating a job because its
name can be used once only (sagemaker_executor.py). Posting to Slack is not, and is never repeated here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from .errors import CapacityError, TransientError

Answer = TypeVar("Answer")

ATTEMPTS = 5
FIRST_DELAY = 0.5
LONGEST_DELAY = 20.0


def is_transient(error: BaseException) -> bool:
    """Whether the same call is worth trying again within seconds."""
    return isinstance(error, TransientError) and not isinstance(error, CapacityError)


def with_retries(call: Callable[[], Answer], sleep: Callable[[float], None], attempts: int = ATTEMPTS) -> Answer:
    """The answer of `call`, which raises translated errors; the last error where all attempts failed."""
    retrying = Retrying(
        retry=retry_if_exception(is_transient),
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=FIRST_DELAY, max=LONGEST_DELAY),
        sleep=sleep,
        reraise=True,
    )
    return retrying(call)
