"""Which of several processes analyses a partition of the traces, and into how many they are
divided.

One at a time: it takes a term, larger than any before, and is heard of as long as it works,
also while a pass only computes. Whoever finds it silent takes the next term and first ends
every answer that is still being written; whoever writes an answer looks, after it claimed its
number, whether its term is still the last (`fences`). So an answer of an earlier term either
counts before the new one begins to read, or never.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from storage.clickhouse.database import Database
from storage.clickhouse.fences import Fence, is_of
from storage.clickhouse.journal import NAMES
from storage.clickhouse.snapshot import Lease, Snapshot
from storage.contract import StoreError
from storage.partition import WHOLE, Partition
from storage.partition_progress import Progress, divided, partitions_of, progress_of

# A holder that was not heard of for so long is gone, or will learn that it is too late.
LEASE_SECONDS = 60.0
# A claim of this age is of a writer that is gone.
LONGEST_WRITE_SECONDS = 300.0
_BEAT_SECONDS = 10.0
_HEARTBEAT_SECONDS = 10.0
# An analysis that did not ask the store for so long hangs: another may do better.
_LONGEST_PAUSE_SECONDS = 900.0


@dataclass(slots=True)
class _Held:
    """What this process had of a partition last."""

    term: int = 0
    began: int = 0
    """Snapshot.began then."""
    beaten: float = 0.0
    asked: float = 0.0
    """When the analysis asked the store last."""


class LeaseHolder:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._claiming = threading.Lock()
        self._held: dict[Partition, _Held] = {}
        self._heart: threading.Thread | None = None
        self._resigned = threading.Event()

    def fence(self, partition: Partition = WHOLE, *, alone: bool = False) -> Fence:
        """Of what this process may write."""
        held = self._held.get(partition, _Held())
        return Fence(partition, held.term, held.began, alone)

    def leading_fence(self, *, alone: bool = False) -> Fence:
        """Of what one has to do for all."""
        leading = [each for each in self._held if each.leads]
        return self.fence(leading[-1] if leading else WHOLE, alone=alone)

    def claim_analysis(self, partition: Partition = WHOLE) -> int:
        with self._claiming, self._database.open():
            journal = self._database.journal
            seen = journal.look()
            _raise_unless_free(seen, partition)
            lease = seen.lease(partition)
            if lease.owner != journal.writer:
                if is_alive(lease):
                    return 0
                journal.lead(partition, lease.term + 1)
                seen = journal.look()
                lease = seen.lease(partition)
                if lease.owner != journal.writer:
                    return 0
            held = self._held.get(partition, _Held())
            if lease.term != held.term:  # also where the end of taking over failed
                self._end_answers(seen, [partition])
                held = _Held(lease.term, seen.began, time.monotonic())
            if partition not in partitions_of(seen.state):
                seen = self._divide(seen, partition, lease.term)
            held.began = seen.began
            # The latest is the last one.
            self._held.pop(partition, None)
            self._held[partition] = held
            self._end_forgotten(seen)
            held.asked = time.monotonic()
            self._beat(partition, held)
            self._start_heart()
            return held.term + seen.began

    def _divide(self, seen: Snapshot, partition: Partition, term: int) -> Snapshot:
        """The state when the store is divided into partitions of this number."""
        self._end_answers(seen, partitions_of(seen.state))
        with self._database.answer(Fence(partition, term, seen.began, alone=True)) as write:
            before = write.session.snapshot
            _raise_unless_free(before, partition)
            write.detail |= divided(before.state, partition.of) | {"divided": True}
        return write.after

    def progress(self, partition: Partition = WHOLE) -> Progress:
        seen = self._database.look()
        return progress_of(seen.state, partition, seen.spans.complete)

    def _end_answers(self, seen: Snapshot, partitions: list[Partition]) -> None:
        """Of those who had these before."""
        for claim in seen.answers.open:
            if any(is_of(claim, each) for each in partitions):
                self._database.journal.abort("answers", claim.number)

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
            for partition, held in list(self._held.items()):
                held.asked = time.monotonic()
                self._beat(partition, held)

    def _start_heart(self) -> None:
        if self._heart is None:
            self._heart = threading.Thread(target=self._keep, name="lease", daemon=True)
            self._heart.start()

    def _keep(self) -> None:
        while not self._resigned.wait(_HEARTBEAT_SECONDS):
            with suppress(StoreError):  # the next one may arrive
                self._beat_meanwhile()

    def _beat_meanwhile(self) -> None:
        """While a pass computes, or waits for the store."""
        with self._database.open():
            for partition, held in list(self._held.items()):
                if time.monotonic() - held.asked < _LONGEST_PAUSE_SECONDS:
                    self._beat(partition, held)

    def resign(self) -> None:
        """Let another analyse."""
        self._resigned.set()
        for partition, held in list(self._held.items()):
            with suppress(StoreError):
                self._database.journal.resign(partition, held.term)

    def _beat(self, partition: Partition, held: _Held) -> None:
        now = time.monotonic()
        if now - held.beaten >= _BEAT_SECONDS:
            self._database.journal.beat(partition, held.term)
            held.beaten = now


def is_alive(lease: Lease) -> bool:
    # One from the future is of a clock that was wrong: it says nothing.
    return bool(lease.owner) and abs(lease.age_seconds) <= LEASE_SECONDS


def _raise_unless_free(seen: Snapshot, partition: Partition) -> None:
    """For who would divide the store into another number while others analyse it."""
    others = partitions_of(seen.state)
    if partition not in others and any(is_alive(seen.lease(each)) for each in others):
        raise StoreError(
            f"Partition {partition} waits: the store is analysed in {len(others)} by processes"
            " that run. Give all analyzers the same number, and stop those with another."
        )
