"""What is asked of Looker for a link: the saved query with the link's changes, without totals and pivots."""

from __future__ import annotations

from typing import Any

import pytest

from src.errors import LinkError
from src.looker.links import parse_link
from src.looker.queries import added_filters, changed, without_additions
from tests.looker.conftest import Looker

SAVED, ASKED = "AC" + "a" * 32, "AC" + "b" * 32
QUERY = {
    "fields": ["usage.usage_date", "usage.country_iso", "usage.total_amount", "usage.total_attempts"],
    "filters": {
        "usage.account_sid": SAVED,
        "usage.usage_date": "2025-07-01 to 2025-10-01",
        "usage.is_fraud": "Yes",
        "usage.country_iso": "NG",
    },
    "limit": "5000",
}
FILTERS = f"f[usage.account_sid]={ASKED}&f[usage.usage_date]=2025-10&f[usage.country_iso]="
TOTALS = "sql for creating the total"
PIVOT = "z__pivot_col_rank"


@pytest.fixture
def saved(looker: Looker) -> Looker:
    looker.world.add_look(look_id="88", query=QUERY)
    looker.world.add_query(slug="abc123", query=QUERY)
    return looker


@pytest.mark.parametrize(
    "path",
    ["/looks/88?", "/embed/looks/88?", "/x/abc123?", "/explore/verify/usage?qid=abc123&", "/looks/88?qid=abc123&"],
)
def test_a_saved_query_is_run_with_the_links_filters_in_place_of_its_own(saved: Looker, path: str) -> None:
    sql = saved.sql(path + FILTERS)
    assert ASKED in sql
    assert SAVED not in sql
    assert "TIMESTAMP '2025-10-01'" in sql
    assert "TIMESTAMP '2025-11-01'" in sql
    assert "'NG'" not in sql  # blank is any value
    assert "is_fraud" in sql  # what the link does not name stays
    assert "LIMIT 5000" in sql


def test_all_that_the_link_does_not_name_is_copied(looker: Looker) -> None:
    rest = {
        "fill_fields": ["usage.usage_date"],
        "filter_expression": "${usage.mcc} = 621",
        "sorts": ["usage.usage_date desc"],
        "column_limit": "30",
        "dynamic_fields": '[{"measure": "sum_of_amount"}]',
        "query_timezone": "America/New_York",
    }
    looker.world.add_look(look_id="88", query=QUERY | rest | {"vis_config": {"type": "table"}})

    looker.sql(f"/looks/88?f[usage.account_sid]={ASKED}&limit=100")

    [body] = looker.world.inline_queries()
    assert body.pop("filters") == QUERY["filters"] | {"usage.account_sid": ASKED}  # type: ignore[operator]
    assert (
        body == {"model": "verify", "view": "usage", "fields": QUERY["fields"], "total": False, "limit": "100"} | rest
    )


def test_a_plain_saved_query_is_run_as_it_is(saved: Looker) -> None:
    assert SAVED in saved.sql("/looks/88?toggle=det")
    assert SAVED in saved.sql("/x/abc123")
    assert saved.world.inline_queries() == []


ADDITIONS = [
    {"total": True},
    {"row_total": "right"},
    {"subtotals": ["usage.usage_date"]},
    {"pivots": ["usage.country_iso"]},
]


@pytest.mark.parametrize("more", ADDITIONS)
@pytest.mark.parametrize("path", ["/looks/7", "/x/tot123"])
def test_totals_and_pivots_are_left_off(looker: Looker, path: str, more: dict[str, Any]) -> None:
    looker.world.add_look(look_id="7", query=QUERY | more)
    looker.world.add_query(slug="tot123", query=QUERY | more)
    sql = looker.sql(path)
    assert TOTALS not in sql
    assert PIVOT not in sql
    assert "usage.country_iso" in sql


@pytest.mark.parametrize("more", ["&total=on&row_total=right", "&pivots=usage.country_iso"])
def test_an_explore_link_is_asked_for_without_its_totals_and_pivots(looker: Looker, more: str) -> None:
    sql = looker.sql("/explore/verify/usage?fields=usage.usage_date,usage.country_iso,usage.total_amount" + more)
    assert TOTALS not in sql
    assert PIVOT not in sql


@pytest.mark.parametrize("path", ["/looks/7", "/x/tot123"])
def test_who_may_not_explore_gets_the_saved_query_as_it_is(looker: Looker, path: str) -> None:
    looker.world.add_look(look_id="7", query=QUERY | {"total": True})
    looker.world.add_query(slug="tot123", query=QUERY | {"total": True})
    looker.world.allow_exploring(False)
    assert TOTALS in looker.sql(path)


