"""`--dry-run`: what a tick would do with the channel as it is. Reads Slack, Looker and state; changes nothing."""

from __future__ import annotations

from src.config import Settings
from src.errors import CreditsError
from src.executor import is_verify_query
from src.inbox import Candidate, Inbox
from src.looker_client import LookerClient
from src.message_parser import allowed_hosts, parse_link
from src.records import Request
from src.state_manager import StateManager


def dry_run(settings: Settings, *, inbox: Inbox, state: StateManager, looker: LookerClient) -> None:
    """Print a line for each link of each message in the look-back window."""
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
            sql = looker.sql(parse_link(request.link, hosts))
        except CreditsError as error:
            return f"would fail: {error}"
        return f"would run its {len(sql)} characters of SQL" if is_verify_query(sql) else "not a Verify query: one line"

    candidates = inbox.window()
    for message in candidates:
        for request in message.requests:
            print(f"message {message.ts}  {request.link[:100] or '(the rest)'}  {verdict(message, request)}")
    print(f"{len(candidates)} message(s) with links in the last {settings.lookback_hours} hours; nothing was changed.")
