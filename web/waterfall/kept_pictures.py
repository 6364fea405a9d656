"""Laid out pictures, kept for a while, so that rows asked for one after the other fit together.

A page shows the first rows and its script asks for more. The version names what was laid
out: rows of one version come from one picture, and where that is gone and cannot be made
again, the answer says so.
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

import xxhash

from storage.contract import SpanStore, TooMuchAtOnce
from web.journeys.journey import FoundJourney
from web.journeys.stored import Stored
from web.journeys.trace import FoundTrace
from web.journeys.usual import Usual
from web.waterfall.asked_picture import AskedPicture
from web.waterfall.critical_path import CriticalPath, find_critical_path
from web.waterfall.layout import Waterfall, lay_out, scale_of
from web.waterfall.picture import read_picture

MOST_BYTES = 256 * 2**20
MOST_AT_ONCE = 2
_PATIENCE_SECONDS = 20.0
_SECONDS = 600.0
_CONTENT = ("trace_hi", "trace_lo", "span_id", "content_hash")

State = tuple[int, int]  # generation, analysed generation


class ChangedError(Exception):
    """What the page shows is not what is stored now. The message is for its reader."""


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """`state` is that of the store when it was read; `fall` has idle time folded; `nbytes` is
    roughly what it takes to keep this."""

    subject: FoundJourney | FoundTrace
    fall: Waterfall
    critical: CriticalPath
    version: str
    state: State
    nbytes: int

    def waterfall(self, *, true_scale: bool) -> Waterfall:
        if not true_scale:
            return self.fall
        return self.fall.on(scale_of(self.fall.picture, true_scale=True))


class KeptPictures:
    """Thread-safe. At most so many bytes, and the newest however large. Who asks for a picture
    that somebody else is making waits for it: made ten times at once it takes ten times as
    much. Of different ones MOST_AT_ONCE are made at a time: making one takes a processor and
    memory. Who waits too long is asked to come again (TooMuchAtOnce)."""

    def __init__(
        self,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
        patience_seconds: float = _PATIENCE_SECONDS,
        usual: Usual | None = None,
    ) -> None:
        self._usual = usual
        self._patience = patience_seconds
        self._turns = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._most, self._clock = most_bytes, clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[AskedPicture, str], tuple[float, KeptPicture]] = OrderedDict()
        self._making: WeakValueDictionary[AskedPicture, threading.Lock] = WeakValueDictionary()

    def open(
        self, store: SpanStore, asked: AskedPicture, settled_before_unix_nano: int
    ) -> KeptPicture:
        """As of now: kept or made. Raises NotFoundError, TooMuchAtOnce."""
        now = store.generations()
        with self._lock:
            making = self._making.get(asked) or threading.Lock()
            self._making[asked] = making
        # One deadline for both: those behind each other would add their patience up.
        deadline = time.monotonic() + self._patience
        with _held(making, deadline) as waited_for_it:
            with self._lock:
                known = [kept for (key, _), (_, kept) in self._kept.items() if key == asked]
            # what was made meanwhile is as new as it was asked for, whatever came since
            fresh = next((each for each in reversed(known) if each.state >= now), None)
            if fresh is not None:
                return fresh
            with _held(self._turns, deadline) as waited:
                state = store.generations() if waited_for_it or waited else now
                return self._make(store, asked, settled_before_unix_nano, state)

    def again(
        self, store: SpanStore, asked: AskedPicture, version: str, settled_before_unix_nano: int
    ) -> KeptPicture:
        """The picture of this version. Raises ChangedError, NotFoundError, TooMuchAtOnce."""
        with self._lock:
            if (asked, version) in self._kept:
                self._kept.move_to_end((asked, version))
                return self._kept[asked, version][1]
        made = self.open(store, asked, settled_before_unix_nano)
        if made.version != version:
            raise ChangedError("More spans or answers have arrived since this page was opened.")
        return made

    def _make(
        self, store: SpanStore, asked: AskedPicture, settled_before_unix_nano: int, state: State
    ) -> KeptPicture:
        """`state` is that of the store before."""
        subject = asked.find(store, settled_before_unix_nano, self._usual)
        fall = lay_out(read_picture(subject.stored))
        critical = find_critical_path(fall.picture, fall.family)
        stored = subject.stored
        made = KeptPicture(subject, fall, critical, _version_of(stored), state, stored.nbytes)
        with self._lock:
            self._kept.pop((asked, made.version), None)
            self._kept[asked, made.version] = self._clock(), made
            self._forget()
        return made

    def _forget(self) -> None:
        old = self._clock() - _SECONDS
        sizes = [kept.nbytes for _, kept in self._kept.values()]
        total = sum(sizes)
        for key, size in zip(list(self._kept)[:-1], sizes[:-1], strict=True):
            if total > self._most or self._kept[key][0] < old:
                del self._kept[key]
                total -= size


@contextmanager
def _held(turn: "threading.Lock | threading.Semaphore", deadline: float) -> Iterator[bool]:
    """Until a moment of the monotonic clock it is waited for; whether it had to be. Raises
    TooMuchAtOnce."""
    waits = not turn.acquire(blocking=False)
    if waits and not turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise TooMuchAtOnce("Many large pictures are asked for at once. Try again in a moment.")
    try:
        yield waits
    finally:
        turn.release()


def _version_of(stored: Stored) -> str:
    """The same for the same spans, connections, candidates and orphan roots."""
    digest = xxhash.xxh64()
    for name in _CONTENT:
        digest.update(stored.spans[name].to_numpy().tobytes())
    roots = [{**orphan, "settled": True} for orphan in stored.orphans]
    texts: Sequence[object] = (stored.connections, stored.candidates, roots, stored.notes)
    digest.update(json.dumps(texts).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