@pytest.mark.parametrize("filters", [FILTERS, "f[usage.mcc]=621"])
def test_who_may_not_explore_never_gets_the_saved_filters_for_the_links(saved: Looker, filters: str) -> None:
    saved.world.allow_exploring(False)
    for path, look in (("/looks/88?", "with these filters, as a look of its own"), ("/x/abc123?", "query as a look")):
        with pytest.raises(LinkError, match="permission `explore`") as refused:
            saved.sql(path + filters)
        assert look in str(refused.value)


@pytest.mark.parametrize("path", ["/looks/88?", "/x/abc123?", "/explore/verify/usage?fields=usage.total_amount&"])
def test_a_filter_that_looker_would_leave_out_is_refused_by_name(saved: Looker, path: str) -> None:
    with pytest.raises(LinkError, match=r"filters by `usage.usage_dat`.* explore `usage` does not have"):
        saved.sql(f"{path}f[usage.usage_dat]=2025-08&f[usage.usage_date]=2025-08")
    assert saved.world.inline_queries() == []


def test_an_explore_that_is_gone_is_not_said_to_lack_a_field(looker: Looker) -> None:
    with pytest.raises(LinkError, match="or its model is gone"):
        looker.sql("/explore/verify/gone?fields=gone.total&f[gone.day]=2025")


def test_an_explores_fields_are_asked_for_once(saved: Looker) -> None:
    client = saved.client()
    for path in ("/looks/88?f[usage.mcc]=621", "/x/abc123?f[usage.mcc]=622", "/x/abc123?f[usage.service_sid]=VA1"):
        client.sql(parse_link(f"https://l.example{path}", ["l.example"]))
    client.close()
    assert len(saved.hub.calls.seen(operation="lookml_model_explore")) == 1


CUSTOM = (
    '[{"dimension": "custom_country"}, {"measure": "sum_of_amount", "based_on": "usage.amount"}, '
    '{"table_calculation": "share"}]'
)


@pytest.mark.parametrize(
    ("given", "saved_parts", "added"),
    [
        ("f[u.a]=1&f[u.b]=2", {"filters": {"u.a": "x"}}, {"u.b"}),  # saved filters are known to Looker
        ("f[u.a]=", {}, set()),
        ("f[u.a]=%20", {}, set()),
        ("limit=5", {}, set()),
        ("f[custom_country]=NG&f[sum_of_amount]=>5", {"dynamic_fields": CUSTOM}, set()),
        ("f[share]=>5", {"dynamic_fields": CUSTOM}, {"share"}),  # Looker makes it of the rows, after the SQL
        ("f[usage.amount]=>5", {"dynamic_fields": CUSTOM}, {"usage.amount"}),
        ("f[sum_of_amount]=>5&dynamic_fields=[]", {"dynamic_fields": CUSTOM}, {"sum_of_amount"}),
        ("f[u.a]=1", {"dynamic_fields": "nonsense"}, {"u.a"}),
        ("f[u.a]=1", {"dynamic_fields": "[7]"}, {"u.a"}),
    ],
)
def test_filters_are_looked_up_that_neither_the_query_nor_its_custom_fields_have(
    given: str, saved_parts: dict[str, Any], added: set[str]
) -> None:
    link = parse_link(f"https://l.example/looks/8?{given}", ["l.example"])
    assert added_filters(saved_parts, link) == added


def test_a_look_in_the_trash_is_no_look(saved: Looker) -> None:
    saved.world.trash_look("88")
    for path in ("/looks/88", f"/looks/88?{FILTERS}"):
        with pytest.raises(LinkError, match="trash"):
            saved.sql(path)


@pytest.mark.parametrize(
    ("rows", "columns", "room"),
    [
        ("500", None, "25000"),
        (None, "10", "5000"),
        ("5000", "200", "1000000"),
        ("100000", "50", "1000000"),
        ("2000000", "50", "2000000"),
        ("-1", "50", "-1"),
        ("many", "50", "many"),
    ],
)
def test_a_pivots_columns_have_room_as_rows(rows: str | None, columns: str | None, room: str) -> None:
    pivoted = {
        "fields": ["a", "b"],
        "pivots": ["b", "c"],
        "limit": rows,
        "column_limit": columns,
        "sorts": ["a desc 0", "b"],
    }
    plain = without_additions(pivoted)
    assert (plain["limit"], plain["fields"], plain["sorts"]) == (room, ["a", "b", "c"], ["a desc", "b"])


def test_a_part_that_is_given_empty_is_none() -> None:
    link = parse_link("https://l.example/looks/8?sorts=&filter_expression=", ["l.example"])
    query = changed({"sorts": ["a"], "filter_expression": "x", "filters": None, "limit": "7"}, link)
    assert query == {"sorts": [], "filter_expression": None, "filters": {}, "limit": "7"}
