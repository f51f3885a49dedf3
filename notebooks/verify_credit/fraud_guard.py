"""Which mode of Fraud Guard a day belongs to: the one in force at 00:00 UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .claim import Claim
from .errors import DataError
from .evidence import Setting
from .policy import BASIC, DISABLED, MAX, STANDARD, UNKNOWN

MODE_OF_LEVEL = {"off": DISABLED, "basic": BASIC, "standard": STANDARD, "max": MAX}
_ADVICE = "Fix verify.fraud_guard_settings, then post the link again."


@dataclass(frozen=True)
class SettingChange:
    """The mode of one scope changed at a moment (UTC); service_sid None: of the whole account."""

    at: datetime
    service_sid: str | None
    before: str
    after: str


@dataclass(frozen=True)
class InsideChange:
    """The mode of a service changed after 00:00 UTC of a day that counts as `counted_as`."""

    day: date
    service_sid: str | None
    counted_as: str
    later: tuple[str, ...]


class FraudGuard:
    """The account's settings over the claim's window.

    Raises DataError for a level that is no level, and for two rows of one scope on a day in the window.
    """

    def __init__(self, claim: Claim, settings: Iterable[Setting]) -> None:
        self._start, self._end = midnight(claim.start), midnight(claim.end)
        self._scopes: dict[str | None, list[Setting]] = {}
        self._modes: dict[tuple[str | None, date], str] = {}
        for setting in sorted(settings, key=lambda setting: setting.valid_from):
            if self._matters(claim, setting):
                _require_level(setting)
                self._scopes.setdefault(setting.service_sid, []).append(setting)
        for rows in self._scopes.values():
            self._refuse_two_at_once(rows)

    def mode(self, service_sid: str | None, day: date) -> str:
        """The mode of a service on a day: by the service's own row, else the account's, else unknown."""
        key = (service_sid, day)
        if key not in self._modes:
            self._modes[key] = self._modes_at(service_sid, midnight(day))[0]
        return self._modes[key]

    def changes(self) -> tuple[SettingChange, ...]:
        """Return, in order, each change inside the window of the mode that a scope has by its own rows."""
        found = [
            SettingChange(at, scope, self._modes_at(scope, at - _INSTANT)[0], self._modes_at(scope, at)[0])
            for scope, rows in self._scopes.items()
            for at in self._boundaries(rows)
            if at > self._start  # what held before the window is not known here
        ]
        real = (change for change in found if change.before != change.after)
        return tuple(sorted(real, key=lambda change: (change.at, change.service_sid or "")))

    def changes_inside_days(self, services: Iterable[str | None]) -> Iterator[InsideChange]:
        """The days on which the mode of one of these services changed after midnight."""
        for service in services:
            rows = self._scopes.get(service, []) + (self._scopes.get(None, []) if service is not None else [])
            by_day: dict[date, list[str]] = {}
            for at in self._boundaries(rows):
                by_day.setdefault(at.date(), []).extend(self._modes_at(service, at))
            for day, modes in by_day.items():
                later = tuple(dict.fromkeys(mode for mode in modes if mode != self.mode(service, day)))
                if later:
                    yield InsideChange(day, service, self.mode(service, day), later)

    def _matters(self, claim: Claim, setting: Setting) -> bool:
        in_scope = setting.service_sid is None or claim.services is None or setting.service_sid in claim.services
        over = setting.valid_to is not None and setting.valid_to <= self._start
        return in_scope and not over and setting.valid_from < self._end

    def _boundaries(self, rows: list[Setting]) -> list[datetime]:
        """The moments in the window at which one of the rows begins or ends."""
        moments = {row.valid_from for row in rows} | {row.valid_to for row in rows if row.valid_to is not None}
        return sorted(at for at in moments if self._start <= at < self._end)

    def _modes_at(self, service_sid: str | None, moment: datetime) -> list[str]:
        for scope in (service_sid, None):
            modes = [MODE_OF_LEVEL[row.level] for row in self._scopes.get(scope, []) if _holds(row, moment)]
            if modes:
                return modes
        return [UNKNOWN]

    def _refuse_two_at_once(self, rows: list[Setting]) -> None:
        """Raise DataError if two rows, sorted by valid_from, hold at one midnight. Inside a day they may overlap."""
        before = rows[0]
        for row in rows[1:]:
            first = _midnight_from(max(row.valid_from, self._start))
            if first < min(_end(before, self._end), _end(row, self._end)):
                raise DataError(
                    f"Two Fraud Guard settings of one scope hold on {first.date()}: {before.row} and {row.row}.",
                    _ADVICE,
                )
            before = max(before, row, key=lambda setting: _end(setting, self._end))


_INSTANT = timedelta(microseconds=1)


def midnight(day: date) -> datetime:
    """00:00 UTC of a day."""
    return datetime.combine(day, time.min, UTC)


def _require_level(setting: Setting) -> None:
    if setting.level not in MODE_OF_LEVEL:
        words = ", ".join(MODE_OF_LEVEL)
        raise DataError(
            f"{setting.row}: level is not one of {words}.", _ADVICE, f"{setting.row}: level is {setting.level[:200]!r}"
        )


def _holds(setting: Setting, moment: datetime) -> bool:
    return setting.valid_from <= moment and (setting.valid_to is None or moment < setting.valid_to)


def _end(setting: Setting, window_end: datetime) -> datetime:
    return window_end if setting.valid_to is None else min(setting.valid_to, window_end)


def _midnight_from(moment: datetime) -> datetime:
    """The first midnight at or after a moment."""
    day = midnight(moment.date())
    return day if day == moment else day + timedelta(days=1)
