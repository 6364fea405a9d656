"""How many traces a store has and when they were: kept, because counting traces reads the id
of every span.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from storage.results import Row


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
    spans only from theirs. Thread-safe."""

    def __init__(self) -> None:
        self._known = Extent()
        self._lock = threading.Lock()

    def find(self, generation: int, spans: int, read: Callable[[int], Row]) -> Extent:
        """Of the spans up to the newest generation, of which there are so many; `read` gives
        what those after a generation add to those up to it."""
        with self._lock:
            known = self._known
            if known.generation < generation or known.spans != spans:
                found = known.joined(read(known.generation), generation)
                if found.spans != spans:  # some were deleted, or came with an older generation
                    found = Extent().joined(read(0), generation)
                self._known = found
            return self._known
