"""`--dry-run`: prints what a tick would do with the channel. Reads Slack, Looker and state; changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from .. import paths
from ..errors import CreditsError
from ..executor import is_verify_query
from ..looker.links import LookerLink, allowed_hosts, parse_link
from ..state.records import Request
from .first_look import FirstLook
from .inbox import Candidate, Inbox
from .services import Services


def dry_run(services: Services, inbox: Inbox, first_look: FirstLook, *, as_json: bool = False) -> None:
    """Print a line for each link of each message in the look-back window; or a JSON list of them."""
    settings, state = services.settings, services.state
    open_messages = set(state.open_messages())
    hosts = allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url)

    def verdict(message: Candidate, request: Request) -> str:
        if (message.channel, message.ts) in open_messages:
            return "in hand already: a tick would go on with it"
        if state.read(message.channel, message.ts) or state.processed_before(message.ts):
            return "answered before: nothing to do"
        if request.failure:
            return f"would be refused: {request.failure.message}"
        try:
            link = parse_link(request.link, hosts)
            return _of_sql(services.looker.sql(link), link, first_look)
        except CreditsError as error:
            return f"would fail: {error}"

    candidates = inbox.window()
    found = [
        {"message": message.ts, "link": request.link, "verdict": verdict(message, request)}
        for message in candidates
        for request in message.requests
    ]
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for each in found:
        print(f"message {each['message']}  {each['link'][:100] or '(the rest)'}  {each['verdict']}")
    print(f"{len(candidates)} message(s) with links in the last {settings.lookback_hours} hours; nothing was changed.")


def _of_sql(sql: str, link: LookerLink, first_look: FirstLook) -> str:
    if not is_verify_query(sql):
        return "not a Verify query: one line"
    refusal = first_look.at(sql, paths.new_execution_id(datetime.now(UTC)), link).refusal
    return f"would be refused: {refusal.message}" if refusal else f"would run its {len(sql)} characters of SQL"
