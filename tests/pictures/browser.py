"""Debian's Chromium, driven by Playwright: how a page looks at a width, whether it overflows, what axe-core says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--font-render-hinting=none", "--force-color-profile=srgb",
)  # fmt: skip
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !e.closest(".scroll") && !e.closest("svg"))
  .map(e => `${e.tagName.toLowerCase()}.${e.className}: ${Math.round(e.getBoundingClientRect().right)} px`)"""
SCROLLED = """() => [...document.querySelectorAll("pre, .rich, dd, li")]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != "inline")
  .map(e => `${e.tagName.toLowerCase()}: ${e.scrollWidth} in ${e.clientWidth} px`)"""
SQUEEZED_TABLES = """() => [...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1
    || [...e.querySelectorAll("tr")].some(row => new Set([...row.cells].map(cell => cell.clientHeight)).size > 1
      || row.clientHeight > 2.5 * parseFloat(getComputedStyle(row).lineHeight)))
  .map(e => `${e.scrollWidth} in ${e.clientWidth} px`)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a network. Raises RuntimeError where there is none to start."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise RuntimeError("There is no chromium on the PATH: apt-get install chromium (scripts/pictures.sh does).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, html: str, width: int, height: int = 900) -> Iterator[Page]:
    """A page of its own; whatever it asks a network for is refused and noted in `asked_for`."""
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=2)
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    page.evaluate("document.fonts.ready")
    try:
        yield page
    finally:
        context.close()


def overflow(page: Page) -> list[str]:
    """What sticks out of the page, or has to be scrolled sideways where nothing should."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return ([f"the page, by {wide} px"] if wide > 0 else []) + page.evaluate(TOO_WIDE) + page.evaluate(SCROLLED)


def violations(page: Page) -> list[str]:
    """What axe-core finds, a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def squeezed_tables(page: Page) -> list[str]:
    """Tables in a thread that have to be scrolled sideways, or whose rows had to be broken."""
    found: list[str] = page.evaluate(SQUEEZED_TABLES)
    return found


def picture(page: Page, path: Path, height: int | None = None) -> None:
    """The page from its top, `height` CSS pixels of it or all, as PNG."""
    whole = page.evaluate("Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)")
    width = page.viewport_size["width"] if page.viewport_size else 0
    clip = {"x": 0, "y": 0, "width": width, "height": min(height or whole, whole)}
    with Image.open(BytesIO(page.screenshot(full_page=True, clip=clip))) as shot:
        shot.convert("RGB").quantize(128).save(path, optimize=True)
