"""A link is its whole question: each of its parameters is honoured, passed over as display, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

import pytest

from src.bot.links import find_links
from src.errors import LinkError
from src.looker.links import LookerLink, parse_link
from src.looker.parameters import shown

HOSTS = ("company.looker.com",)
HERE = "https://company.looker.com"
ACCOUNT, OTHER = "AC" + "b" * 32, "AC" + "a" * 32
SLUG = "1234567890abcdefghij12"


def parsed(path: str) -> LookerLink:
    return parse_link(f"{HERE}{path}", HOSTS)


def posted(text: str) -> Sequence[LookerLink]:
    found = find_links({"ts": "1.0", "user": "U1", "text": text}, HOSTS)
    assert not found.problems
    return found.links


def config(**fields: object) -> str:
    """A filter_config of one box a field, as Looker's pages write it."""
    boxes = {
        name.replace("__", "."): [{**box, "id": 0, "error": False}]  # type: ignore[dict-item]
        for name, box in fields.items()
    }
    return "&filter_config=" + quote(json.dumps(boxes))


def test_a_look_with_filters_is_that_look_with_those_filters() -> None:
    [link] = posted(f"<{HERE}/looks/88?&amp;f[usage.account_sid]={ACCOUNT}&amp;f[usage.usage_date]=2025-10>")
    assert (link.kind, link.id) == ("look", "88")
    assert dict(link.query) == {"f[usage.account_sid]": ACCOUNT, "f[usage.usage_date]": "2025-10"}
    assert link.accounts == {ACCOUNT}


def test_an_embedded_query_visualization_is_that_query() -> None:
    [link] = posted(f"<{HERE}/embed/query-visualization/{SLUG}>")
    assert (link.kind, link.id, link.canonical) == ("query", SLUG, f"{HERE}/x/{SLUG}")


STRING = {"type": "=", "values": [{"constant": "cancelled"}, {}]}
PAST_181 = {"type": "past", "values": [{"constant": "181", "unit": "day"}, {}]}
PAST_28_COMPLETE = {"type": "past", "values": [{"constant": "28", "unit": "c_day"}, {}]}
ANY_TIME = {"type": "anytime", "values": [{"constant": "7", "unit": "day"}, {}]}
YESTERDAY = {"type": "advanced", "values": [{"constant": "yesterday", "unit": "day"}, {}]}

