"""How much comes in per second, just now."""

import time
from collections import deque
from collections.abc import Callable

# Long enough to see senders that export every five seconds as what they are.
_SECONDS = 15


class RecentRate:
    """Over the last whole seconds and the one that runs. Not thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()
        self._seconds: deque[tuple[int, int]] = deque(maxlen=_SECONDS + 1)

    def add(self, amount: int) -> None:
        now = int(self._clock())
        if self._seconds and self._seconds[-1][0] == now:
            amount += self._seconds.pop()[1]
        self._seconds.append((now, amount))

    def per_second(self) -> float:
        now = self._clock()
        first = int(now) - _SECONDS
        kept = sum(amount for second, amount in self._seconds if second >= first)
        return kept / max(now - max(self._begun, first), 1.0)
