"""The blocks of code in a document, in order, by what they are marked with."""

from __future__ import annotations

import re
from typing import NamedTuple

from sandbox.client import ROOT

DOCUMENTS = ROOT / "Documentation"


class Block(NamedTuple):
    """A block, the heading that it stands under, and the lines that the document says it prints."""

    heading: str
    code: str
    expected: list[str]


def blocks(document: str, language: str) -> list[Block]:
    """Those that begin with ```language; what a block of text right after it holds is expected of it."""
    text = (DOCUMENTS / document).read_text(encoding="utf-8")
    wanted = rf"^```{re.escape(language)}\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?"
    found = re.findall(rf"(?ms)^(#+ [^\n]*)\n|{wanted}|^```\w+\n.*?^```\n", text)
    made: list[Block] = []
    heading = ""
    for title, code, expected in found:
        heading = title.lstrip("# ") or heading
        if code:
            made.append(Block(heading, code, expected.splitlines()))
    return made
