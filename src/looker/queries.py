"""The query that is asked of Looker for a link: the saved one with the link's changes, without what Looker adds.

Totals, row totals, subtotals and pivots are no part of what somebody claims: a query is asked for without them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .links import LookerLink
from .parameters import LISTS, TEXTS, filters_of

# All that makes a query's SQL. vis_config only shows it, and filter_config must not be set through the API.
_PARTS = ("model", "view", *LISTS, *TEXTS, "filters", "total", "row_total", "subtotals")
SAVED_FIELDS = ",".join(("id", *_PARTS))

DEFAULT_ROWS, DEFAULT_COLUMNS = 500, 50  # Looker's, for a query that says nothing
MOST_ROWS = 1_000_000  # its most rows on a page, 5,000, times its most pivoted columns, 200

_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_PIVOTED_SORT = re.compile(r"(?: +[0-9.]+)$")  # "usage.amount desc 2": by the third pivoted column

Query = dict[str, Any]


def explore_of(link: LookerLink) -> Query:
    """What an explore link spells its query out on."""
    model, _, view = link.id.partition("/")
    return {"model": model, "view": view}


def saved(query: Any) -> Query:
    """The parts of Looker's query object that make its SQL."""
    return {name: getattr(query, name) for name in _PARTS}


def changed(query: Query, link: LookerLink) -> Query:
    """The query with its parameters replaced by the link's; a filter replaces the one of the same field."""
    given = dict(link.query)
    changes: Query = {name: _items(given[name]) for name in LISTS if name in given}
    changes |= {name: given[name] or None for name in TEXTS if name in given}
    return query | changes | {"filters": {**(query.get("filters") or {}), **filters_of(given)}}


def added_filters(query: Query, link: LookerLink) -> set[str]:
    """The fields that the link filters by and the saved query neither filters by nor makes itself."""
    given = {field for field, value in filters_of(dict(link.query)).items() if value.strip()}
    return given - set(query.get("filters") or ()) - _custom_fields(changed(query, link).get("dynamic_fields"))


def _custom_fields(dynamic_fields: str | None) -> set[str]:
    """The custom dimensions and measures; not table calculations, which are made of the rows and not by SQL."""
    try:
        found = json.loads(dynamic_fields or "[]")
        return {str(field[kind]) for field in found for kind in ("dimension", "measure") if field.get(kind)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return set()


def has_additions(query: Query) -> bool:
    """Whether Looker would add anything to this query's rows."""
    return any(query.get(name) for name in ("pivots", "total", "row_total", "subtotals"))


def without_additions(query: Query) -> Query:
    """The query without totals and pivots; a pivot's field stays a field, and there is room for its columns as rows."""
    plain = query | {"total": False, "row_total": None, "subtotals": None, "pivots": None}
    if pivots := query.get("pivots"):
        fields = list(query.get("fields") or ())
        plain["fields"] = fields + [pivot for pivot in pivots if pivot not in fields]
        plain["sorts"] = [_PIVOTED_SORT.sub("", sort) for sort in query.get("sorts") or ()]
        plain["limit"] = _room(query.get("limit"), query.get("column_limit"))
    return plain


def _room(rows: str | None, columns: str | None) -> str | None:
    if rows and not _COUNT.fullmatch(rows):
        return rows  # -1 is no limit
    wanted = int(rows or DEFAULT_ROWS)
    across = int(columns) if columns and _COUNT.fullmatch(columns) else DEFAULT_COLUMNS
    return str(max(wanted, min(wanted * across, MOST_ROWS)))


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
