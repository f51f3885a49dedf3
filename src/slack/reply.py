"""Every word the bot posts: the answer, failures, the one-line replies. Pure; text from outside is made harmless.

All lines come in two forms that say the same: blocks for the eye, plain text for notifications and screen readers.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..executor import CreditResult
from ..state.recommendations import Earlier
from ..state.records import Understood
from .earlier import UrlOf, earlier_block, earlier_lines
from .reply_parts import breakdown, currency_of, duration, facts, money, text_of, understood_as
from .text import (
    Block,
    Element,
    Message,
    bullets,
    escape,
    header,
    link,
    literal,
    mrkdwn_link,
    own,
    paragraph,
    preformatted,
    small,
    text,
)
from .text import message as _message

__all__ = [
    "Message",
    "answer",
    "failure_dm",
    "failure_line",
    "not_in_thread",
    "not_verify",
    "outage",
    "progress",
    "refused_claim",
    "refused_link",
    "repeat",
    "too_many_links",
    "undelivered",
    "waiting",
]

MAX_FLAGS = 15  # shown; the report has all
LOG_LINES = 20  # the last ones, in a direct message
IDS = {"Account SID", "Parent account", "Job", "Execution"}


def answer(
    result: CreditResult,
    *,
    earlier: Earlier | None = None,
    earlier_url: UrlOf = lambda _: "",
    report_url: str,
    notebook_url: str,
    duplicate_links: bool = False,
    link_url: str | None = None,
) -> Message:
    """The recommendation. report_url, notebook_url: lasting links; link_url: the Looker link it answers.

    earlier: the account's earlier recommendations; earlier_url: where to read one.
    """
    amount = f"{money(result['credit_amount'])} {literal(currency_of(result), 3)}"
    title = f"{amount} credit recommended" if result["credit_amount"] else f"{amount}: no credit recommended"
    shown, lines = breakdown(result), facts(result)
    links = [("Report in S3", report_url), ("Notebook in S3", notebook_url)]
    links += [("Looker query", link_url)] if link_url else []
    note = "The message held the same link twice; it is answered once." if duplicate_links else ""
    footer = f"{_policy(result)}execution {literal(result['execution_id'], 60)}"
    return _message(
        [
            *earlier_lines(earlier, earlier_url),
            f"*{escape(title)}*",
            *(f"{name}: {escape(value)}" for name, value in lines),
            *(f"{shown.title}: {escape(row)}" for row in shown.spoken),
            *_flag_lines(result),
            note,
            " · ".join(mrkdwn_link(url, name) for name, url in links),
            escape(footer),
        ],
        [
            earlier_block(earlier, earlier_url),
            header(title),
            _facts_block(lines) if lines else None,
            shown.table,
            small(shown.left_out) if shown.left_out else None,
            _flags_block(result),
            paragraph(own(note)) if note else None,
            _links_block(links),
            small(footer),
        ],
    )


def _policy(result: CreditResult) -> str:
    version = text_of(result, "policy_version")
    return f"Policy {literal(version, 40)} · " if version else ""


def failure_line(what: str, *, advice: str = "", on_call_told: bool = False, told: bool = False) -> Message:
    """One line in the thread; `told`: the details went to the requester by direct message."""
    parts = [
        _sentence(what),
        _sentence(advice),
        "On-call has been told." if on_call_told else "",
        "Details are in your direct messages." if told else "",
    ]
    return _line(" ".join(part for part in ("No recommendation:", *parts) if part))


def failure_dm(
    *,
    what: str,
    advice: str,
    retry_helps: bool,
    execution_id: str | None = None,
    job_arn: str | None = None,
    cell_title: str | None = None,
    log_lines: Sequence[str] | None = None,
    log_is_empty: bool = False,
    log_problem: str = "",
    log_url: str | None = None,
    notebook_url: str | None = None,
    message_url: str | None = None,
) -> Message:
    """What the requester is told of a failure.

    log_lines: those that may be posted, oldest first; None if the log could not be read, for the reason
    `log_problem`, or there was no job.
    """
    again = "Trying again may help: post the link again." if retry_helps else "Trying again will not help by itself."
    facts_ = _failure_facts(cell_title, job_arn, execution_id)
    links = [
        (name, url)
        for name, url in (("Your message", message_url), ("Log", log_url), ("Saved notebook", notebook_url))
        if url
    ]
    logs = list(log_lines or [])[-LOG_LINES:]
    was_logged = log_lines is not None or bool(log_problem)
    log_title = _log_title(log_lines, log_problem, is_empty=log_is_empty)
    sentences = [part for part in (_sentence(what), _sentence(advice), again) if part]
    return _message(
        [
            "*No credit recommendation*",
            *(escape(sentence, 2000) for sentence in sentences),
            *(f"{name}: {escape(value)}" for name, value in facts_),
            " · ".join(mrkdwn_link(url, name) for name, url in links),
            escape(log_title) if was_logged else "",
            *(escape(line, 300) for line in logs),
        ],
        [
            header("No credit recommendation"),
            _sentences_block(sentences),
            _facts_block(facts_) if facts_ else None,
            _links_block(links) if links else None,
            paragraph(text(log_title)) if was_logged else None,
            preformatted(logs) if logs else None,
        ],
    )


def not_verify() -> Message:
    """The query says nothing of Verify."""
    return _line(
        "Not a Verify query: its SQL never mentions Authy, so there is nothing to recommend. "
        "Post the link of a query on authy.verification_usage."
    )


def refused_link(reason: str, url: str = "") -> Message:
    """A link that cannot be answered; `reason` is LinkError's or BadLink's own sentence."""
    return _line(f"{_sentence(reason)} (The link: {literal(url, 200)})" if url else _sentence(reason))


def refused_claim(message: str, advice: str, *, understood: Understood | None = None, link_url: str = "") -> Message:
    """A claim that is refused before a job starts: why, what to change, and what of it was understood."""
    scope = understood_as(understood) if understood else ""
    parts = [
        "No recommendation:",
        _sentence(message),
        _sentence(advice),
        f"Understood of it: {scope}." if scope else "",
        "No job was started.",
        f"(The link: {literal(link_url, 200)})" if link_url else "",
    ]
    return _line(" ".join(part for part in parts if part))


def repeat(permalink: str | None, *, running: bool = False) -> Message:
    """The same query was asked already; permalink: None if that message was deleted."""
    if permalink is None:
        if running:
            return _line("This query is being worked on for a message that was deleted: post it again in some minutes.")
        return _line("This query was answered in a thread that was deleted; on-call can look it up (runs list).")
    words = "This query is being worked on already; its answer comes " if running else "This query was answered "
    return _message(
        [f"{words}{mrkdwn_link(permalink, 'in this thread')}."],
        [paragraph(own(words), link(permalink, "in this thread"), own("."))],
    )


def too_many_links(answered: int, left_out: int) -> Message:
    """More queries than one message may hold."""
    return _line(
        f"This message holds {answered + left_out} links; the first {answered} are answered. "
        f"Post the other {left_out} in another message."
    )


def waiting(minutes: int, reason: str = "") -> Message:
    """The job cannot start yet."""
    why = f" ({literal(reason, 300).rstrip('.')})" if reason else ""
    return _line(f"Still waiting for a machine after {minutes} min{why}. The job starts as soon as there is one.")


def progress(
    done: int,
    total: int,
    seconds: float,
    *,
    queries: Sequence[str] = (),
    usual_seconds: float | None = None,
    tells: bool = True,
    understood: Understood | None = None,
) -> Message:
    """Where a long job stands; edited in place.

    understood: what its claim is, where that is known.
    queries: the names of those that have not ended; tells: whether its notebook is one that says how far it is.
    """
    if not total:
        at = "the job is starting" if tells else "the job starts, or its notebook runs"
    elif done >= total:
        at = "writing the report"
    else:
        at = f"query {done + 1} of {total}{_in_brackets(queries)}"
    usual = f", usually {duration(usual_seconds)}" if usual_seconds else ""
    scope = understood_as(understood) if understood else ""
    return _line(f"{f'{scope}. ' if scope else ''}Working: {at}; {duration(seconds)}{usual}.")


def undelivered(user: str, original: Message) -> Message:
    """For SLACK_ERROR_USER: a direct message that its reader could not be given."""
    words = f"This could not be delivered to the user {literal(user, 40)}:"
    blocks = [paragraph(text(words)), *original.blocks[:45]] if original.blocks else []
    return _message([escape(words), original.text], blocks)


def not_in_thread(code: str, permalink: str | None, original: Message) -> Message:
    """For the requester: a reply that Slack did not take in their thread; code: Slack's word for why."""
    thread = mrkdwn_link(permalink, "your message") if permalink else "your message"
    return _message([f"Slack did not take this in the thread of {thread} ({escape(code, 80)}):", original.text], [])


