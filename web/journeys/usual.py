"""What is usual, for journeys to be compared with: kept for a minute where very much is stored.

Of a kind of send its newest examples, of a channel who reads from it. With ten million spans
stored that is half of what a journey reads when it is first opened, and the same for all
journeys of an hour.
"""

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from analyzer.ancestry import SpanId
from analyzer.journey_units import span_of
from analyzer.usual_steps import Step, learn_steps
from storage.contract import SpanStore
from storage.handover_reads import Channel, SendKind
from storage.results import Row
from storage.schema import SPAN_IDS
from web.kept import LARGE_SPANS

EXAMPLES = 200
MOST_KEPT = 1_000
SECONDS = 60.0
# A store does not become small again within this.
_LARGE_SECONDS = 600.0

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Examples:
    """The newest sends of one kind, SENDS_OF_KINDS, what these spans are called, and their
    hand-overs, HANDOVERS_OF_SENDS; `steps` are learned from all of them."""

    sends: Sequence[Row]
    spans: frozenset[SpanId]
    handovers: Sequence[Row]
    steps: Sequence[Step]

    def steps_without(self, own: Collection[SpanId]) -> Sequence[Step]:
        """Learned from all but these sends."""
        if self.spans.isdisjoint(own):
            return self.steps
        others = [row for row in self.sends if span_of(row) not in own]
        return learn_steps(others, self.handovers)


class Usual:
    """Thread-safe. Of a store of fewer than LARGE_SPANS everything is read anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._large_until = float("-inf")
        self._examples: _Recent[SendKind, Examples] = _Recent(clock)
        self._traffic: _Recent[Channel, list[Row]] = _Recent(clock)

    def examples(self, store: SpanStore, kinds: Sequence[SendKind]) -> list[Examples]:
        """Of each kind at most EXAMPLES sends."""
        known = self._examples.find(kinds)
        unknown = [kind for kind in kinds if kind not in known]
        if unknown:
            found = dict(zip(unknown, _read_examples(store, unknown), strict=True))
            known |= found
            if self._is_large(store):
                self._examples.keep(found)
        return [known[kind] for kind in kinds]

    def traffic(self, store: SpanStore, channel: Channel) -> list[Row]:
        """As `SpanStore.traffic`."""
        known = self._traffic.find([channel])
        if channel not in known:
            rows: list[Row] = list(store.traffic(channel).to_pylist())
            known = {channel: rows}
            if self._is_large(store):
                self._traffic.keep(known)
        return known[channel]

    def _is_large(self, store: SpanStore) -> bool:
        now = self._clock()
        if now >= self._large_until and store.status().spans >= LARGE_SPANS:
            self._large_until = now + _LARGE_SECONDS
        return now < self._large_until


_Key = TypeVar("_Key", bound=Hashable)


class _Recent(Generic[_Key, _Value]):
    """The MOST_KEPT values that were kept last, each for SECONDS. Thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, tuple[float, _Value]] = OrderedDict()

    def find(self, keys: Collection[_Key]) -> dict[_Key, _Value]:
        """Those of the keys that are kept, with their values."""
        earliest = self._clock() - SECONDS
        with self._lock:
            found = ((key, self._kept.get(key)) for key in keys)
            return {key: kept[1] for key, kept in found if kept is not None and kept[0] > earliest}

    def keep(self, values: dict[_Key, _Value]) -> None:
        now = self._clock()
        with self._lock:
            for key, value in values.items():
                self._kept[key] = now, value
                self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


def _read_examples(store: SpanStore, kinds: Sequence[SendKind]) -> list[Examples]:
    sends: list[list[Row]] = [[] for _ in kinds]
    found = store.newest_sends(kinds, EXAMPLES)
    for row in found.to_pylist():
        sends[row["kind"]].append(row)
    handovers: dict[SpanId, list[Row]] = defaultdict(list)
    if found.num_rows:
        for row in store.handovers_of(found.select(SPAN_IDS.names)).to_pylist():
            handovers[span_of(row, "producer_")].append(row)
    examples = []
    for rows in sends:
        received = [each for row in rows for each in handovers.get(span_of(row), ())]
        spans = frozenset(map(span_of, rows))
        examples.append(Examples(rows, spans, received, learn_steps(rows, received)))
    return examples
