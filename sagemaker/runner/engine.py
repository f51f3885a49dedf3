"""papermill's engine with a limit: what the cells print or show is kept in memory until the notebook is saved."""

from __future__ import annotations

from typing import Any

from nbclient.exceptions import CellTimeoutError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from runner.errors import WHOEVER, NotebookFailed

NAME = "bounded"
MOST_BYTES = 64 * 1024 * 1024
LATE_SECONDS = 60
"""How long after a cell's end its outputs may still be on their way."""


class Shown:
    """How much the cells have printed and shown so far, in bytes of its text."""

    def __init__(self) -> None:
        self.bytes = 0

    def too_much(self) -> NotebookFailed | None:
        """The error of a notebook that prints without end."""
        if self.bytes <= MOST_BYTES:
            return None
        return NotebookFailed(
            f"The notebook's cells print or show more than {MOST_BYTES // 1024 // 1024} MB.",
            f"{WHOEVER}: what is large belongs into a file, not its outputs.",
        )


class _Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    shown: Shown

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str, cell_index: int) -> Any:
        self.shown.bytes += _size(msg["content"])
        if self.shown.too_much():
            return None  # whoever watches ends it; until then nothing more is kept
        return super().output(outs, msg, display_id, cell_index)


class _Engine(Engine):  # type: ignore[misc]  # papermill has no types
    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, shown: Shown, start_timeout: float, **options: Any
    ) -> Any:
        known = merge_kwargs(
            remove_args(["input_path", "execution_timeout"], **options),
            startup_timeout=start_timeout,
            iopub_timeout=LATE_SECONDS,
            kernel_name=kernel_name,
            log=logger,
        )
        client = _Client(nb_man, **known)
        client.shown = shown
        try:
            return client.execute()
        except CellTimeoutError as error:  # cells have no limit of time: it is said of outputs that do not come
            shown.bytes = MOST_BYTES + 1
            raise shown.too_much() or error from error


def _size(content: Any) -> int:
    if isinstance(content, dict):
        return sum(map(_size, content.values()))
    if isinstance(content, list):
        return sum(map(_size, content))
    return len(content) if isinstance(content, str) else 8


papermill_engines.register(NAME, _Engine)
