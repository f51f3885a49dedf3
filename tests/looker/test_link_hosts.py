"""Whose links are ours: through gateways, over http, with ports; and what the others are told."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest

from src.checks.link_hosts import answered_hosts
from src.config import load_settings
from src.errors import LinkError
from src.looker.links import allowed_hosts, meant_for_looker, parse_link
from src.looker.wrapped import MAX_WRAPS, unwrapped

HOSTS = ("looker.company.com",)
EXPLORE = "https://looker.company.com/explore/verify/usage?fields=usage.total&f[usage.account_sid]=AC1&f[usage.date]=2025-10%20to%20now"


def safelinks(url: str) -> str:
    return f"https://nam11.safelinks.protection.outlook.com/?url={quote(url, safe='')}&data=05%7C01&reserved=0"


def proofpoint_1(url: str) -> str:
    return f"https://urldefense.proofpoint.com/v1/url?u={quote(url, safe=':/')}&k=abc%3D&r=x&s=1"


def proofpoint_2(url: str, host: str = "urldefense.proofpoint.com") -> str:
    masked = quote(url, safe="/").replace("-", "%2D").replace("_", "%5F").replace("/", "_").replace("%", "-")
    return f"https://{host}/v2/url?u={masked}&d=DwMFAg&c=x&r=y&m=z&s=1&e="


def proofpoint_3(url: str, kept: str = "", host: str = "urldefense.com") -> str:
    encoded = urlsafe_b64encode(kept.encode()).decode().rstrip("=")
    return f"https://{host}/v3/__{url}__;{encoded}!!ACWV5N9M2RV99hQ!MOno-j_4Plf$"


# binref/refinery, test/units/pattern/test_urlguards.py; rapid7/insightconnect-plugins, proofpoint_url_defense/help.md;
# Proofpoint's own decoder (URLDefenseDecode.py) for runs; mails of the Linux lists for the shapes of version 3
WRAPPED = {
    "SafeLinks": safelinks(EXPLORE),
    "SafeLinks, escaped twice by Slack": safelinks(EXPLORE).replace("&", "&amp;"),
    "SafeLinks of the government": safelinks(EXPLORE).replace("outlook.com", "office365.us"),
    "Teams": f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/x.html?url={quote(EXPLORE, safe='')}",
    "Proofpoint 1": proofpoint_1(EXPLORE),
    "Proofpoint 2": proofpoint_2(EXPLORE),
    "Proofpoint 2, newer host": proofpoint_2(EXPLORE, "urldefense.com"),
    "Proofpoint 3": proofpoint_3(EXPLORE),
    "Proofpoint 3, single characters": proofpoint_3(EXPLORE.replace("[", "*").replace("%", "*"), "[[%%"),
    "Proofpoint 3, a run": proofpoint_3(EXPLORE.replace("%20to", "**D"), "%20to"),
    "Proofpoint 3, one slash": proofpoint_3(EXPLORE.replace("https://", "https:/")),
    "Google": f"https://www.google.com/url?sa=D&q={quote(EXPLORE, safe='')}&ust=1700000000",
    "Google, the other name": f"https://google.com/url?url={quote(EXPLORE, safe='')}",
    "Slack's own": f"https://slack-redir.net/link?url={quote(EXPLORE, safe='')}&v=3",
    "Barracuda": f"https://linkprotect.cudasvc.com/url?a={quote(EXPLORE, safe='')}&c=E,1&typo=1",
    "two gateways": safelinks(proofpoint_3(EXPLORE)),
    "three gateways": proofpoint_2(safelinks(proofpoint_2(EXPLORE))),
    "Proofpoint twice": proofpoint_3(proofpoint_3(EXPLORE)),
}


@pytest.mark.parametrize("gateway", WRAPPED)
def test_a_wrapped_link_is_the_link_inside_it(gateway: str) -> None:
    link = parse_link(WRAPPED[gateway], HOSTS)
    assert (link.url, link.canonical) == (EXPLORE, parse_link(EXPLORE, HOSTS).canonical)


@pytest.mark.parametrize(
    "url",
    [
        safelinks("https://looker.company.com.evil.example/x/abc123"),
        safelinks("https://looker.company.com@evil.example/x/abc123"),
        safelinks("https://evil.example/x/abc123"),
        safelinks("ftp://looker.company.com/x/abc123"),
        safelinks("looker.company.com/x/abc123"),
        "https://nam11.safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Flooker.company.com%2Fx%2Fabc",
        "https://evilurldefense.com/v3/__https://looker.company.com/x/abc__;!!a!b$",
        "https://www.google.com/search?q=https://looker.company.com/x/abc123",
        proofpoint_3("https://looker.company.com/x/abc*", ""),
        proofpoint_3("https://looker.company.com/x/abc", "left over"),
    ],
)
def test_what_is_inside_a_gateways_link_is_held_to_the_same_list(url: str) -> None:
    with pytest.raises(LinkError):
        parse_link(url, HOSTS)


INNER = "https://looker.company.com/looks/88?toggle=det"
SID = "AC" + "b" * 32


@pytest.mark.parametrize(
    ("url", "lost"),
    [
        (f"https://www.google.com/url?q={INNER}&f[usage.account_sid]={SID}", "`f[usage.account_sid]`"),
        (
            f"https://www.google.com/url?q={quote(INNER, safe='')}&f%5Busage.account_sid%5D={SID}",
            "`f[usage.account_sid]`",
        ),
        (f"{safelinks(INNER)}&limit=5000", "`limit`"),
        (f"{safelinks(INNER)};f[usage.usage_date]=2025", "`f[usage.usage_date]`"),
        (f"{proofpoint_1(INNER)}&amp;filter_config=%7B%7D", "`filter_config`"),
        (f"{proofpoint_2(INNER)}&fields=usage.total", "`fields`"),
        (f"{proofpoint_3(INNER)}&f[usage.account_sid]={SID}", "`f[usage.account_sid]`"),
        (f"https://slack-redir.net/link?url={INNER}&v=3#f[usage.account_sid]={SID}", "`f[usage.account_sid]`"),
        (f"https://slack-redir.net/link?url={INNER}&account={SID}", f"`{SID}`"),
        (safelinks(f"https://www.google.com/url?q={INNER}&qid=abc123"), "`qid`"),
    ],
)
def test_what_stands_beside_the_address_in_a_gateways_link_is_not_left_out_in_silence(url: str, lost: str) -> None:
    with pytest.raises(LinkError, match="outside the address") as refused:
        parse_link(url, HOSTS)
    assert lost in str(refused.value)
    assert meant_for_looker(url, HOSTS)


def test_an_address_that_a_redirector_holds_twice_is_read() -> None:
    inner = quote(f"{INNER}&f[usage.account_sid]={SID}", safe="")
    assert parse_link(f"https://www.google.com/url?q={inner}&url={inner}", HOSTS).accounts == {SID}


def test_wrapping_is_opened_to_a_bound_and_in_moments() -> None:
    url = innermost = "https://looker.company.com/x/abc123"
    for _ in range(MAX_WRAPS):
        url = proofpoint_3(url)
    assert unwrapped(url) == innermost
    assert unwrapped(proofpoint_3(url)) != innermost
    started = time.process_time()
    for odd in ("__;" * 6_000, "*" * 16_000, "%25" * 5_000, "&" * 16_000, "?u=" * 5_000, "!" * 16_000):
        for _ in range(20):
            unwrapped(f"https://urldefense.com/v3/__{odd}")
            unwrapped(f"https://urldefense.com/v2/url?u={odd}")
            meant_for_looker(f"https://example.com/{odd}", HOSTS)
    assert time.process_time() - started < 5


NAMED = {
    # mails and notes in public repositories hold these with ?domain=
    "https://protect-us.mimecast.com/s/AbC123?domain=looker.company.com": "through Mimecast",
    "https://url.us.m.mimecastprotect.com/s/AbC123xyz?domain=looker.company.com": "through Mimecast",
    "https://secure-web.cisco.com/1abc/https%3A%2F%2Flooker.company.com%2Fx%2Fabc": "though the link names it",
    "https://wiki.company.com/go?to=https%253A%252F%252Flooker.company.com%252Fx%252Fabc": "though the link names it",
    "https://evil.example/looker.company.com/x/abc123": "though the link names it",
    "https://sso.company.com/login#next=https://looker.company.com/x/abc": "though the link names it",
    safelinks("https://looker.company.com.evil.example/x/abc123"): "is not our Looker",
    safelinks("https://looker.company.com/dashboards/7"): "dashboard",
    "https://looker.company.com:8443/x/abc123": "LOOKER_HOSTS must name looker.company.com:8443",
}


@pytest.mark.parametrize("url", NAMED)
def test_any_other_link_that_names_our_looker_is_told_what_to_post(url: str) -> None:
    with pytest.raises(LinkError) as refused:
        parse_link(url, HOSTS)
    assert NAMED[url] in str(refused.value)
    assert meant_for_looker(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "https://url.us.m.mimecastprotect.com/s/AbC123xyz?domain=news.example",
        safelinks("https://news.example/story"),
        "https://wiki.company.com/about?mail=me@sublooker.company.com",
        "https://wiki.company.com/?q=looker.company.community",
        "https://wiki.company.com/?q=https://eu.looker.company.com/",
    ],
)
def test_a_link_that_does_not_name_our_looker_is_met_with_silence(url: str) -> None:
    assert not meant_for_looker(url, HOSTS)


@pytest.mark.parametrize("start", ["http://", "HTTP://", "https://", "http://{}:80", "http://{}:443", "https://{}:443"])
def test_http_and_the_usual_ports_are_the_same_link(start: str) -> None:
    host = "looker.company.com"
    url = (start.format(host) if "{}" in start else start + host) + "/x/abc123"
    assert parse_link(url, HOSTS).canonical == "https://looker.company.com/x/abc123"
    assert parse_link(url, ["Looker.company.com:443"]).canonical == "https://looker.company.com/x/abc123"


@pytest.mark.parametrize("port", ["", ":443", ":9999", ":19999"])
def test_a_query_at_two_ports_of_one_host_is_one(port: str) -> None:
    hosts = allowed_hosts((), "https://looker.company.com:19999")
    assert (
        parse_link(f"https://looker.company.com{port}/looks/12", hosts).canonical
        == "https://looker.company.com/looks/12"
    )


def test_a_host_with_the_apis_port_admits_its_pages() -> None:
    assert parse_link("https://looker.company.com:9999/looks/12", ["looker.company.com:19999"]).id == "12"
    with pytest.raises(LinkError, match="LOOKER_HOSTS must name"):
        parse_link("https://looker.company.com/looks/12", ["looker.company.com:19999"])


@pytest.mark.parametrize(
    ("base_url", "ports"),
    [
        ("https://looker.company.com:19999", ("", ":443", ":9999", ":19999")),
        ("https://looker.company.com", ("", ":443", ":9999")),
        ("https://looker.company.com:443", ("", ":443", ":9999")),
    ],
)
def test_without_looker_hosts_the_apis_host_has_its_pages_at_lookers_ports(
    base_url: str, ports: tuple[str, ...]
) -> None:
    hosts = allowed_hosts((), base_url)
    for port in ports:
        assert parse_link(f"https://looker.company.com{port}/looks/12", hosts).id == "12"
    for other in ("looker.company.com:8443", "looker.company.com.evil.example:9999", "company.com:9999"):
        with pytest.raises(LinkError):
            parse_link(f"https://{other}/looks/12", hosts)


def test_a_link_elsewhere_is_told_each_name_and_port_that_links_may_have() -> None:
    with pytest.raises(LinkError) as refused:
        parse_link("https://news.example/x/abc123", allowed_hosts((), "https://looker.company.com:19999"))
    assert "(looker.company.com, looker.company.com:19999, looker.company.com:9999)" in str(refused.value)


def test_looker_hosts_alone_count_where_they_are_given() -> None:
    with pytest.raises(LinkError, match=r"LOOKER_HOSTS must name looker\.company\.com:9999"):
        parse_link("https://looker.company.com:9999/looks/12", allowed_hosts(HOSTS, "https://looker.company.com:19999"))


@pytest.mark.parametrize(
    ("hosts", "base_url", "words"),
    [
        ("", "https://looker.company.com:19999", "looker.company.com:9999 are answered (the API has port 19999;"),
        ("", "https://looker.company.com", "links to looker.company.com, looker.company.com:9999 are answered"),
        ("go.company.com", "https://looker.company.com:19999", "links to go.company.com are answered"),
    ],
)
def test_the_doctor_says_which_hosts_and_ports_links_may_name(
    monkeypatch: pytest.MonkeyPatch, hosts: str, base_url: str, words: str
) -> None:
    monkeypatch.setenv("LOOKER_HOSTS", hosts)
    monkeypatch.setenv("LOOKERSDK_BASE_URL", base_url)
    said = answered_hosts(load_settings())
    assert words in said
    assert ("LOOKER_HOSTS" in said) == ("port 19999" in said)
