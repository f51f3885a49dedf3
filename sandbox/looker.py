"""Looker on one machine: API 4.0's login, its user's rights, the ways from a link to its SQL, with Looker's answers.

A query and a look have either a text of SQL that is given to them, or a query object, of which their SQL is made with
its filters, totals and pivots. The text is what running them gives; a query of changed parts has SQL made of those.

Thread-safe. `LookerWorld.control` holds the verbs that the control port offers as POST /control/looker/<verb>.
"""

from __future__ import annotations

import json
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from werkzeug.wrappers import Request, Response

from sandbox.faults import Fault
from sandbox.looker_fields import explore_answer, picked
from sandbox.looker_queries import UnknownFilter, sql_of
from sandbox.warehouse import SAMPLE_SQL
from sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TOKEN_SECONDS = 3600
"""How long an access token says it is valid."""
SAMPLE_SLUG = "sample"
PERMISSIONS = ("access_data", "explore", "see_looks", "see_sql", "use_sql_runner")
DOCUMENTATION = "https://cloud.google.com/looker/docs/r/err/4.0"

_ROUTES = (
    ("login", "POST", re.compile(r"/api/4\.0/login")),
    ("logout", "DELETE", re.compile(r"/api(?:/4\.0)?/logout")),
    ("query_for_slug", "GET", re.compile(r"/api/4\.0/queries/slug/([^/]+)")),
    ("run_inline_query", "POST", re.compile(r"/api/4\.0/queries/run/([^/]+)")),
    ("run_query", "GET", re.compile(r"/api/4\.0/queries/([^/]+)/run/([^/]+)")),
    ("run_look", "GET", re.compile(r"/api/4\.0/looks/([^/]+)/run/([^/]+)")),
    ("look", "GET", re.compile(r"/api/4\.0/looks/([^/]+)")),
    ("lookml_model_explore", "GET", re.compile(r"/api/4\.0/lookml_models/([^/]+)/explores/([^/]+)")),
    ("sql_query", "GET", re.compile(r"/api/4\.0/sql_queries/([^/]+)")),
    ("me", "GET", re.compile(r"/api/4\.0/user")),
    ("user_roles", "GET", re.compile(r"/api/4\.0/users/([^/]+)/roles")),
)


USER_ID = "7"

Key = TypeVar("Key")
Value = TypeVar("Value")


