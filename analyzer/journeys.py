"""Which traces one unit of work runs through.

A walk over connections of confidence 0.8 and above, without any I/O of its own: it says
which traces it wants to see, the caller fetches them. The rules (docs/glossary.md,
"journey"):

- It starts from the traces that carry the asked value, or from the asked trace, goes up
  connections to the first producers, then down from there.
- A delivery with producers in several traces (a batch) is entered; going up, none of them
  is followed for its sake.
- Other values of the asked key are never followed. A producer says its value itself or by
  its nearest ancestor; where it is silent, a consumer whose trace only carries other
  values is not followed.
- A send below another message's delivery belongs to that message.

What is reached is the least set that these rules close, so neither the order of rows nor
the order of fetching matters.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable

from analyzer.ancestry import Ancestry, SpanId, TraceId
from analyzer.journey_traces import TraceView, read_views
from analyzer.journey_units import span_of
from analyzer.rules import DRAWN
from storage.results import Row
from storage.schema import SpanBatch

Handover = tuple[SpanId, SpanId]  # producer, consumer


class Walk:
    """`key` and `value` are None where no correlation id was asked for: then nothing is
    foreign. `seeds` are the traces to start from."""

    def __init__(
        self, seeds: Iterable[TraceId], key: str | None = None, value: str | None = None
    ) -> None:
        self._seeds = frozenset(seeds)
        self.key, self._value = key, value
        self._views: dict[TraceId, TraceView] = {}
        self._producers: dict[SpanId, set[SpanId]] = defaultdict(set)
        self._handovers: dict[TraceId, set[Handover]] = defaultdict(set)  # by producer
        self._governed: dict[SpanId, list[Handover]] = defaultdict(list)  # by delivery above
        self._entered: set[TraceId] = set(self._seeds)
        self._wanted: set[TraceId] = set(self._seeds)
        self._own: set[SpanId] = set()  # deliveries of this journey
        self._whole: set[TraceId] = set()  # traces whose deliveries were all looked at
        self._upward: set[SpanId] = set()  # those of them whose producers are looked for
        # Deliveries whose trace is to be judged; producers whose trace is to be loaded,
        # and those that are only followed if their trace is entered anyway.
        self._doubted: dict[TraceId, set[SpanId]] = defaultdict(set)
        self._sought: dict[TraceId, set[SpanId]] = defaultdict(set)
        self._passed: dict[TraceId, set[SpanId]] = defaultdict(set)
        self._judged: dict[TraceId, bool] = {}
        # What is new and not spread yet.
        self._traces: deque[TraceId] = deque()
        self._downs: deque[SpanId] = deque()
        self._ups: deque[SpanId] = deque()

    # ------------------------------------------------------------ for the caller

    @property
    def traces(self) -> list[TraceId]:
        """The traces of the journey as far as they were loaded, sorted."""
        return sorted(self._entered & self._views.keys())

    def wanted(self) -> list[TraceId]:
        """Traces to load next, sorted."""
        return sorted(self._wanted - self._views.keys())

    def doubtful(self) -> list[TraceId]:
        """Traces that are wanted only if none of their spans carries the asked key."""
        return sorted(self._doubted.keys() - self._judged.keys() - self._views.keys())

    def judge(self, traces: Iterable[TraceId], carrying: Iterable[TraceId]) -> None:
        """Of the doubtful `traces` those in `carrying` carry the asked key."""
        foreign = frozenset(carrying)
        for trace in traces:
            self._judged[trace] = trace not in foreign
            if self._judged[trace]:
                self._take_all(self._doubted[trace])
        self._spread()

    def load(
        self,
        traces: Iterable[TraceId],
        batch: SpanBatch,
        ancestry: Ancestry,
        connections: Iterable[Row],
    ) -> None:
        """Take in wanted traces, or any others ahead of being wanted: all their spans (none
        where a trace is not stored), the ancestry of these, and all connections that touch
        the traces (CONNECTIONS)."""
        for producer, consumer in drawn_handovers(connections):
            self._producers[consumer].add(producer)
            self._handovers[producer[:2]].add((producer, consumer))
        deliveries: dict[TraceId, set[SpanId]] = defaultdict(set)
        for consumer in self._producers:
            deliveries[consumer[:2]].add(consumer)
        views = {trace: TraceView() for trace in traces}
        views |= read_views(batch, ancestry, self.key, deliveries)
        self._views |= views
        for trace, view in views.items():
            for handover in self._handovers[trace]:
                governor = view.governor(handover[0])
                if governor is not None:
                    self._governed[governor].append(handover)
            if trace in self._entered:
                self._traces.append(trace)
            for producer in self._sought[trace]:
                self._reach(producer)
            if self._silent(trace):
                self._take_all(self._doubted.pop(trace, ()))
        self._spread()

    def foreign_deliveries(self) -> set[SpanId]:
        """Deliveries in traces of the journey that belong to others."""
        here = self._entered & self._views.keys()
        return {d for trace in here for d in self._views[trace].deliveries} - self._own

    def owns_send(self, send: SpanId) -> bool:
        """Whether what this span of a trace of the journey sent belongs to the journey."""
        view = self._views[send[:2]]
        said = view.said_by_send(send)
        if said:
            return not self._foreign(said)
        governor = view.governor(send)
        return governor is None or governor in self._own

    def batches(self) -> dict[SpanId, tuple[int, int]]:
        """Deliveries of several producers not all of which are in the journey: how many
        are in it, how many are not."""
        found = {}
        for delivery, producers in self._producers.items():
            here = delivery[:2] in self._entered and delivery[:2] in self._views
            if here and len(producers) > 1:
                inside = sum(producer[:2] in self._entered for producer in producers)
                if inside < len(producers):
                    found[delivery] = (inside, len(producers) - inside)
        return found

    # ------------------------------------------------------------------ the rules

    def _spread(self) -> None:
        while True:
            if self._traces:
                self._expand(self._traces.popleft())
            elif self._downs:
                for handover in self._governed[self._downs.popleft()]:
                    self._go_down(*handover)
            elif self._ups:
                self._go_up(self._ups.popleft())
            else:
                return

    def _expand(self, trace: TraceId) -> None:
        """A trace is entered and loaded."""
        if trace in self._seeds:
            self._belong(trace, self._views[trace].deliveries)
        for producer, consumer in self._handovers[trace]:
            self._go_down(producer, consumer)
        for producer in self._passed[trace]:
            self._reach(producer)

    def _go_up(self, delivery: SpanId) -> None:
        producers = self._producers[delivery]
        if len({producer[:2] for producer in producers}) > 1:
            for producer in producers:
                self._passed[producer[:2]].add(producer)
                if producer[:2] in self._entered and producer[:2] in self._views:
                    self._reach(producer)
            return
        for producer in producers:
            self._sought[producer[:2]].add(producer)
            self._wanted.add(producer[:2])
            if producer[:2] in self._views:
                self._reach(producer)

    def _reach(self, producer: SpanId) -> None:
        """Going up has come to this span: what it was sent for belongs to the journey."""
        trace = producer[:2]
        view = self._views[trace]
        if not self._foreign(view.said_by_send(producer)):
            self._enter(trace)
            governor = view.governor(producer)
            if governor is not None:
                self._belong(trace, {governor})
            elif trace not in self._whole:  # once, not for every send of the trace
                self._whole.add(trace)
                self._belong(trace, view.deliveries)

    def _go_down(self, producer: SpanId, consumer: SpanId) -> None:
        view = self._views[producer[:2]]
        said = view.said_by_send(producer)
        governor = view.governor(producer)
        if said:
            if self._value in said:
                self._take(consumer)
        elif governor is None or governor in self._own:
            self._take_unless_foreign(producer, consumer)

    def _take_unless_foreign(self, producer: SpanId, consumer: SpanId) -> None:
        trace = consumer[:2]
        if trace == producer[:2] or trace in self._seeds:
            view = self._views.get(trace)  # a seed to come is judged when it does
            if view is not None and not self._foreign(view.said_by_delivery(consumer)):
                self._take(consumer)
        elif self.key is None or self._silent(trace):
            self._take(consumer)
        elif trace not in self._views:
            self._doubted[trace].add(consumer)

    def _silent(self, trace: TraceId) -> bool:
        """Whether the trace is known to carry no value of the key."""
        view = self._views.get(trace)
        return self._judged.get(trace, False) if view is None else not view.said

    def _take_all(self, deliveries: Iterable[SpanId]) -> None:
        for delivery in deliveries:
            self._take(delivery)

    def _take(self, delivery: SpanId) -> None:
        if delivery not in self._own:
            self._own.add(delivery)
            self._downs.append(delivery)
            self._enter(delivery[:2])

    def _belong(self, trace: TraceId, deliveries: Iterable[SpanId]) -> None:
        view = self._views[trace]
        for delivery in deliveries:
            if not self._foreign(view.said_by_delivery(delivery)):
                self._take(delivery)
                if delivery not in self._upward:
                    self._upward.add(delivery)
                    self._ups.append(delivery)

    def _enter(self, trace: TraceId) -> None:
        if trace not in self._entered:
            self._entered.add(trace)
            self._wanted.add(trace)
            if trace in self._views:
                self._traces.append(trace)

    def _foreign(self, said: Collection[str]) -> bool:
        return bool(said) and self._value not in said


def drawn_handovers(connections: Iterable[Row]) -> Iterable[Handover]:
    """(producer, consumer) of the connections that are drawn as edges."""
    for row in connections:
        if row["confidence"] >= DRAWN:
            yield span_of(row, "producer_"), span_of(row, "consumer_")
