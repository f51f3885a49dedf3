"""What people see, in a real browser: nothing sticks out on a phone or a desk, axe-core finds nothing, A4 holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from sandbox.pictures import make_pages
from src.comparison.cases import Case
from src.comparison.journal import Answer
from src.comparison.page import write_page
from src.comparison.verdict import Comparison
from tests.pictures import big_account, own_notebook
from tests.pictures.browser import chromium, opened, overflow, squeezed_tables, violations

pytestmark = pytest.mark.timeout(600)
WIDTHS = (360, 1280)
PAGES = ("thread", "failure", "working", "report", "big report", "comparison", "own notebook")

CASE = Case(f"https://looker.example.com/x/{'a' * 90}", "SELECT 1", recorded=Decimal("4948.80"), expected=Decimal(4948))
ANSWER = Answer("20260115_123456_3fa94c01", 61.0, credit=Decimal("4948.80"), policy_version="2025-10-01")
OTHER = replace(ANSWER, credit=Decimal("4951.00"), modes=[{"mode": "standard", "credit": 2.2}], flags=["mcc_unknown"])
COMPARED = [
    Comparison(replace(CASE, expected=None), ANSWER, ANSWER),
    Comparison(CASE, ANSWER, OTHER),
    Comparison(CASE, None, None, problem="The look was deleted."),
]
"""Equal, differing in all that can differ, not compared."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    compared = tmp_path_factory.mktemp("compared") / "page.html"
    write_page(compared, COMPARED, Decimal(0))
    own = own_notebook.report(tmp_path_factory.mktemp("own"))
    return {
        **make_pages(),
        "big report": big_account.report(),
        "comparison": compared.read_text(),
        "own notebook": own,
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out(browser: Any, pages: dict[str, str], name: str, width: int) -> None:
    with opened(browser, pages[name], width) as page:
        assert overflow(page) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(browser: Any, pages: dict[str, str], name: str, width: int) -> None:
    with opened(browser, pages[name], width) as page:
        assert violations(page) == []


def test_the_checks_see_what_is_wrong(browser: Any) -> None:
    wrong = '<html><body><main><img src="x"><div style="width: 500px">wide</div></main></body></html>'
    with opened(browser, wrong, 360) as page:
        assert any("div" in one for one in overflow(page))
        assert any(one.startswith("image-alt") for one in violations(page))


def test_the_table_by_mode_keeps_its_rows_on_a_phone(browser: Any, pages: dict[str, str]) -> None:
    with opened(browser, pages["thread"], 360) as page:
        assert page.locator(".scroll tr").count() == 6
        assert squeezed_tables(page) == []
    with opened(browser, pages["thread"].replace("Charged</b>", f"{'Charged ' * 9}</b>"), 360) as page:
        assert squeezed_tables(page) != []  # the check sees it


def test_a_report_of_400_changes_and_200_countries_is_under_2_mb(pages: dict[str, str]) -> None:
    assert len(pages["big report"].encode()) < 2_000_000
    assert "of 400" in pages["big report"]
    assert "of 200" in pages["big report"]


@pytest.mark.parametrize("name", ["report", "big report", "own notebook"])
def test_a_report_asks_no_network_for_anything(browser: Any, pages: dict[str, str], name: str) -> None:
    assert asked_for(browser, pages[name]) == []
    assert name == "own notebook" or re.findall(r"(?:src|href)=\"(?!#)", pages[name]) == []


def test_an_own_notebooks_report_would_ask_for_much_if_its_head_let_it(browser: Any, pages: dict[str, str]) -> None:
    assert asked_for(browser, pages["own notebook"].replace("Content-Security-Policy", "nothing"))


def asked_for(browser: Any, html: str) -> list[str]:
    """What a page sends to the network, once its own policy has let it."""
    asked: list[str] = []

    def note(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    with opened(browser, "", 1280) as page:
        page.route("**/*", note)
        page.set_content(html)
        page.wait_for_load_state("networkidle")
    return asked


@pytest.mark.parametrize(("name", "most"), [("report", 5), ("big report", 8), ("own notebook", 3)])
def test_a_report_prints_on_a4_pages(browser: Any, pages: dict[str, str], name: str, most: int) -> None:
    with opened(browser, pages[name], 1280) as page:
        pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", BytesIO(pdf).read())
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}
    assert len(boxes) <= most
