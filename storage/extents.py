"""How many traces a store has and when they were: kept, because counting traces reads the id
of every span.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.results import Row

# Of more spans than this, all are counted again at most a twentieth of the time.
_MANY_SPANS = 1_000_000
_REST = 20


@dataclass(frozen=True, slots=True)
class Extent:
    """What all spans up to a generation come to."""

    generation: int = 0
    spans: int = 0
    traces: int = 0
    oldest: int | None = None
    newest: int | None = None

    def joined(self, arrived: Row, generation: int) -> "Extent":
        """With what the spans up to a later generation add: spans, traces that are new,
        oldest, newest."""
        return Extent(
            generation,
            self.spans + arrived["spans"],
            self.traces + arrived["traces"],
            min((t for t in (self.oldest, arrived["oldest"]) if t is not None), default=None),
            max((t for t in (self.newest, arrived["newest"]) if t is not None), default=None),
        )


class Extents:
    """Worked out once for each state of the spans, however often someone asks, and of new
    spans only from theirs. Where some of very many were deleted that takes a while: until it
    is due they count as if they were there. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known = Extent()
        self._due = 0.0
        self._lock = threading.Lock()

    def find(self, generation: int, spans: int, read: Callable[[int], Row]) -> Extent:
        """Of the spans up to the newest generation, of which there are so many; `read` gives
        what those after a generation add to those up to it."""
        with self._lock:
            known = self._known
            if known.generation < generation or known.spans != spans:
                known = known.joined(read(known.generation), generation)
                # Some were deleted, or came with an older generation.
                if known.spans != spans and self._clock() >= self._due:
                    begun = self._clock()
                    known = Extent().joined(read(0), generation)
                    ended = self._clock()
                    rest = _REST * (ended - begun) if spans > _MANY_SPANS else 0.0
                    self._due = ended + rest
                self._known = known
            return known
