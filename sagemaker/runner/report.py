"""The report of a notebook that writes none: the notebook itself as one page, by nbconvert, without its code."""

from __future__ import annotations

from pathlib import Path


def made_of(executed: Path, target: Path) -> Path:
    """The page, at `target`: no code cells, nothing from the network."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 (half a second that our own notebook need not)

    exporter = HTMLExporter(exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True)
    page, _ = exporter.from_filename(str(executed))
    target.write_text(page, encoding="utf-8")
    return target
