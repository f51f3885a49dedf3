"""What the parameters of a Looker link ask for. Pure.

Each is honoured, passed over because it cannot change which rows count, or refused by name: a parameter left out
would answer another question than the link asks.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote_plus

from ..errors import LinkError
from .filter_config import compared

MAX_PARAMETERS = 1000

# What Looker's own links, embedding and drill menus add for the page around the query.
DISPLAY_ONLY = frozenset(
    {
        "_theme",
        "allow_login_screen",
        "apply_formatting",
        "apply_vis",
        "download",
        "embed_domain",
        "origin",
        "origin_space",
        "run",
        "sandboxed_host",
        "sdk",
        "share",
        "show",
        "show_title",
        "theme",
        "title",
        "toggle",
        "vis",
        "vis_config",
        "visible_ui_sections",
    }
)
# Additions that are always left off: see `queries`.
NEVER_ASKED_FOR = frozenset({"total", "row_total", "subtotals"})
LISTS = ("fields", "pivots", "fill_fields", "sorts")
TEXTS = ("limit", "column_limit", "filter_expression", "dynamic_fields", "query_timezone")

# Looker leaves out a filter whose field it does not know: what cannot be a field's name is not passed on.
_FILTER = re.compile(r"f\[([A-Za-z0-9_.:-]{1,300})\]")
_HONOURED = frozenset({*LISTS, *TEXTS, "qid", "filter_config"})
_PASSED_OVER = DISPLAY_ONLY | NEVER_ASKED_FOR
_CAMPAIGN = "utm_"
_HARMLESS_FRAGMENTS = ("", "drillmenu")

SHARE = "open it in Looker, choose Share, and post the short link that it gives."


def parameters_of(query: str, fragment: str = "") -> dict[str, str]:
    """The parameters that make up a link's question, by name; those that only concern its display are left out.

    A filter's blank value is “any value” and is kept. Raises LinkError, naming the parameter, for one that is unknown,
    given twice with different values, or a filter_config that says something else than the filters.
    """
    if fragment not in _HARMLESS_FRAGMENTS:
        raise LinkError(f"The link has a # in it, after which nothing reaches Looker: {SHARE}")
    given: dict[str, str] = {}
    for name, value in _pairs(query):
        if _is_passed_over(name):
            continue
        if name not in _HONOURED and not _FILTER.fullmatch(name):
            raise LinkError(f"The link's parameter {shown(name)} is not known here and may change the query: {SHARE}")
        if given.setdefault(name, value) != value:
            raise LinkError(f"The link has {shown(name)} more than once, with different values: {SHARE}")
    config = given.pop("filter_config", "")
    _check_config(config, filters_of(given))
    return given


def filters_of(parameters: dict[str, str]) -> dict[str, str]:
    """The filters among these, by field."""
    return {match[1]: value for name, value in parameters.items() if (match := _FILTER.fullmatch(name))}


def asks_in(text: str) -> str | None:
    """The first name of a parameter in a text that would be part of a link's question."""
    names = (unquote_plus(piece.partition("=")[0]) for piece in re.split("[&?;#]", text))
    return next((name for name in names if name in _HONOURED or name.startswith("f[")), None)


def shown(name: str) -> str:
    """A parameter's name as a sentence may quote it."""
    return f"`{''.join(char for char in name[:60] if char.isprintable() and char != '`')}`"


def _check_config(config: str, filters: dict[str, str]) -> None:
    verdict = compared(config, filters)
    if verdict == "different":
        raise LinkError(f"The link's `filter_config` says something else than the filters (`f[…]`) beside it: {SHARE}")
    if verdict == "unread":
        raise LinkError(f"The link's `filter_config` has a filter that is not read here: {SHARE}")


def _pairs(query: str) -> list[tuple[str, str]]:
    _refuse_semicolons(query)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise LinkError("The link has too many parameters: share the query as a short link and post that.") from None
    # Blocks may hold &amp; where text has &.
    return [(name.removeprefix("amp;"), value) for name, value in pairs]


def _refuse_semicolons(query: str) -> None:
    """Raise LinkError for a `;` that may begin another parameter: some servers take `;` for `&`."""
    for pair in query.split("&"):
        before, semicolon, after = pair.removeprefix("amp;").partition(";")
        name = unquote_plus(before.partition("=")[0])
        if semicolon and ("=" in after or not _is_passed_over(name)):
            raise LinkError(f"The link has a `;` in {shown(name)}, behind which may be another parameter: {SHARE}")


def _is_passed_over(name: str) -> bool:
    return name in _PASSED_OVER or name.startswith(_CAMPAIGN)