class Refusal(Exception):
    """An answer other than 2xx, in Looker's form."""

    def __init__(self, status: int, message: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors or []


@dataclass
class SavedQuery:
    """What a slug or a look leads to; sql: the text that it has instead of what its parts make."""

    id: str
    slug: str
    parts: dict[str, Any]
    sql: str | None
    deleted: bool = False

    @property
    def text(self) -> str:
        """Its SQL. Raises UnknownFilter."""
        return sql_of(self.parts) if self.sql is None else self.sql

    @property
    def answer(self) -> dict[str, Any]:
        """The query as the API gives it."""
        return {"id": self.id, "slug": self.slug, "client_id": self.slug} | self.parts


class LookerWorld:
    """One Looker: its API user, and its queries, looks, SQL Runner queries and explores."""

    def __init__(self, *, client_secret: str | None = None, clock: Callable[[], float] = time.time) -> None:
        self.client_id = "sandbox-looker-client"
        self.client_secret = client_secret or secrets.token_urlsafe(18)
        self.clock = clock
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Only the sample query again; the login stays."""
        with self.lock:
            self.queries: dict[str, SavedQuery] = {}  # by slug
            self.looks: dict[str, SavedQuery] = {}  # by number
            self.runner: dict[str, str] = {}
            self.explores: dict[tuple[str, str], str | None] = {("verify", "usage"): None}  # None: SQL is made
            self.permissions = set(PERMISSIONS)
            self._ids = 0
            self.dashboards: set[str] = set()
            self.inline: list[dict[str, Any]] = []
            self.tokens: dict[str, float] = {}
            self.add_query(SAMPLE_SLUG, SAMPLE_SQL)

    @property
    def control(self) -> dict[str, Callable[..., Any]]:
        """The verbs of the control port: plain values in, plain values out."""
        verbs = (
            self.add_query,
            self.add_look,
            self.add_sql_runner,
            self.add_explore,
            self.add_dashboard,
            self.allow_exploring,
            self.trash_look,
            self.delete_query,
            self.delete_look,
            self.delete_sql_runner,
            self.expire_tokens,
            self.inline_queries,
            self.logins,
        )
        return {verb.__name__: verb for verb in verbs}

    def add_query(self, slug: str, sql: str | None = None, query: dict[str, Any] | None = None) -> str:
        """A query shared as /x/<slug>, of this text or these parts; its id: letters, as in Looker since 25.2."""
        with self.lock:
            self.queries[slug] = self._saved(slug, sql, query)
            return self.queries[slug].id

    def add_look(self, look_id: str, sql: str | None = None, query: dict[str, Any] | None = None) -> None:
        """A look at /looks/<look_id>."""
        with self.lock:
            self.looks[str(look_id)] = self._saved(f"look{look_id}", sql, query)

    def _saved(self, slug: str, sql: str | None, query: dict[str, Any] | None) -> SavedQuery:
        self._ids += 1
        return SavedQuery(f"q{self._ids:021d}", slug, _parts(query or {}), sql if query is None else None)

    def allow_exploring(self, allowed: bool) -> None:
        """Whether the API user has the permission `explore`: without it, it runs only what is saved."""
        with self.lock:
            (self.permissions.add if allowed else self.permissions.discard)("explore")

    def add_sql_runner(self, slug: str, sql: str) -> None:
        """A SQL Runner query at /sql/<slug>."""
        with self.lock:
            self.runner[slug] = sql

    def add_explore(self, model: str, view: str, sql: str | None = None) -> None:
        """An explore at /explore/<model>/<view>; every query on it has this SQL, or what is made of its parts."""
        with self.lock:
            self.explores[model, view] = sql

    def add_dashboard(self, dashboard_id: str) -> None:
        """A dashboard at /dashboards/<dashboard_id>; it has no SQL of its own."""
        with self.lock:
            self.dashboards.add(str(dashboard_id))

    def delete_query(self, slug: str) -> None:
        """The slug leads nowhere any more."""
        with self.lock:
            del self.queries[slug]

    def delete_look(self, look_id: str) -> None:
        """Somebody deletes the look."""
        with self.lock:
            del self.looks[str(look_id)]

    def trash_look(self, look_id: str) -> None:
        """Somebody deletes the look as Looker's page does: it can be restored."""
        with self.lock:
            self.looks[str(look_id)].deleted = True

    def delete_sql_runner(self, slug: str) -> None:
        """Somebody deletes the SQL Runner query."""
        with self.lock:
            del self.runner[slug]

    def expire_tokens(self) -> None:
        """Every token given out so far is refused from now on."""
        with self.lock:
            self.tokens.clear()

    def inline_queries(self) -> list[dict[str, Any]]:
        """The bodies of all inline queries, for what a link's parameters became."""
        with self.lock:
            return list(self.inline)

    def logins(self) -> int:
        """How many tokens are valid."""
        with self.lock:
            return len(self.tokens)


def create_app(world: LookerWorld) -> WSGIApplication:
    """Looker's API 4.0 for this world."""
    api = _Api(world)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return api.respond(Request(environ))(environ, start_response)

    return app


def operation(environ: WSGIEnvironment) -> str:
    """What a request is called in counts and faults: the SDK's name for it."""
    return _route(str(environ.get("REQUEST_METHOD")), str(environ.get("PATH_INFO")))[0]


def fault_answer(environ: WSGIEnvironment, fault: Fault) -> Answer:
    """A throttle or a server error as Looker words it."""
    throttled = fault.kind == "throttle"
    status = 429 if throttled else fault.status if fault.kind == "status" else 503
    words = "Too Many Requests" if throttled else "The server is busy"
    body = {"message": words, "documentation_url": f"{DOCUMENTATION}/{status}{environ.get('PATH_INFO', '')}"}
    headers = [("Content-Type", "application/json")]
    headers += [("Retry-After", str(max(1, math.ceil(fault.seconds))))] if throttled else []
    return Answer(status, headers, json.dumps(body).encode())


def _route(method: str, path: str) -> tuple[str, tuple[str, ...]]:
    for name, verb, pattern in _ROUTES:
        found = pattern.fullmatch(path)
        if found and verb == method:
            return name, found.groups()
    return "other", ()


class _Api:
    def __init__(self, world: LookerWorld) -> None:
        self._world = world
        self._calls: Mapping[str, Callable[..., Response]] = {
            "logout": self._logout,
            "query_for_slug": self._query_for_slug,
            "run_query": self._run_query,
            "run_inline_query": self._run_inline_query,
            "run_look": self._run_look,
            "look": self._look,
            "me": self._me,
            "user_roles": self._user_roles,
            "lookml_model_explore": self._lookml_model_explore,
            "sql_query": self._sql_query,
        }

    def respond(self, request: Request) -> Response:
        name, parts = _route(request.method, request.path)
        try:
            with self._world.lock:
                if name == "login":
                    return self._login(request)
                self._check_token(request)
                if name == "other":
                    raise Refusal(404, "Not found")
                return self._calls[name](request, *parts)
        except Refusal as refusal:
            return _refused(refusal, request)

    def _login(self, request: Request) -> Response:
        given = (request.form.get("client_id"), request.form.get("client_secret"))
        if given != (self._world.client_id, self._world.client_secret):
            raise Refusal(404, "Not found")  # real Looker's answer to a wrong id or secret
        token = secrets.token_urlsafe(24)
        self._world.tokens[token] = self._world.clock() + TOKEN_SECONDS
        return _json(
            {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "refresh_token": None}
        )

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "token") or self._world.tokens.get(token, 0) < self._world.clock():
            raise Refusal(401, "Requires authentication.")

    def _logout(self, request: Request) -> Response:
        self._world.tokens.pop(request.headers["Authorization"].partition(" ")[2], None)
        return Response(status=204)

    def _query_for_slug(self, request: Request, slug: str) -> Response:
        return _json(_asked(request, self._found(self._world.queries, slug).answer))

    def _run_query(self, _request: Request, query_id: str, result_format: str) -> Response:
        by_id = {query.id: query for query in self._world.queries.values()}
        return _sql(self._text(self._found(by_id, query_id)), result_format)

    def _look(self, request: Request, look_id: str) -> Response:
        look = self._found(self._world.looks, look_id)
        return _json(_asked(request, {"id": look_id, "deleted": look.deleted, "query": look.answer}))

    def _run_look(self, _request: Request, look_id: str, result_format: str) -> Response:
        return _sql(self._text(self._found(self._world.looks, look_id)), result_format)

    def _run_inline_query(self, request: Request, result_format: str) -> Response:
        body = json.loads(request.get_data())
        if not body.get("fields"):
            detail = {"field": "fields", "code": "missing_field", "message": "This field is required."}
            raise Refusal(422, "Validation Failed", [detail | {"documentation_url": DOCUMENTATION}])
        self._check_may_explore()
        self._world.inline.append(body)
        explore = (body.get("model"), body.get("view"))
        given = self._found(self._world.explores, explore)
        return _sql(self._text(SavedQuery("", "", body, given)), result_format)

    def _lookml_model_explore(self, request: Request, model: str, view: str) -> Response:
        self._check_may_explore()
        return _json(_asked(request, explore_answer(model, view, self._found(self._world.explores, (model, view)))))

    def _check_may_explore(self) -> None:
        if "explore" not in self._world.permissions:
            raise Refusal(403, "Forbidden")

    def _text(self, query: SavedQuery) -> str:
        try:
            return query.text
        except UnknownFilter as error:
            raise Refusal(400, str(error)) from error

    def _me(self, request: Request) -> Response:
        return _json(_asked(request, {"id": USER_ID, "display_name": "Credit Bot"}))

    def _user_roles(self, request: Request, user_id: str) -> Response:
        if user_id != USER_ID:
            raise Refusal(404, "Not found")
        permissions = {"name": "Bot", "all_access": False, "permissions": sorted(self._world.permissions)}
        return _json([_asked(request, {"id": "2", "name": "Bot", "permission_set": permissions})])

    def _sql_query(self, _request: Request, slug: str) -> Response:
        sql = self._found(self._world.runner, slug)
        return _json({"slug": slug, "sql": sql, "run_count": 1, "browser_limit": 500})

    def _found(self, known: Mapping[Key, Value], name: Key) -> Value:
        if name not in known:
            raise Refusal(404, "Not found")
        return known[name]