# Shapes from public LookML and pages, with names and values of ours; where each was seen is beside it.
PUBLIC = [
    # Drill links of a Looker demo project's view `users` (profservices.dev.looker.com): filters on an embedded look.
    (
        "/embed/looks/635?&f[u.special_date]=2025-10&f[u.country_iso]=NG&toggle=det",
        ("look", "635"),
        {"f[u.special_date]": "2025-10", "f[u.country_iso]": "NG"},
    ),
    # The same where the clicked row had no value: “any value”, not “as saved”.
    ("/embed/looks/637?f[u.country_iso]=&toggle=det", ("look", "637"), {"f[u.country_iso]": ""}),
    # looker-open-source/embed-sdk, its builder's tests: filters are percent-encoded.
    ("/embed/looks/42?f%5Bu.a%5D=aValue&f%5Bu.b%5D=bValue", ("look", "42"), {"f[u.a]": "aValue", "f[u.b]": "bValue"}),
    # A React page around /embed/looks/20 with show_title; only the page is meant.
    ("/embed/looks/20?show_title=false", ("look", "20"), {}),
    # looker-explore-assistant's VisualizationEmbed.tsx: the embedded query with SDK version and theme.
    (f"/embed/query-visualization/{SLUG}?sdk=2&_theme=%7B%22key_color%22%3A%22%23174ea6%22%7D", ("query", SLUG), {}),
    # A comment in SQL of British Columbia's analytics: the address bar of an explore.
    (
        "/explore/web/clicks?qid=VI41Cv0I24vFfjPcNiVlQZ&origin_space=37&toggle=fil",
        ("query", "VI41Cv0I24vFfjPcNiVlQZ"),
        {},
    ),
    # lightspeedanalytics' menu of embedded explores.
    (
        "/embed/explore/sales/sales?qid=jKA7qENU1KlYvCjbg5Zjba&embed_domain=a.example&origin_space=315&toggle=fil,vis",
        ("query", "jKA7qENU1KlYvCjbg5Zjba"),
        {},
    ),
    # Looker's powered_by_modules README: /embed/query/MODEL/EXPLORE?qid=.
    (f"/embed/query/verify/usage?qid={SLUG}", ("query", SLUG), {}),
    # “{{ link }}&vis_config=…&toggle=dat,pik,vis&limit=5000” in many LookML drill menus.
    (
        "/explore/verify/usage?fields=u.id,u.count&f[u.status]=done&vis_config=%7B%22a%22%3A1%7D&toggle=dat,vis&limit=5000",
        ("explore", "verify/usage"),
        {"fields": "u.id,u.count", "f[u.status]": "done", "limit": "5000"},
    ),
    # Expanded share link in a LookML view `orders` (emmas_first_look_model): filter_config says what f[…] says.
    (
        "/explore/verify/usage?fields=u.id&f[u.status]=cancelled&limit=500&query_timezone=America%2FLos_Angeles&vis=%7B%7D"
        + config(u__status=STRING)
        + "&origin=share-expanded",
        ("explore", "verify/usage"),
        {"fields": "u.id", "f[u.status]": "cancelled", "limit": "500", "query_timezone": "America/Los_Angeles"},
    ),
    # The manifest of a BigQuery information schema block: a past-181-days link with a sort by a table calculation.
    (
        "/explore/verify/usage?fields=u.id&f[u.day]=181+days&sorts=u.hours+desc&limit=25&column_limit=50"
        + config(u__day=PAST_181),
        ("explore", "verify/usage"),
        {"fields": "u.id", "f[u.day]": "181 days", "sorts": "u.hours desc", "limit": "25", "column_limit": "50"},
    ),
    # mozilla/glam, the metric page's Looker link: pivots, fill_fields, complete days.
    (
        "/explore/verify/usage?fields=u.total,u.day,u.label&pivots=u.label&fill_fields=u.day"
        "&f[u.day]=28+days+ago+for+28+days&sorts=u.day+desc,u.label" + config(u__day=PAST_28_COMPLETE),
        ("explore", "verify/usage"),
        {
            "fields": "u.total,u.day,u.label",
            "pivots": "u.label",
            "fill_fields": "u.day",
            "f[u.day]": "28 days ago for 28 days",
            "sorts": "u.day desc,u.label",
        },
    ),
    # A native derived table's comment in a gaming block: a filter on any time.
    (
        "/explore/verify/usage?fields=u.total&f[u.day]=" + config(u__day=ANY_TIME),
        ("explore", "verify/usage"),
        {"fields": "u.total", "f[u.day]": ""},
    ),
    # Google's page on API usage in System Activity: an advanced date filter.
    (
        "/explore/verify/usage?fields=u.total&f[u.day]=yesterday&vis=%7B%7D" + config(u__day=YESTERDAY),
        ("explore", "verify/usage"),
        {"fields": "u.total", "f[u.day]": "yesterday"},
    ),
    # finerylondon's LookML writes links into cells, with run=1 and a title of the cell's value.
    (
        "/explore/verify/usage?fields=u.total&f%5Bu.category%5D=Knitwear&title=Sales+by+Style+-+Knitwear&run=1",
        ("explore", "verify/usage"),
        {"fields": "u.total", "f[u.category]": "Knitwear"},
    ),
    # Mailings and wikis mark where a link was met.
    ("/looks/88?utm_source=slack&utm_medium=chat&f[u.a]=1", ("look", "88"), {"f[u.a]": "1"}),
    ("/looks/88?toggle=det;x&f[u.a]=1", ("look", "88"), {"f[u.a]": "1"}),
    # Totals are ticked in many share links; they are never asked for.
    (
        "/explore/verify/usage?fields=u.total&total=on&row_total=right&subtotals=u.day",
        ("explore", "verify/usage"),
        {"fields": "u.total"},
    ),
]


@pytest.mark.parametrize(("path", "what", "query"), PUBLIC)
def test_a_link_as_looker_and_lookml_make_it_asks_for_its_own_filters(
    path: str, what: tuple[str, str], query: dict[str, str]
) -> None:
    link = parsed(path)
    assert (link.kind, link.id) == what
    assert dict(link.query) == query


