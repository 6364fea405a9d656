"""A value that costs much to work out, kept for a while in proportion to what it cost."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from storage.contract import StoreError

_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)

# From so many spans on, what is made of all of them takes longer than a page may.
LARGE_SPANS = 500_000
# Working it out takes a twentieth of one processor at most, however often it is asked for,
# unless it costs next to nothing: then it is always new.
_TIMES_ITS_COST = 20
_CHEAP_SECONDS = 0.1
# What failed is tried again sooner, in half of the time at most: what it lacked may be there.
_FAILED_TIMES_ITS_COST = 1
# Of what is kept by what was asked: readers choose that, and each work takes processors.
MOST_AT_ONCE = 4


class Kept(Generic[_Value]):
    """Thread-safe. One thread at a time works it out, while those who ask get what there was
    when they have waited long enough."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        turns: threading.Semaphore | None = None,
    ) -> None:
        """Without one of the `turns` no work begins; there is what there was then."""
        self._clock, self._turns = clock, turns
        self._lock = threading.Lock()
        self._value: _Value | None = None
        self._made = self._until = float("-inf")
        self.failed: Exception | None = None
        """Why the last attempt gave none; None while it is tried again."""
        self._working: threading.Event | None = None

    def get(
        self,
        work_out: Callable[[], _Value],
        patience_seconds: float,
        oldest_seconds: float = float("inf"),
    ) -> tuple[_Value, float] | None:
        """The value and its age in seconds. None while there is none: the first is not ready
        within this patience, the one from before is older than `oldest_seconds` and about to
        be replaced, or the store could not be read."""
        with self._lock:
            working = self._working
            if working is None and self._clock() >= self._until and self._take_turn():
                working = self._begin(work_out)
        if working is not None:
            working.wait(patience_seconds)
        with self._lock:
            if self._value is None:
                return None
            now = self._clock()
            age = max(now - self._made, 0.0)
            return None if age > oldest_seconds and now >= self._until else (self._value, age)

    def _begin(self, work_out: Callable[[], _Value]) -> threading.Event:
        """Raises RuntimeError where there can be no more threads; the next one tries again."""
        name, args = "kept-value", (work_out,)
        try:
            threading.Thread(target=self._work, args=args, name=name, daemon=True).start()
        except RuntimeError:
            self._give_turn_back()
            raise
        # The thread needs the lock, which is held here, before it is done.
        self._working, self.failed = threading.Event(), None
        return self._working

    def _take_turn(self) -> bool:
        return self._turns is None or self._turns.acquire(blocking=False)

    def _give_turn_back(self) -> None:
        if self._turns is not None:
            self._turns.release()

    def _work(self, work_out: Callable[[], _Value]) -> None:
        begun = self._clock()
        value: _Value | None = None
        failed: Exception | None = None
        try:
            value = work_out()
        except StoreError as error:
            failed = error  # whoever asks for the store's state learns why
        except Exception as error:  # noqa: BLE001 - the thread ends here; who asks is told
            _log.exception("Figures could not be worked out; they are tried again")
            failed = error
        finally:  # also where Polars panics
            self._give_turn_back()
            self._finish(value, failed, begun)

    def _finish(self, value: _Value | None, failed: Exception | None, begun: float) -> None:
        with self._lock:
            self._value, self._made, self.failed = value, self._clock(), failed
            cost = self._made - begun
            times = _TIMES_ITS_COST if failed is None else _FAILED_TIMES_ITS_COST
            self._until = self._made + (times * cost if cost > _CHEAP_SECONDS else 0)
            done, self._working = self._working, None
        if done is not None:
            done.set()


class KeptAnswers(Generic[_Value]):
    """Kept values by what was asked; those that were asked for last. Thread-safe. At most
    MOST_AT_ONCE are worked out at a time; who asks for another one asks again later."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._turns = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Kept[_Value]] = OrderedDict()

    def get(
        self,
        asked: Hashable,
        work_out: Callable[[], _Value],
        patience_seconds: float,
        oldest_seconds: float = float("inf"),
    ) -> _Value | None:
        """As `Kept.get`, without the age. Raises what the work raised."""
        with self._lock:
            kept = self._kept.setdefault(asked, Kept(turns=self._turns))
            self._kept.move_to_end(asked)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        found = kept.get(work_out, patience_seconds, oldest_seconds)
        failed = kept.failed  # looked at once: others begin to try again
        if found is None and failed is not None:
            raise failed
        return None if found is None else found[0]
