"""The wall clock, while it can be believed.

Machines start with a wrong clock, and clocks are set. What deletes by age must not take
the moment for the truth: a year ahead, everything would be old.
"""

import time
from collections.abc import Callable

_SECOND = 1_000_000_000
_STEADY_NANO = 600 * _SECOND
_JUMP_NANO = 60 * _SECOND


class SteadyClock:
    """Believes the wall clock once it has gone along with the monotonic clock for ten
    minutes, from the start and from every jump of more than a minute."""

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._last = self._since = (wall(), monotonic())
        self.jump_nano = 0
        """How far the last jump went."""

    def read(self) -> int | None:
        """Nanoseconds since the epoch; None while the clock is not believed. To be asked
        every minute or more often: jumps show between two readings."""
        now = (self._wall(), self._monotonic())
        off = (now[0] - self._last[0]) - (now[1] - self._last[1])
        self._last = now
        if abs(off) > _JUMP_NANO:
            self._since, self.jump_nano = now, off
        return now[0] if now[1] - self._since[1] >= _STEADY_NANO else None