EXPLORE = "/explore/verify/usage?fields=u.total"
REFUSED = [
    # A LookML drill menu of a bookings dashboard writes `pivot` for `pivots`.
    (f"{EXPLORE}&pivot=u.day", "`pivot` is not known here"),
    ("/looks/88?filter[usage.account_sid]=AC1", "`filter[usage.account_sid]` is not known"),
    ("/looks/88?f[]=AC1", "`f[]` is not known"),
    ("/looks/88?f[+usage.account_sid]=AC1", "`f[ usage.account_sid]` is not known"),
    ("/looks/88?F[usage.account_sid]=AC1", "`F[usage.account_sid]` is not known"),
    (f"/x/{SLUG}?Account=AC1", "`Account` is not known"),
    (f"/embed/query-visualization/{SLUG}?dynamic=1", "`dynamic` is not known"),
    # “{{ link }}&limit=5000” behind a link that has a limit (a count of the same view `orders`).
    (f"{EXPLORE}&limit=500&limit=5000", "`limit` more than once"),
    ("/looks/88?f[u.a]=1&amp;f[u.a]=2", "`f[u.a]` more than once"),
    ("/looks/88?f[u.a]=&f[u.a]=2", "`f[u.a]` more than once"),
    (f"{EXPLORE}&f[u.status]=done" + config(u__status=STRING), "`filter_config` says something else"),
    (EXPLORE + config(u__status=STRING), "`filter_config` says something else"),
    (f"/x/{SLUG}?filter_config=nonsense", "`filter_config` has a filter that is not read here"),
    (
        f"{EXPLORE}&f[u.day]=NG" + config(u__day={"type": "tomorrow", "values": []}),
        "has a filter that is not read here",
    ),
    ("/looks/88?toggle=det;f[usage.usage_date]=2025", "a `;` in `toggle`"),
    ("/looks/88?toggle=det;limit=5", "a `;` in `toggle`"),
    ("/looks/88?toggle;f[u.a]=1", "a `;` in `toggle`"),
    ("/looks/88?f[u.a]=x;y", "a `;` in `f[u.a]`"),
    ("/looks/88?f[u.a]=x&amp;f[u.b]=y;f[u.c]=z", "a `;` in `f[u.b]`"),
    (f"/x/{SLUG}?qid=anotherSlug", "two queries"),
    ("/looks/88?fields=", "`fields` is empty"),
    ("/looks/88?f[u.account]=AC1#2", "a # in it"),
    ("/sql/k3m4?limit=10", "`limit` may change the SQL Runner query"),
    ("/sql/k3m4?f[u.account]=AC1", "`f[u.account]` may change the SQL Runner query"),
    ("/sql/k3m4?qid=abc", "`qid` may change the SQL Runner query"),
    # A public page of Sourcegraph's links to its merge of two queries.
    ("/merge?mid=O70qAsSQSePBKsg8R78n31&toggle=vis", "a merge, which holds several queries"),
    ("/embed/merge?mid=O70qAsSQSePBKsg8R78n31", "a merge, which holds several queries"),
    ("/explore/verify!/usage?fields=u.a", "a name that Looker does not make"),
    ("/explore/verify/usage!?fields=u.a", "a name that Looker does not make"),
    ("/looks/88?" + "&".join(f"f[u.a{number}]=1" for number in range(1001)), "too many parameters"),
]


@pytest.mark.parametrize(("path", "words"), REFUSED)
def test_what_cannot_be_honoured_is_refused_by_name(path: str, words: str) -> None:
    with pytest.raises(LinkError) as raised:
        parsed(path)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/looks/88?f[u.a]=1", "/looks/88?f[u.a]=2", False),
        ("/looks/88?f[u.a]=x%3By", "/looks/88?f[u.a]=x%3by", True),
        ("/looks/88?f[u.a]=1", "/looks/88", False),
        ("/looks/88?f[u.a]=", "/looks/88", False),
        (f"/x/{SLUG}?limit=5000", f"/x/{SLUG}", False),
        ("/looks/88?toggle=det&f[u.a]=1&f[u.b]=2", "/embed/looks/88?f[u.b]=2&amp;f%5Bu.a%5D=1&origin_space=3", True),
        ("/looks/88?f[u.a]=1&f[u.a]=1", "/looks/88?f[u.a]=1", True),
        (f"/explore/verify/usage?qid={SLUG}&f[u.a]=1", f"/x/{SLUG}?f[u.a]=1", True),
        (f"/looks/88?qid={SLUG}", f"/embed/query/verify/usage?qid={SLUG}", True),
        (f"{EXPLORE}&f[u.a]=x&total=on", f"{EXPLORE}&f[u.a]=x&pivots=", True),
        (f"{EXPLORE}&f[u.a]=", EXPLORE, False),
    ],
)
def test_two_links_are_the_same_where_they_ask_the_same(one: str, other: str, same: bool) -> None:
    assert (parsed(one).canonical == parsed(other).canonical) is same


def test_a_links_accounts_are_those_it_asks_about() -> None:
    link = parsed(
        f"/looks/88?f[u.account_sid]={ACCOUNT}&title=Credit%20{OTHER}&vis_config=%7B%22a%22%3A%22{OTHER}%22%7D"
    )
    assert link.accounts == {ACCOUNT}
    assert parsed(f"/looks/88?filter_expression=%24%7Bu.sid%7D+%3D+%22{OTHER}%22").accounts == {OTHER}
    assert parsed(f"/looks/88?f[u.account_sid]={ACCOUNT}%2C{OTHER}").accounts == {ACCOUNT, OTHER}


def test_a_refusal_quotes_no_more_of_a_name_than_a_sentence_bears() -> None:
    with pytest.raises(LinkError) as raised:
        parsed("/looks/88?" + quote("`" + "x" * 5000) + "=1")
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("name", "quoted"), [("hidden", "`hidden`"), ("a`b\x07\nc", "`abc`"), ("x" * 70, f"`{'x' * 60}`"), ("", "``")]
)
def test_a_name_is_quoted_without_what_would_end_the_quote(name: str, quoted: str) -> None:
    assert shown(name) == quoted
