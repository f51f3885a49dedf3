"""Which refused links get an answer: those that name our Looker, or are shaped as Looker's own are."""

from __future__ import annotations

import pytest

from src.looker.links import meant_for_looker

HOSTS = ("looker.company.com",)
SLUG = "AbCdEfGh12345678"


@pytest.mark.parametrize(
    ("url", "answered"),
    [
        pytest.param("https://looker.company.com/nothing", True, id="our host, whatever page"),
        pytest.param("https://looker.company.com:8443/x/abc", True, id="at another port"),
        pytest.param("https://other.example/?to=https://looker.company.com/x/abc", True, id="it names our host"),
        pytest.param("https://other.example/explore/m/v?fields=v.a", True, id="an explore with fields"),
        pytest.param("https://other.example/explore/m/v?qid=abc", True, id="an explore with a saved query"),
        pytest.param("https://other.example/explore/m/v?vis=a&amp;fields=v.a", True, id="with an escaped &"),
        pytest.param("https://other.example/explore/m/v", False, id="an explore without either"),
        pytest.param("https://other.example/explore/m/v?disjunctive.fields=x", False, id="other fields"),
        pytest.param("https://other.example/explore/m?fields=v.a", False, id="no view"),
        pytest.param("https://other.example/shop/m/v?fields=v.a", False, id="no explore"),
        pytest.param(f"https://other.example/x/{SLUG}", True, id="a share link's path"),
        pytest.param(f"https://other.example/x/{SLUG}/", True, id="with a slash behind"),
        pytest.param(f"https://other.example/x/{SLUG[:15]}", False, id="a shorter one: another product's"),
        pytest.param("https://looker.elsewhere.example/dashboards/1", True, id="another Looker's page"),
        pytest.param("https://looker.elsewhere.example/about/us", False, id="another Looker's, no query"),
        pytest.param("https://elsewhere.example/dashboards/1", False, id="another product's dashboard"),
        pytest.param("https://lookerstudio.google.com/embed/reporting/1", False, id="Looker Studio"),
    ],
)
def test_a_link_that_cannot_be_read_is_answered_where_it_was_meant_for_looker(url: str, answered: bool) -> None:
    assert meant_for_looker(url, HOSTS) is answered
