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
"""Bytes of outputs that are kept in memory and in the saved notebook."""
LATE_SECONDS = 60
"""How long after a cell's end its outputs may still arrive."""


class Shown:
    """How much the cells have printed and shown so far, in bytes of its text."""

    def __init__(self) -> None:
        self.bytes = 0

    def too_much(self) -> NotebookFailed | None:
        """Return the error of a notebook that prints too much; None while it does not."""
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
            return None  # the watch ends the notebook; until then nothing more is kept
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
        except CellTimeoutError as error:  # cells have no time limit here: this means that outputs do not arrive
            shown.bytes = MOST_BYTES + 1
            raise shown.too_much() or error from error


def _size(content: Any) -> int:
    if isinstance(content, dict):
        return sum(map(_size, content.values()))
    if isinstance(content, list):
        return sum(map(_size, content))
    return len(content) if isinstance(content, str) else 8


papermill_engines.register(NAME, _Engine)