def _parts(query: dict[str, Any]) -> dict[str, Any]:
    """A query object with all that it was not given as Looker has it."""
    empty = dict.fromkeys(("pivots", "fill_fields", "filter_expression", "sorts", "limit", "column_limit", "total"))
    empty |= dict.fromkeys(("row_total", "subtotals", "dynamic_fields", "query_timezone", "vis_config"))
    fields = ["usage.usage_date", "usage.total_amount", "usage.total_attempts"]
    return {"model": "verify", "view": "usage", "fields": fields, "filters": {}} | empty | query


def _asked(request: Request, whole: dict[str, Any]) -> Any:
    """The parts of an answer that `fields` asks for."""
    return picked(whole, request.args.get("fields"))


def _sql(sql: str, result_format: str) -> Response:
    if result_format != "sql":
        raise Refusal(400, f"The sandbox makes SQL only, not {result_format}.")
    return Response(sql.encode("utf-8"), content_type="text/plain")  # no charset, as real Looker sends it


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")


def _refused(refusal: Refusal, request: Request) -> Response:
    where = request.path.removeprefix("/api/4.0")
    url = f"{DOCUMENTATION}/{refusal.status}/{request.method.lower()}{where}"
    body: dict[str, Any] = {"message": refusal.message, "documentation_url": url}
    return _json(body | ({"errors": refusal.errors} if refusal.errors else {}), refusal.status)
