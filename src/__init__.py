"""Recommends credits for traffic pumping on Verify.

    from credits_automation import SageMakerExecutor

The executors and their settings are imported when first asked for: whoever wants one executor pays for that one alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import CapacityError as CapacityError
from .errors import ConfigurationError as ConfigurationError
from .errors import CreditsError as CreditsError
from .errors import ExecutionError as ExecutionError
from .errors import ExecutionFailed as ExecutionFailed
from .errors import ExecutionLost as ExecutionLost
from .errors import ExecutionStopped as ExecutionStopped
from .errors import ExecutionTimedOut as ExecutionTimedOut
from .errors import ExecutionUnknown as ExecutionUnknown
from .errors import Interrupted as Interrupted
from .errors import JobFailure as JobFailure
from .errors import LinkError as LinkError
from .errors import QueryError as QueryError
from .errors import RequestError as RequestError
from .errors import ResultError as ResultError
from .errors import ResultInvalid as ResultInvalid
from .errors import ResultMissing as ResultMissing
from .errors import StateConflict as StateConflict
from .errors import StateError as StateError
from .errors import StateUnreadable as StateUnreadable
from .errors import TransientError as TransientError
from .executor import CreditResult as CreditResult
from .executor import Executor as Executor
from .executor import Flag as Flag
from .executor import JobInfo as JobInfo
from .executor import JobStatus as JobStatus
from .executor import ModeRow as ModeRow
from .executor import Outcome as Outcome
from .executor import Status as Status

if TYPE_CHECKING:
    from .config import Settings as Settings
    from .notebook_executor import NotebookExecutor as NotebookExecutor
    from .sagemaker_executor import SageMakerExecutor as SageMakerExecutor

_LAZY = {
    "NotebookExecutor": "notebook_executor",
    "SageMakerExecutor": "sagemaker_executor",
    "Settings": "config",
}


def __getattr__(name: str) -> object:
    """Import the module of a name that is asked for the first time, and give its value."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value
