"""`make pictures`: the pictures in the README, taken of the sandbox's pages by a real browser.

    python -m tests.pictures.take [FOLDER]    default: Documentation/pictures

Exits 1, and takes none, where a page overflows or axe-core finds something.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sandbox.client import ROOT
from sandbox.pictures import make_pages
from tests.pictures.browser import chromium, opened, overflow, picture, violations

# name: page, width and at most so much of its height, in CSS pixels
SHOTS = {
    "thread": ("thread", 640, None),
    "thread-phone": ("thread", 360, None),
    "report": ("report", 960, 1040),
}


def main() -> int:
    """Take them all; 0 where every page is as it should be."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "Documentation" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    pages = make_pages()
    with chromium() as browser:
        for name, (source, width, height) in SHOTS.items():
            with opened(browser, pages[source], width) as page:
                wrong = [*overflow(page), *violations(page)]
                if wrong:
                    print(f"pictures: {source} at {width} px:", *wrong, sep="\n  ", file=sys.stderr)
                    return 1
                path = folder / f"{name}.png"
                picture(page, path, height)
            print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
