"""The report of a notebook that writes none: the notebook itself as one page, by nbconvert, without its code."""

from __future__ import annotations

import html
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger("job")

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
_STYLE = """
@page { size: A4; margin: 15mm; }
body {
  font: 15px/1.5 system-ui, sans-serif; color: #1b1b1f; background: #fff;
  margin: 0 auto; max-width: 60rem; padding: 1rem;
}
h1, h2, h3, h4 { line-height: 1.25; margin: 1.5em 0 .5em; }
table { border: 0; border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border: 0; border-bottom: 1px solid #d0d0d6; text-align: right; vertical-align: top; }
thead th, thead td { border-bottom: 2px solid #5f5f6b; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; }
img, svg { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
@media print {
  body { max-width: none; padding: 0; font-size: 11px; }
  tr, img, svg { break-inside: avoid; }
  .scroll { overflow: visible; }
  th, td { overflow-wrap: anywhere; padding: .1rem .2rem; }
  pre { font-size: 9px; }
}
"""
_NO_USE = (
    *("script", "iframe", "frame", "object", "embed", "link", "meta", "base"),
    *("button", "input", "select", "textarea"),
)
"""What would ask the network for something, or needs a script to do anything."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MOST_OF_ONE = 1_000_000
_MOST = 2_000_000
"""Characters of outputs, of one and of all, pictures aside: of two million it takes half a minute to make a page."""
_LEFT_OUT = "An output of {:,.1f} MB is left out here; the saved notebook has it."


def made_of(executed: Path, target: Path, title: str) -> Path:
    """Write the page to `target`: one file without code cells, and without anything that asks the network.

    If the outputs cannot be turned into a page, the page says so: no result is lost because of its report.
    """
    try:
        body = _body(executed, title)
    except Exception as error:  # noqa: BLE001 (of whatever a notebook has shown)
        log.warning("The report could not be made of the notebook (%s: %s).", type(error).__name__, error)
        what = "The report could not be made of what this notebook shows: the saved notebook has it."
        body = f"<h1>{html.escape(title)}</h1>\n<p>{what}</p>"
    target.write_text(_PAGE.format(title=html.escape(title), style=_STYLE, body=body), encoding="utf-8")
    return target


def _body(executed: Path, title: str) -> str:
    import nbformat  # noqa: PLC0415 (as the next)
    from nbconvert import HTMLExporter  # noqa: PLC0415 (half a second that our own notebook need not)

    content = nbformat.read(executed, as_version=4)  # type: ignore[no-untyped-call]
    _bound([output for cell in content.cells for output in cell.get("outputs", [])])
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="basic",
        exclude_anchor_links=True,
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    body, _ = exporter.from_notebook_node(content)
    return _tidied(body, title)


def _bound(outputs: Sequence[Any]) -> None:
    """Take out outputs that are too large to be looked at."""
    left = _MOST
    for output in outputs:
        forms = output.get("data", output)
        for name, shown in forms.items():
            if isinstance(shown, str) and not _is_picture(name):
                if len(shown) > min(_MOST_OF_ONE, left):
                    forms[name] = _LEFT_OUT.format(len(shown) / 1e6)
                left -= len(forms[name])


def _is_picture(form: str) -> bool:
    return form.startswith("image/") and not form.startswith("image/svg")


def _tidied(body: str, title: str) -> str:
    """Add what keyboards and screen readers need, and remove what only works with a script or the network."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 (nbconvert's)

    page = BeautifulSoup(body, "html.parser")
    for tag in page(_NO_USE):
        tag.decompose()
    for tag in page("th"):
        if not tag.get_text(strip=True):
            tag.name = "td"
    for tag in page("table"):
        tag.wrap(page.new_tag("div", attrs={"class": "scroll", "tabindex": "0"}))
    if page.h1 is None:
        page.insert(0, page.new_tag("h1", string=title))
    above = 0
    for tag in page(_HEADINGS):  # levels may not be skipped: screen readers go by them
        above = min(_HEADINGS.index(tag.name), above) + 1
        tag.name = f"h{above}"
    return str(page)
