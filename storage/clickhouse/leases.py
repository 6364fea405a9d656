"""Which of several processes analyses.

One at a time: it takes a term, larger than any before, and is heard of at least at each pass.
Whoever finds it silent takes the next term and first ends every answer that is still being
written; whoever writes an answer looks, after it claimed its number, whether its term is
still the last. So an answer of an earlier term either counts before the new one begins to
read, or never.
"""

import threading
import time
from contextlib import suppress

from storage.clickhouse.database import Database
from storage.clickhouse.journal import NAMES
from storage.clickhouse.snapshot import Snapshot
from storage.contract import StoreError

# A holder that was not heard of for so long is gone, or will learn that it is too late.
LEASE_SECONDS = 60.0
# A claim of this age is of a writer that is gone.
LONGEST_WRITE_SECONDS = 300.0
_BEAT_SECONDS = 10.0


class LeaseHolder:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._claiming = threading.Lock()
        self._term = 0
        self._beaten = 0.0

    @property
    def term(self) -> int:
        """The last term that this process had; 0 before the first."""
        return self._term

    def claim_analysis(self) -> int:
        with self._claiming, self._database.open():
            journal = self._database.journal
            seen = journal.look()
            if seen.lease.owner != journal.writer:
                # One from the future is of a clock that was wrong: it says nothing.
                if seen.lease.owner and abs(seen.lease.age_seconds) <= LEASE_SECONDS:
                    return 0
                journal.lead(seen.lease.term + 1)
                seen = journal.look()
                if seen.lease.owner != journal.writer:
                    return 0
            if seen.lease.term != self._term:  # also where the end of taking over failed
                for claim in seen.answers.open:
                    if "term" in claim.told:
                        journal.abort("answers", claim.number)
                self._term, self._beaten = seen.lease.term, time.monotonic()
            self._end_forgotten(seen)
            self._beat(self._term)
            return self._term

    def _end_forgotten(self, seen: Snapshot) -> None:
        """Analysis goes no further than the oldest append that goes on: end those whose
        writers are gone."""
        for name in NAMES:
            for claim in seen.series(name).open:
                if abs(claim.age_seconds) > LONGEST_WRITE_SECONDS:
                    self._database.journal.abort(name, claim.number)

    def beat(self) -> None:
        """Let others hear of this process, if it analyses."""
        with self._database.open():
            if self._term:
                self._beat(self._term)

    def resign(self) -> None:
        """Let another analyse."""
        if self._term:
            with suppress(StoreError):
                self._database.journal.resign(self._term)

    def _beat(self, term: int) -> None:
        now = time.monotonic()
        if now - self._beaten >= _BEAT_SECONDS:
            self._database.journal.beat(term)
            self._beaten = now
