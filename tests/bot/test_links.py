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


LOOK = "https://looker.company.com/looks/88?"
OURS, THEIRS = f"AC{'a' * 32}", f"AC{'b' * 32}"
DATES = "f[usage.usage_date]=2025-08-01"
SID = f"f[usage.account_sid]={THEIRS}"
NAME = "f[usage.account_name]="


def words(text: str, kind: str) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": kind, "text": text}}]


def as_typed(link: str, rest: str) -> dict[str, Any]:
    """A person's post whose address Slack ends where it thinks best: in its blocks and in its text."""
    runs = [{"type": "link", "url": link}, {"type": "text", "text": rest}]
    return {
        "text": f"<{link.replace('&', '&amp;')}>{rest.replace('&', '&amp;')}",
        "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": runs}]}],
    }


CUT_SHORT: dict[str, dict[str, Any]] = {
    "marked, with spaces": {"text": f"<{LOOK}{DATES} to 2025-09-01&amp;{SID}>"},
    "bare, with spaces": {"text": f"{LOOK}{DATES} to 2025-09-01&amp;{SID}"},
    "bare, with spaces at its end": {"text": f"{LOOK}{SID}&amp;{DATES} to 2025-09-01"},
    "bare, a name's first word": {"text": f"{LOOK}{NAME}Acme Corp"},
    "bare, a name's full stop": {"text": f"{LOOK}{NAME}Acme+Inc."},
    "bare, a blank before its value": {"text": f"{LOOK}f[usage.account_sid]= {THEIRS}"},
    "bare, a list": {"text": f"{LOOK}f[usage.account_sid]={OURS}, {THEIRS}"},
    "as typed, a list of countries": as_typed(f"{LOOK}f[usage.country_iso]=NG", ", KE please"),
    "bare, a bar": {"blocks": words(f"{LOOK}{NAME}A|B&{SID}", "plain_text")},
    "bare, a quotation mark": {"blocks": words(f'{LOOK}{NAME}A"B&{SID}', "plain_text")},
    "bare, a comparison": {"text": f"{LOOK}f[usage.attempts]=&gt;5&amp;{SID}"},
    "quoted, with an apostrophe": {"text": f"'{LOOK}{NAME}O'Neil&amp;{SID}'"},
    "quoted, with a mark within": {"blocks": words(f'"{LOOK}{NAME}Acme"Corp', "plain_text")},
    "Markdown, with a parenthesis": {"blocks": [{"type": "markdown", "text": f"[x]({LOOK}{NAME}a)b&{SID})"}]},
    "Markdown, with spaces": {"blocks": [{"type": "markdown", "text": f"[x]({LOOK}{DATES} to 2025&{SID})"}]},
    "Markdown, a parameter behind it": {"blocks": [{"type": "markdown", "text": f"[x]({LOOK}toggle=det) &{SID}"}]},
    "Markdown, a word that touches it": {"blocks": [{"type": "markdown", "text": f"[x]({LOOK}{NAME}Acme)Corp"}]},
    "a quotation mark that opens": {"text": f'"{LOOK}{NAME}Acme'},
    "a label that goes on": {"text": f"<{LOOK}{NAME}O|Neil&amp;{SID}>"},
    "as typed, with spaces": as_typed(f"{LOOK}{DATES}", f" to 2025-09-01&{SID}"),
    "as typed, dates alone": as_typed(f"{LOOK}{DATES}", " to 2025-09-01"),
    "as typed, in two lines": as_typed(f"{LOOK}toggle=det", f"\n&{SID}"),
    "as typed, an ellipsis": as_typed(f"{LOOK}toggle=d", "... please"),
    "as typed, an ellipsis, in blocks alone": {"blocks": as_typed(f"{LOOK}toggle=d", "… please")["blocks"]},
    "an ellipsis": {"text": f"<{LOOK}toggle=d…>"},
    "three dots, bare": {"text": f"{LOOK}toggle=d... please"},
    "three dots within": {"text": f"<{LOOK}...&amp;toggle=det>"},
    "an ellipsis, in a gateway's link": {
        "text": "<https://www.google.com/url?q=https%3A%2F%2Flooker.company.com%2Flooks%2F88%3Ftog%E2%80%A6&amp;sa=D>"
    },
    "in one form of the message": {"blocks": rich(f"{LOOK}toggle=det"), "text": f"{LOOK}toggle=det &amp;{SID}"},
}


@pytest.mark.parametrize("shape", CUT_SHORT)
def test_a_link_that_was_cut_short_is_refused_once_and_never_answered(shape: str) -> None:
    holds = find_links({"ts": "1.0", **CUT_SHORT[shape]}, HOSTS)
    [problem] = holds.problems
    assert holds.links == ()
    assert "whole link" in problem.reason or "holds a space" in problem.reason


