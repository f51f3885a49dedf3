"""Which reader of SQL the jobs have, as their last valid result says: state/reader.json.

An image named by a tag that may come to mean another one is believed until the next day's end (UTC): until the first
valid result of the new one, a refusal could be its predecessor's. A digest stays what it is, and a tag that our build
makes says its commit, in repositories (sagemaker/template.yaml) where no tag can be moved.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta

from .. import paths
from ..errors import CreditsError, StateUnreadable
from ..executor import CreditResult
from ..times import utc_date
from .object_store import ObjectStore
from .records import ReaderRecord

log = logging.getLogger("credits")

BELIEVED_FOR = timedelta(days=1)
LOCAL = "local"
"""The place of jobs on the bot's own machine, whatever image is set besides."""
_PINNED = re.compile(r"@sha256:[0-9a-f]{64}$|:(?=[0-9]*[a-f])[0-9a-f]{7,40}(-[0-9a-f]{12})?$")
"""A tag of digits alone may be a day's."""


class JobReader:
    """`place`: the job's image, or `local`; clock: seconds since 1970."""

    def __init__(self, store: ObjectStore, place: str, clock: Callable[[], float]) -> None:
        self._store = store
        self._place = place
        self._clock = clock
        self._noted: ReaderRecord | None = None

    def sha256(self) -> str | None:
        """The hash of the jobs' reader; None if it is not known, or cannot be read."""
        return self.look()[0]

    def look(self) -> tuple[str | None, str]:
        """The same hash, and a sentence that says why it is not known ("" if it is)."""
        try:
            found = self._store.get(paths.READER, ReaderRecord)
        except CreditsError as error:
            log.warning("the job's reader is not known: %s", error)
            return None, f"{paths.READER} cannot be read"
        if found is None or found[0].place != self._place:
            return None, f"no valid result of {self._place} has been answered yet"
        if found[0].reader_sha256 is None:
            return None, f"{self._place} is of before its results said what read their SQL"
        age = utc_date(self._clock()) - paths.execution_date(found[0].execution_id)
        if age > BELIEVED_FOR and not _is_pinned(self._place):
            return None, f"the tag of {self._place} may mean another image since its last result ({age.days} days ago)"
        return found[0].reader_sha256, ""

    def note(self, result: CreditResult) -> None:
        """Save which reader a valid result of ours says it had, if that is new. Raises nothing."""
        provenance = result.get("provenance") or {}
        if self._place != LOCAL and provenance.get("image") not in {None, self._place}:
            return  # begun before another image was set
        said, execution_id = provenance.get("reader_sha256"), result["execution_id"]
        try:
            self._note(ReaderRecord(place=self._place, reader_sha256=said, execution_id=execution_id))
        except CreditsError as error:
            log.warning("the job's reader is not kept: %s", error)

    def _note(self, told: ReaderRecord) -> None:
        known = self._noted or self._kept()
        if known is None or self._is_news(known, told):
            self._store.put_bytes(paths.READER, told.model_dump_json().encode())
            known = told
        self._noted = known

    def _is_news(self, known: ReaderRecord, told: ReaderRecord) -> bool:
        """Whether a result says something newer; of one image's results the later counts, whichever comes first."""
        if known.place != told.place:
            return True
        older = known.execution_id >= told.execution_id
        return not older and (known.reader_sha256 != told.reader_sha256 or self._has_aged(known, told))

    def _kept(self) -> ReaderRecord | None:
        try:
            found = self._store.get(paths.READER, ReaderRecord)
        except StateUnreadable as error:
            log.warning("made anew: %s", error)
            return None
        return found[0] if found else None

    def _has_aged(self, known: ReaderRecord, told: ReaderRecord) -> bool:
        """Whether a tag that is believed for one day has a result of another day."""
        days = {paths.execution_date(record.execution_id) for record in (known, told)}
        return not _is_pinned(self._place) and len(days) > 1


def _is_pinned(place: str) -> bool:
    return place == LOCAL or bool(_PINNED.search(place))