def outage(cause: str, count: int, *, examples: Sequence[str] = ()) -> Message:
    """For SLACK_ERROR_USER: many failures of one cause in one tick. examples: execution ids or message links."""
    title = f"{count} requests failed for one cause"
    shown = [literal(example, 200) for example in examples[:10]]
    return _message(
        [f"*{escape(title)}*", escape(_sentence(cause), 2000), *map(escape, shown)],
        [
            header(title),
            paragraph(text(_sentence(cause), limit=2000)),
            bullets("Among them", [[text(example)] for example in shown]) if shown else None,
        ],
    )


def _in_brackets(queries: Sequence[str]) -> str:
    if not queries:
        return ""
    more = f" and {len(queries) - 1} more" if len(queries) > 1 else ""
    return f" ({literal(queries[0].replace('_', ' '), 60)}{more})"


def _line(words: str) -> Message:
    return _message([escape(words, 1500)], [paragraph(text(words, limit=1500))])


def _sentence(words: str) -> str:
    words = words.strip()
    return words if not words or words[-1] in ".!?…" else f"{words}."


def _sentences_block(sentences: Sequence[str]) -> Block:
    elements: list[Element] = []
    for sentence in sentences:
        elements += ([own(" ")] if elements else []) + [text(sentence, limit=2000)]
    return paragraph(*elements)