WHOLE: dict[str, tuple[dict[str, Any], str]] = {
    "bare, an apostrophe": ({"text": f"{LOOK}{NAME}O'Neil&amp;{SID}"}, f"{LOOK}{NAME}O'Neil&{SID}"),
    "bare, an account and words": ({"text": f"See {LOOK}{SID}, please."}, f"{LOOK}{SID}"),
    "bare, dates and a full stop": ({"text": f"(It is {LOOK}{DATES}.)"}, f"{LOOK}{DATES}"),
    "bare, brackets of its own": ({"text": f"({LOOK}{NAME}Acme(UK))."}, f"{LOOK}{NAME}Acme(UK)"),
    "as typed, an account and words": (as_typed(f"{LOOK}{SID}", " for Acme, please"), f"{LOOK}{SID}"),
    "as typed, countries and words": (
        as_typed(f"{LOOK}f[usage.country_iso]=NG,KE", ", please credit"),
        f"{LOOK}f[usage.country_iso]=NG,KE",
    ),
    "as typed, filter boxes and words": (
        as_typed(f"{LOOK}dynamic_fields=%5B%7B%22a%22%3A1%7D%5D", " please credit"),
        f"{LOOK}dynamic_fields=%5B%7B%22a%22%3A1%7D%5D",
    ),
    "Markdown, a name and words": (
        {"blocks": [{"type": "markdown", "text": f"[x]({LOOK}{NAME}Acme) please"}]},
        f"{LOOK}{NAME}Acme",
    ),
    "Markdown, a label that holds another and brackets": (
        {"blocks": [{"type": "markdown", "text": f"[{LOOK}{NAME}Acme [1]]({LINK})"}]},
        LINK,
    ),
    "Markdown, words that touch it": ({"blocks": [{"type": "markdown", "text": f"[x]({LINK})now"}]}, LINK),
    "a quotation mark that opens": ({"text": f'"{LINK} please'}, LINK),
    "bare, a sentence in italics": ({"text": f"see _{LINK}._ and *_{LINK}!_*"}, LINK),
    "bare, an underscore of its own": ({"text": f"{LINK}_"}, f"{LINK}_"),
    "bare, a name and nothing else": ({"text": f"{LOOK}{NAME}Acme"}, f"{LOOK}{NAME}Acme"),
    "a name, on its own line": (as_typed(f"{LOOK}{NAME}Acme", "\nThank you"), f"{LOOK}{NAME}Acme"),
    "a label, a name and words": ({"text": f"<{LOOK}{NAME}Acme|this query> please..."}, f"{LOOK}{NAME}Acme"),
    "escaped angle brackets": ({"text": f"&lt;{LINK}&gt;"}, LINK),
    "escaped HTML": ({"text": f'&lt;a href="{LINK}"&gt;{LINK}&lt;/a&gt;'}, LINK),
    "curly quotation marks": ({"text": f"“{LINK}” and ‘{LINK}’"}, LINK),
    "guillemets": ({"text": f"»{LINK}« or «{LINK}»"}, LINK),
}


@pytest.mark.parametrize("shape", WHOLE)
def test_a_link_is_read_to_its_end_and_no_further(shape: str) -> None:
    message, url = WHOLE[shape]
    holds = find_links({"ts": "1.0", **message}, HOSTS)
    assert ([link.url for link in holds.links], holds.problems) == ([url], ())


PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12) | st.sampled_from(
    [THEIRS, "2025-08-01", "O'Neil", "“A”", "a...", "«b»"]
)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(PRINTABLE, min_size=1, max_size=3), data=st.data())
def test_any_filters_are_read_whole_or_not_at_all(values: list[str], data: st.DataObject) -> None:
    """But for a mark after an account or a date, which cannot be its own."""
    query = "&".join(f"f[usage.field{number}]={value}" for number, value in enumerate(values))
    url = f"{LOOK}{query}&f[usage.last]={data.draw(st.sampled_from(['x|y', 'O”B', 'Inc', 'a>b', THEIRS]))}"
    escaped = url.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    marked = escaped.replace("|", "%7C")
    for message in (
        {"text": f"<{marked}>"},
        {"text": f"<{marked}|label>"},
        {"blocks": rich(url)},
        {"text": escaped},
        {"blocks": words(url, "plain_text")},
        {"blocks": [{"type": "markdown", "text": url}]},
    ):
        for link in find_links({"ts": "1.0", **message}, HOSTS).links:
            assert link.url in (url, url.replace("|", "%7C"))


def test_a_refused_link_counts_once_however_its_forms_encode_it() -> None:
    url = "https://looker.company.com/looks/88?unknown=a"
    holds = found(f"<{url}%7Cb>", blocks=rich(f"{url}|b"))
    assert (len(holds.problems), holds.duplicates) == (1, 0)


@pytest.mark.parametrize(
    "url",
    [
        "https://data.city.gov/explore/dataset/foo/table/?disjunctive.fields=x",
        "https://lookerstudio.google.com/embed/reporting/1",
        "https://datastudio.google.com/embed/reporting/1?of=looker",
        "https://protect-us.mimecast.com/s/CODE",
    ],
)
def test_links_of_other_products_get_no_answer(url: str) -> None:
    assert not found(f"<{url}>")
    assert found("<https://other.example/explore/m/v?vis=a&amp;fields=b.c>").problems


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
