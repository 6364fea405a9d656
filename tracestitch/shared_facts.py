"""Facts of a store that other analyzers answer, too: read anew when they did."""

import time
from collections.abc import Callable

import polars as pl

from storage.contract import SpanStore
from tracestitch.known_facts import KnownFacts

# Reading all takes a twentieth of one processor at most while others go on answering, and a
# third when they have paused for twice as long as it takes; unless it costs next to nothing.
_TIMES_ITS_COST, _PAUSES = 20, 2
_CHEAP_SECONDS = 0.1


class SharedFacts(KnownFacts):
    """What its own analyzer answers is added up as ever."""

    def __init__(self, store: SpanStore, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(store)
        self._clock = clock
        self._heeded = self._heard = 0  # Progress.others
        self._heard_at = self._last_read = float("-inf")
        self._cost = 0.0

    def follow(self, others: int) -> bool:
        """Whether facts may be others than they were, since others have answered; told what
        they have (`Progress.others`). Not at once where reading all costs much."""
        now = self._clock()
        if others != self._heard:
            self._heard, self._heard_at = others, now
        if self._known is None:
            self._heeded = others  # they are read when they are asked for
        elif self.is_behind(others) and self._is_due(now):
            self.forget()
            self._heeded = others
            return True
        return False

    def is_behind(self, others: int) -> bool:
        return others != self._heeded

    def _is_due(self, now: float) -> bool:
        return (
            self._cost <= _CHEAP_SECONDS
            or now - self._last_read >= _TIMES_ITS_COST * self._cost
            or now - self._heard_at >= _PAUSES * self._cost
        )

    def _read_all(self) -> pl.DataFrame:
        begun = self._clock()
        known = super()._read_all()
        self._last_read = self._clock()
        self._cost = self._last_read - begun
        return known
