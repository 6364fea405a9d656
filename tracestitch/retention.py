"""The loop that deletes the oldest spans: by the time since they were stored, and by the
size of the store.

Whole appends go, in the order in which they were stored, a bounded number of spans a
time, so that neither the writer nor readers wait for long. It takes turns with the
analysis, and tells the store which answers the deleted spans had a part in
(docs/adr/0015).
"""

import logging
import threading
from collections.abc import Callable, Iterable

from storage.contract import SpanStore, StoreError, StoreUsage
from tracestitch.analysis import AnalysisLoop
from tracestitch.complaint import Complaint
from tracestitch.neighbourhoods import STEPS, reach
from tracestitch.steady_clock import SteadyClock

MOST_SPANS = 500_000
# What --max-size leaves for what comes in meanwhile and for checkpoints, which write
# blocks anew before the old ones are free: a tenth, and this (docs/adr/0015).
ROOM_BYTES = 48_000_000
# Deleting goes on until so much more is free, in hundredths, so that it pauses in between.
_PAUSE = 2
_TICK_SECONDS = 1.0
_AGE_SECONDS = 60
_SECOND = 1_000_000_000

log = logging.getLogger(__name__)


class RetentionLoop:
    """Deletes from one store, on a thread of its own."""

    def __init__(
        self,
        store: SpanStore,
        analysis: AnalysisLoop,
        *,
        max_age_seconds: int = 0,
        max_bytes: int = 0,
        waiting_bytes: Callable[[], int] = lambda: 0,
        clock: SteadyClock | None = None,
    ) -> None:
        """0 keeps for ever. `waiting_bytes` is what lies beside the store and is to go into
        it; it is counted, and never deleted."""
        self._store, self._analysis = store, analysis
        self._max_age, self._max_bytes = max_age_seconds, max_bytes
        self._limited = max_bytes > 0
        self._begin = max_bytes * 9 // 10 - ROOM_BYTES
        self._end = self._begin - max_bytes * _PAUSE // 100
        self._waiting_bytes = waiting_bytes
        self._clock = clock or SteadyClock()
        self._rest = max(1, min(_AGE_SECONDS, max_age_seconds // 100))
        self._ticks = 0
        self._above = self._unclaimed = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.deleted = {"age": 0, "size": 0}
        """Spans, by the reason."""

    def start(self) -> None:
        """Without a limit there is nothing to look for, and no thread."""
        if not (self._max_age or self._limited):
            return
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def delete_old(self) -> int:
        """Delete spans that were stored too long ago; how many. Raises StoreError."""
        now = self._clock.read()
        if not self._max_age or now is None:
            return 0
        last = self._last_old(now - self._max_age * _SECOND, now)
        # Answers are kept only of what was looked at.
        upto = min(last, self._store.generations()[1])
        return self.delete_until(upto, "age") if upto else 0

    def _last_old(self, before: int, now: int) -> int:
        """The last generation that is old, within MOST_SPANS of the oldest; 0 without any."""
        looked_at = MOST_SPANS
        while True:
            rows = self._store.oldest_generations(looked_at).to_pylist()
            stored = [(row["generation"], row["stored_at_unix_nano"]) for row in rows]
            every = sum(row["spans"] for row in rows) < looked_at
            if every or any(at <= now for _, at in stored):
                break
            looked_at *= 4  # all of them are from when the clock was wrong
        within = sum(row["spans"] for row in rows)
        while rows and within - rows[-1]["spans"] >= MOST_SPANS:
            within -= rows.pop()["spans"]
        return min(last_old(stored, before, now), rows[-1]["generation"] if rows else 0)

    def delete_above(self) -> int:
        """Delete spans while the store takes too much; how many. Raises StoreError."""
        if not self._limited:
            return 0
        usage = self._store.usage()
        if self._exceeds(usage) and usage.log_bytes:
            if not self._store.reclaim():  # a log can be much larger than what is in it
                return 0
            usage = self._store.usage()
        self._above = self._exceeds(usage)
        if not self._above:
            return 0
        spans = max(self._store.count_spans(), 1)
        excess = self._total(usage) - self._end
        wanted = min(MOST_SPANS, 1 + spans * excess // max(usage.used_bytes, 1))
        oldest = self._store.oldest_generations(wanted)
        if not oldest.num_rows:
            return 0
        return self.delete_until(oldest["generation"][-1].as_py(), "size")

    def _exceeds(self, usage: StoreUsage) -> bool:
        return self._total(usage) > (self._end if self._above else self._begin)

    def _total(self, usage: StoreUsage) -> int:
        return usage.used_bytes + usage.log_bytes + self._waiting_bytes()

    def delete_until(self, generation: int, reason: str) -> int:
        """Delete the generations up to this one; how many spans. Raises StoreError."""
        with self._analysis.turn:
            victims = self._store.traces_until(generation)
            if not victims.num_rows:
                return 0
            (touched,) = reach(self._store, victims, STEPS)
            deleted = self._store.delete_until(generation, touched)
            self._analysis.forget_starts()
            if deleted.expired_facts:
                self._analysis.forget_surroundings()
        self.deleted[reason] += deleted.spans
        log.info("Deleted the oldest %s spans, by %s", deleted.spans, reason)
        self._unclaimed = not self._store.reclaim()
        return deleted.spans

    def run_once(self) -> int:
        """Delete what has to go, a bounded number of spans; how many. Raises StoreError."""
        if not self._analysis.leads():  # whoever does takes turns with its own analysis
            return 0
        if self._unclaimed:
            # What was deleted counts as used until then: more would be deleted than needs be.
            self._unclaimed = not self._store.reclaim()
            if self._unclaimed:
                return 0
        due = self._ticks % self._rest == 0
        self._ticks += 1
        deleted = self.delete_above() or (self.delete_old() if due else 0)
        if deleted:
            self._ticks = 0  # there may be more
        return deleted

    def _warn(self) -> None:
        """Of a file that was there and is too large."""
        file_bytes = self._store.usage().file_bytes
        if self._limited and file_bytes > self._max_bytes:
            log.warning(
                "The store's file has %s MB, more than --max-size allows: the oldest spans are"
                " deleted now; the file gets smaller while new spans come",
                file_bytes // 1_000_000,
            )

    def _run(self) -> None:
        warned, complaint = False, Complaint(log, "Nothing can be deleted")
        while not self._stopping.is_set():
            try:
                if not warned:
                    self._warn()
                    warned = True
                deleted = self.run_once()
                complaint.end()
            except StoreError as error:
                complaint.say(error)
                deleted = 0
            except BaseException:  # a panic of Polars is no Exception
                log.exception("Deleting failed; it is tried again")
                deleted = 0
            if not deleted:
                self._stopping.wait(_TICK_SECONDS)


def last_old(generations: Iterable[tuple[int, int]], before: int, now: int) -> int:
    """The last of these (generation, time it was stored), in their order, that is old with
    all before it; 0 without any.

    One that was stored after `now`, when the clock was wrong, is as old as what came
    after it.
    """
    last = 0
    for generation, stored_at in generations:
        if stored_at < before:
            last = generation
        elif stored_at <= now:
            break
    return last
