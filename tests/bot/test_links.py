"""Which links in a message are requests, and to whom the bot would go for them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.bot.links import MAX_LINKS, FoundLinks, find_links
from src.errors import LinkError
from src.looker.links import parse_link

HOSTS = ("looker.company.com", "127.0.0.1:9999")
LINK = "https://looker.company.com/x/abc123"


def found(text: str, **more: Any) -> FoundLinks:
    return find_links({"ts": "1.0", "text": text, **more}, HOSTS)


def rich(*urls: str) -> list[dict[str, Any]]:
    elements = [{"type": "link", "url": url} for url in urls]
    return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}]


FORMS = [
    (LINK, "query", "abc123"),
    ("https://looker.company.com/explore/verify/usage?qid=Q9z_1-", "query", "Q9z_1-"),
    (
        "https://looker.company.com/explore/verify/usage?fields=usage.total&f[usage.account_sid]=AC1",
        "explore",
        "verify/usage",
    ),
    ("https://looker.company.com/looks/42", "look", "42"),
    ("https://looker.company.com/looks/42?toggle=det", "look", "42"),
    ("https://looker.company.com/sql/k3m4n5", "sql_runner", "k3m4n5"),
    ("http://127.0.0.1:9999/x/abc123", "query", "abc123"),
]


@pytest.mark.parametrize(("url", "kind", "name"), FORMS)
def test_each_form_of_a_link_is_known(url: str, kind: str, name: str) -> None:
    link = parse_link(url, HOSTS)
    assert (link.kind, link.id) == (kind, name)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://looker.company.com/dashboards/7", "dashboard"),
        ("https://looker.company.com/dashboards-next/7", "dashboard"),
        ("https://looker.company.com/explore/verify/usage", "quer"),
        ("https://looker.company.com/looks/0x7", "copy it from Looker"),
        ("https://looker.company.com/", "."),
        ("ftp://looker.company.com/x/abc", "."),
    ],
)
def test_a_link_that_has_no_one_sql_is_refused_with_its_own_sentence(url: str, words: str) -> None:
    with pytest.raises(LinkError) as raised:
        parse_link(url, HOSTS)
    assert words in str(raised.value)


LOOK_ALIKES = [
    "https://looker.company.com.evil.example/x/abc123",
    "https://looker.company.com@evil.example/x/abc123",
    "https://evil.example/looker.company.com/x/abc123",
    "https://looker.company.com:8443/x/abc123",
    "https://user:pass@looker.company.com/x/abc123",
    "https://looker-company.com/x/abc123",
    "https://lооker.company.com/x/abc123",
    "https://looker.company.com\\@evil.example/x/abc123",
    "https://looker.company.com\u2024evil.example/x/abc123",
    "https://sub.looker.company.com/x/abc123",
    "https://[::1]/x/abc123",
    "https://2130706433/x/abc123",
]


@pytest.mark.parametrize("url", LOOK_ALIKES)
def test_a_look_alike_host_is_never_ours(url: str) -> None:
    with pytest.raises(LinkError):
        parse_link(url, HOSTS)
    assert found(f"<{url}>").links == ()


def test_links_in_blocks_and_in_text_are_the_same_links() -> None:
    assert [link.id for link in found(f"<{LINK}|see>", blocks=rich(LINK)).links] == ["abc123"]


def test_entities_are_unescaped_once() -> None:
    url = "https://looker.company.com/explore/m/v?fields=a&amp;f[v.x]=%26amp%3B"
    [link] = found(f"<{url}>").links
    assert dict(link.query)["f[v.x]"] == "&amp;"


def test_several_links_keep_their_order_and_repeats_are_counted() -> None:
    other = LINK.replace("abc123", "zzz")
    both = found(f"<{LINK}> <{other}> <{LINK}>")
    assert [link.id for link in both.links] == ["abc123", "zzz"]
    assert both.duplicates == 1


def test_unfurls_hold_no_requests() -> None:
    assert not found("hello", attachments=[{"title_link": LINK, "from_url": LINK, "text": f"<{LINK}>"}])


@pytest.mark.parametrize(
    "text", ["hello", "see https://example.com", "<https://example.com/x/abc123>", "<@U1> <#C1|x>", ""]
)
def test_chatter_holds_none(text: str) -> None:
    assert not found(text)


def test_ten_thousand_links_are_bounded_and_the_rest_counted() -> None:
    text = " ".join(f"<{LINK}{number}>" for number in range(10_000))
    many = found(text)
    assert len(many.links) == MAX_LINKS
    assert many.left_out == 10_000 - MAX_LINKS


def test_a_message_of_two_megabytes_is_read_in_moments() -> None:
    started = time.process_time()
    found("<" * 1_000_000 + "|" * 1_000_000)
    found("<https://looker.company.com/x/" * 70_000)
    assert time.process_time() - started < 5


NAMES = [
    "type",
    "elements",
    "url",
    "text",
    "blocks",
    "x",
    "rows",
    "title_url",
    "attachments",
    "fields",
    "value",
    "title_link",
    "is_share",
    "is_msg_unfurl",
    "from_url",
    "message_blocks",
    "message",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.just(LINK),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(text=json_values, blocks=json_values, attachments=json_values)
def test_any_message_is_read(text: Any, blocks: Any, attachments: Any) -> None:
    links = find_links({"ts": "1.0", "text": text, "blocks": blocks, "attachments": attachments}, HOSTS).links
    assert len(links) <= MAX_LINKS


@settings(max_examples=500, deadline=None)
@given(
    url=st.text(max_size=60)
    | st.builds(
        lambda a, b, c: f"https://{a}looker.company.com{b}{c}",
        st.text(max_size=5),
        st.text(max_size=5),
        st.text(max_size=30),
    )
)
def test_any_url_is_a_link_to_our_host_or_refused(url: str) -> None:
    try:
        link = parse_link(url, HOSTS)
    except LinkError as error:
        assert str(error)
    else:
        assert link.canonical.startswith(
            ("https://looker.company.com/", "http://127.0.0.1:9999/", "https://127.0.0.1:9999/")
        )
