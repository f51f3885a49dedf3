"""Sends people everything once: a reply under a key that finds it again, a direct message, a report, a reaction."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable
from functools import partial

from .. import console_links, paths
from ..errors import CreditsError, TransientError
from ..execution.job_log import MAX_LINES, sayable
from ..executor import CreditResult
from ..slack import reply as wording
from ..slack.errors import (
    ChannelRefused,
    InstallationRefused,
    PermanentSlackError,
    SlackRefused,
    Undeliverable,
)
from ..slack.rate_limiter import RateLimiter
from ..slack.text import plain
from ..state.recommendations import IndexEntry
from ..state.records import Failure, Request
from ..state.state_manager import ClaimedMessage
from .first_look import CLAIM
from .message_forms import MessageForms
from .services import Services

log = logging.getLogger("credits")


class Unreached(CreditsError):
    """Slack refused a reply everywhere: in the thread, to the requester and to on-call. `reason`: its codes."""


class Notifier:
    """Sends everything that people read; checks the lease right before each post."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._slack = services.slack
        self._executor = services.executor
        self._audit = services.audit
        self._check_lease = services.state.check_lease
        self._rate = RateLimiter(services.settings.slack_post_interval, services.clock, services.waiting.sleep)
        self._forms = MessageForms()

    def eyes(self, claimed: ClaimedMessage) -> None:
        """Add the reaction that shows that a message was seen."""
        self._react(claimed, "eyes")

    def mark(self, claimed: ClaimedMessage, name: str) -> None:
        """Add the reaction that shows how a message ended."""
        self._react(claimed, name)

    def reply(self, claimed: ClaimedMessage, request: Request, result: CreditResult | None) -> str:
        """Post a request's reply in its thread, unless it is there already; return its time stamp.

        Raises PermanentSlackError if the thread takes it in no form.
        """
        key = reply_key(claimed, request)
        if (claimed.recovered or request.tries) and (found := self.find_reply(claimed, request)):
            return found

        def post(message: wording.Message, metadata: bool) -> str:
            check = partial(self._check_lease, claimed)
            return self._slack.post_reply(*claimed.key, message, key, check, metadata=metadata)

        turn = partial(self._rate.wait, claimed.record.channel)
        return self._forms.post(self._message(claimed, request, result), post, turn)

    def find_reply(self, claimed: ClaimedMessage, request: Request) -> str | None:
        """Return the time stamp of a request's reply, None if its thread has none. Raises PermanentSlackError."""
        try:
            return self._slack.find_reply(*claimed.key, reply_key(claimed, request))
        except SlackRefused as error:  # of the look, not of the reply: which may be there
            raise ChannelRefused(str(error), error.code) from error

    def reply_directly(self, claimed: ClaimedMessage, request: Request, result: CreditResult | None) -> None:
        """Send a reply that the thread refuses as a direct message, a failure with its details. Raises Unreached."""
        if request.reply == "failure" and request.failure is not None:
            message = self._failure_dm(claimed, request, request.failure)
        else:
            message = self._message(claimed, request, result)
        words = wording.not_in_thread(request.refusal or "", self._permalink_or_none(claimed), message)
        self._send_directly(claimed, request, plain(words))

    def tell_requester(self, claimed: ClaimedMessage, request: Request) -> None:
        """Send the failure to the requester; to SLACK_ERROR_USER if the requester is a bot or cannot be reached."""
        if request.failure is None:
            return
        try:
            self._send_directly(claimed, request, self._failure_dm(claimed, request, request.failure))
        except Unreached as error:
            log.error("nobody was told of the failure: %s", error)

    def _send_directly(self, claimed: ClaimedMessage, request: Request, message: wording.Message) -> None:
        key, user = f"dm-{reply_key(claimed, request)}", claimed.record.user
        refused = "a bot"
        if user and not claimed.record.user_is_bot:
            check_first = claimed.recovered or request.tries > 0
            try:
                self._send(user, message, key, check_first=check_first, of=[claimed])
                return
            except InstallationRefused:
                raise
            except PermanentSlackError as error:
                log.warning("direct message not delivered: %s", error)
                refused = error.code
        try:
            undelivered = wording.undelivered(user or "unknown", message)
            self._send(self._settings.slack_error_user, undelivered, key, check_first=True, of=[claimed])
        except InstallationRefused:
            raise
        except PermanentSlackError as error:
            reason = f"requester: {refused}, SLACK_ERROR_USER: {error.code}"
            raise Unreached(f"{error} Nobody has been given: {message.text}", reason=reason) from error

    def attach_report(self, claimed: ClaimedMessage, request: Request) -> None:
        """Put report.html into the thread, if the job made one."""
        execution_id = request.attempts[-1].execution_id
        content = self._audit.report(execution_id)
        self._attach(claimed, request, f"credit-report-{execution_id}.html", "Credit recommendation report", content)

    def attach_picture(self, claimed: ClaimedMessage, request: Request) -> None:
        """Put the picture of the breakdown into the thread, if the job made one."""
        execution_id = request.attempts[-1].execution_id
        content = self._audit.picture(execution_id)
        title = "Charged and credited in USD, by Fraud Guard mode"
        self._attach(claimed, request, f"credit-breakdown-{execution_id}.png", title, content)

    def _attach(
        self, claimed: ClaimedMessage, request: Request, filename: str, title: str, content: bytes | None
    ) -> None:
        if content is None:
            return
        try:
            if (claimed.recovered or request.tries) and self._slack.find_file(*claimed.key, filename):
                return
            self._slack.upload_file(*claimed.key, filename, title, content, partial(self._check_lease, claimed))
        except PermanentSlackError as error:
            log.error("%s not attached: %s", filename, error)

    def waiting(self, claimed: ClaimedMessage, request: Request, minutes: int) -> None:
        """Say in the thread that the request waits for a machine; log it if that fails."""
        key = f"waiting-{reply_key(claimed, request)}"
        try:
            self._slack.post_reply(*claimed.key, wording.waiting(minutes), key, partial(self._check_lease, claimed))
        except (PermanentSlackError, TransientError) as error:
            log.error("not said that it waits: %s", error)

    def reserve_post(self, claimed: ClaimedMessage) -> bool:
        """Reserve the channel's next post if nobody waits for one; return whether it was free."""
        return self._rate.reserve_if_free(claimed.record.channel)

    def post_progress(
        self, claimed: ClaimedMessage, request: Request, message: wording.Message, *, look_first: bool
    ) -> str:
        """Post a long job's progress, unless it is there already; return its time stamp."""
        key = progress_key(claimed, request)
        if claimed.recovered or look_first:
            found = self._slack.find_reply(*claimed.key, key)
            if found:
                return found
        return self._slack.post_reply(*claimed.key, message, key, partial(self._check_lease, claimed))

    def edit_progress(self, claimed: ClaimedMessage, ts: str, message: wording.Message) -> None:
        """Edit the progress of a long job."""
        self._slack.update(claimed.record.channel, ts, message)

    def remove_progress(self, claimed: ClaimedMessage, request: Request) -> None:
        """Delete the progress message, if there is one."""
        try:
            ts = request.progress_ts or self._slack.find_reply(*claimed.key, progress_key(claimed, request))
            if ts is not None:
                self._slack.delete(claimed.record.channel, ts)
        except PermanentSlackError as error:
            log.error("progress message not taken away: %s", error)

    def alarm(self, key: str, cause: str, failed: list[tuple[ClaimedMessage, Request]], *, check_first: bool) -> None:
        """Send SLACK_ERROR_USER one message about all failures of one cause, found again by `key`."""
        ids = sorted(_name(claimed, request) for claimed, request in failed)
        if len(failed) == 1:
            claimed, request = failed[0]
            message = self._failure_dm(claimed, request, request.failure or Failure(category="bot", message=cause))
        else:
            message = wording.outage(cause, len(failed), examples=ids)
        self._tell_error_user(message, f"alarm-{key}", check_first=check_first, of=[claimed for claimed, _ in failed])

    def report_problems(self, problems: Iterable[str], key: str, *, about: Iterable[str] = ()) -> None:
        """Send SLACK_ERROR_USER one message about problems that concern no requester.

        It is sent once for each `key` and what it is `about`: by default the problems themselves.
        """
        lines = sorted(set(problems))
        if lines:
            digest = hashlib.sha256("\n".join([key, *(about or lines)]).encode()).hexdigest()[:24]
            self._tell_error_user(wording.failure_line(" ".join(lines)), f"problem-{digest}", check_first=True)

    def _check_leases(self, messages: Iterable[ClaimedMessage]) -> None:
        for claimed in messages:
            self._check_lease(claimed)

    def _tell_error_user(
        self, message: wording.Message, key: str, *, check_first: bool, of: Collection[ClaimedMessage] = ()
    ) -> None:
        """Send a direct message to SLACK_ERROR_USER; if Slack refuses it, the log has its words."""
        try:
            self._send(self._settings.slack_error_user, message, key, check_first=check_first, of=of)
        except PermanentSlackError as error:
            log.error("SLACK_ERROR_USER could not be told (%s) of: %s", error, message.text)

    def _send(
        self, user: str, message: wording.Message, key: str, *, check_first: bool, of: Collection[ClaimedMessage] = ()
    ) -> None:
        """Send a direct message. of: the messages it tells of, which must still be this bot's."""
        if not user:
            raise Undeliverable("SLACK_ERROR_USER is not set.", "not set")

        def send(words: wording.Message, metadata: bool) -> None:
            self._slack.send_dm(user, words, key, check_first, partial(self._check_leases, of), metadata=metadata)

        self._forms.post(message, send)

    def _message(self, claimed: ClaimedMessage, request: Request, result: CreditResult | None) -> wording.Message:
        if request.reply == "answer" and result is not None:
            return self._answer(claimed, request, result)
        if request.reply == "repeat" and request.points_to:
            channel, _, ts = request.points_to.partition(":")
            return wording.repeat(self._permalink(channel, ts), running=request.points_to_running)
        if request.reply == "not_verify":
            return wording.not_verify()
        failure = request.failure or Failure(category="bot", message="The request could not be answered.")
        if request.reply == "refused" and failure.category == CLAIM:
            several = len(claimed.record.requests) > 1
            return wording.refused_claim(
                failure.message,
                failure.advice,
                understood=request.understood,
                link_url=request.link if several else "",
            )
        if request.reply == "refused":
            return wording.refused_link(failure.message, request.link)
        return wording.failure_line(
            failure.message,
            advice=failure.advice,
            on_call_told=not failure.requester_mends and bool(self._settings.slack_error_user),
            told=not claimed.record.user_is_bot,
        )

    def _answer(self, claimed: ClaimedMessage, request: Request, result: CreditResult) -> wording.Message:
        files = paths.ExecutionPaths(result["execution_id"])
        return wording.answer(
            result,
            earlier=request.earlier,
            earlier_url=self._report_of,
            report_url=self._console(files.report),
            notebook_url=self._console(files.notebook),
            duplicate_links=claimed.record.duplicates > 0,
            link_url=request.link if len(claimed.record.requests) > 1 else None,
        )

    def _report_of(self, entry: IndexEntry) -> str:
        return self._console(paths.ExecutionPaths(entry.execution_id).report)

    def _failure_dm(self, claimed: ClaimedMessage, request: Request, failure: Failure) -> wording.Message:
        execution = request.execution
        job = execution if execution and execution.created_at else None
        lines, problem = self._log_tail(job.job_name) if job else (None, "")
        files = paths.ExecutionPaths(job.execution_id) if job else None
        return wording.failure_dm(
            what=failure.message,
            advice=failure.advice,
            retry_helps=failure.retry_helps,
            execution_id=execution.execution_id if execution else None,
            job_arn=execution.job_arn if execution else None,
            cell_title=failure.cell_title,
            log_lines=None if lines is None else sayable(lines),
            log_is_empty=not lines,
            log_problem=problem,
            log_url=console_links.job_log(self._settings.aws_default_region, job.job_name) if job else None,
            notebook_url=self._console(files.notebook) if files else None,
            message_url=self._permalink_or_none(claimed),
        )

    def _log_tail(self, job_name: str) -> tuple[list[str] | None, str]:
        try:
            return self._executor.log_tail(job_name, MAX_LINES), ""
        except CreditsError as error:
            return None, str(error)

    def _permalink(self, channel: str, ts: str) -> str | None:
        """Return a link to a message; None if it was deleted."""
        try:
            return self._slack.permalink(channel, ts)
        except PermanentSlackError:
            return None

    def _permalink_or_none(self, claimed: ClaimedMessage) -> str | None:
        try:
            return self._permalink(*claimed.key)
        except TransientError:
            return None

    def _react(self, claimed: ClaimedMessage, name: str) -> None:
        try:
            self._slack.react(*claimed.key, name)
        except PermanentSlackError as error:
            log.error("reaction not added: %s", error)

    def _console(self, key: str) -> str:
        return console_links.s3_object(self._settings.aws_default_region, self._settings.s3_output_bucket, key)


def reply_key(claimed: ClaimedMessage, request: Request) -> str:
    """Return the key that finds a request's reply: the same for every bot and every try."""
    return f"{claimed.record.channel}-{claimed.record.ts}-{request.key}"


def progress_key(claimed: ClaimedMessage, request: Request) -> str:
    """Return the key that finds a request's progress message."""
    return f"progress-{reply_key(claimed, request)}"


def _name(claimed: ClaimedMessage, request: Request) -> str:
    return request.execution.execution_id if request.execution else reply_key(claimed, request)