def _failure_facts(cell_title: str | None, job_arn: str | None, execution_id: str | None) -> list[tuple[str, str]]:
    named = (("Failing step", cell_title), ("Job", job_arn), ("Execution", execution_id))
    return [(name, value) for name, value in named if value]


def _log_title(log_lines: Sequence[str] | None, problem: str, *, is_empty: bool) -> str:
    if log_lines is None:
        why = f" ({problem.strip().rstrip('.')[:300]})" if problem else ""
        return f"The log could not be had{why}."
    if is_empty:
        return "The job left no log lines."
    return f"Its log has more than may be said here{'; its steps were:' if log_lines else '.'}"


def _facts_block(lines: Sequence[tuple[str, str]]) -> Block:
    elements: list[Element] = []
    for index, (name, value) in enumerate(lines):
        elements += [own(("\n" if index else "") + f"{name}: ", bold=True), text(value, code=name in IDS)]
    return paragraph(*elements)


def _links_block(links: Sequence[tuple[str, str]]) -> Block:
    elements: list[Element] = []
    for index, (name, url) in enumerate(links):
        elements += ([own(" · ")] if index else []) + [link(url, name)]
    return paragraph(*elements)


def _flag_lines(result: CreditResult) -> list[str]:
    flags = result.get("flags", [])
    shown = [f"• {escape(flag['text'], 600)}" for flag in flags[:MAX_FLAGS]]
    return ["Check before paying:", *shown, *_more(len(flags) - MAX_FLAGS)] if flags else []


def _flags_block(result: CreditResult) -> Block | None:
    flags = result.get("flags", [])
    items = [[text(flag["text"], limit=600)] for flag in flags[:MAX_FLAGS]]
    items += [[own(words)] for words in _more(len(flags) - MAX_FLAGS)]
    return bullets("Check before paying", items) if items else None


def _more(count: int) -> list[str]:
    return [f"and {count} more, in the report"] if count > 0 else []
