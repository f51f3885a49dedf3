"""The report of a notebook that writes none: the notebook itself as one page, by nbconvert, without its code."""

from __future__ import annotations

import html
from pathlib import Path

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
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #d0d0d6; text-align: right; vertical-align: top; }
thead th { border-bottom: 2px solid #5f5f6b; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; }
img, svg { max-width: 100%; height: auto; }
.jp-RenderedHTMLCommon, .output_html { overflow-x: auto; }
@media print {
  body { max-width: none; padding: 0; }
  table, img, svg, pre { break-inside: avoid; }
  .jp-RenderedHTMLCommon { overflow: visible; }
}
"""


def made_of(executed: Path, target: Path, title: str) -> Path:
    """The page, at `target`: one file without code cells; what would ask the network for something is not let."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 (half a second that our own notebook need not)

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="basic",
        anchor_link_text="",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    body, _ = exporter.from_filename(str(executed))
    target.write_text(_PAGE.format(title=html.escape(title), style=_STYLE, body=body), encoding="utf-8")
    return target
