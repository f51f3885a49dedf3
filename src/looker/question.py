"""What is asked of Looker for one link: the query as it is saved, or its parts with the link's changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import LinkError
from .links import LookerLink
from .parameters import shown
from .queries import SAVED_FIELDS, Query, added_filters, changed, explore_of, has_additions, saved, without_additions

NOT_PERMITTED = (403, 404)  # Looker hides what a user may not see, and often what they may not do
MOST_NAMES = 3  # in a sentence

_KINDS = ("dimensions", "measures", "filters", "parameters")
_NAMES = f"fields({','.join(f'{kind}(name)' for kind in _KINDS)})"

Explores = dict[tuple[str, str], frozenset[str]]
"""The names of an explore's fields, by model and view, as far as they were asked for."""


class Question:
    """One link and the SDK to ask. `explores`: fields known so far; those asked for are added."""

    def __init__(self, sdk: Any, link: LookerLink, explores: Explores) -> None:
        self._sdk = sdk
        self._link = link
        self._explores = explores

    def sql(self) -> str | bytes:
        """The SQL that Looker makes. Raises LinkError, HttpRefusal, and whatever else the SDK raises."""
        match self._link.kind:
            case "sql_runner":
                return self._sdk.sql_query(self._link.id).sql or ""
            case "explore":
                return self._run_changed(explore_of(self._link))
            case "look":
                return self._run_look()
        query = self._sdk.query_for_slug(self._link.id, fields=SAVED_FIELDS)
        return self._run_saved(query, lambda: self._sdk.run_query(str(query.id), "sql"))

    def _run_look(self) -> str | bytes:
        look = self._sdk.look(self._link.id, fields="id,deleted,query")
        if look.deleted or look.query is None:
            raise LinkError("This look is in Looker's trash or has no query: have it restored, or post another.")
        return self._run_saved(look.query, lambda: self._sdk.run_look(self._link.id, "sql"))

    def _run_saved(self, query: Any, run: Callable[[], str | bytes]) -> str | bytes:
        """Run the saved query as it is if the link asks for no more; else its parts with the link's changes."""
        from .api import HttpRefusal  # noqa: PLC0415 (lazy: see the client)

        parts = saved(query)
        if self._link.query:
            return self._run_changed(parts)
        if not has_additions(parts):
            return run()
        try:
            return self._run_inline(parts)
        except HttpRefusal as refusal:
            if refusal.status not in NOT_PERMITTED:
                raise
            return run()  # Looker's additions are then cut off the SQL, if they can be told apart

    def _run_changed(self, query: Query) -> str | bytes:
        """Looker leaves out a filter by a field that the explore does not have: such a link is refused."""
        if added := added_filters(query, self._link):
            self._refuse_left_out(added, str(query["model"]), str(query["view"]))
        return self._run_inline(changed(query, self._link))

    def _refuse_left_out(self, filtered: set[str], model: str, view: str) -> None:
        if unknown := sorted(filtered - self._fields(model, view)):
            names = " and ".join(map(shown, unknown[:MOST_NAMES]))
            raise LinkError(
                f"The link filters by {names}, which Looker's explore {shown(view)} does not have and would leave out: "
                "set the filter in Looker itself, run it, and post the link that it then has."
            )

    def _fields(self, model: str, view: str) -> frozenset[str]:
        """Threads that meet here both ask, and are told the same."""
        known = self._explores.get((model, view))
        if known is None:
            fields = self._sdk.lookml_model_explore(model, view, fields=_NAMES).fields
            known = frozenset(field.name for kind in _KINDS for field in getattr(fields, kind, None) or ())
            self._explores[model, view] = known
        return known

    def _run_inline(self, query: Query) -> str | bytes:
        from looker_sdk.sdk.api40.models import WriteQuery  # noqa: PLC0415 (lazy: see the client)

        return self._sdk.run_inline_query("sql", WriteQuery(**without_additions(query)))  # type: ignore[no-any-return]
