"""Who stands below whom in a waterfall: children, and consumers below what was sent.

Pure. Spans and connections are named by their index. A span stands below at most one
other: a consumer below the hand-over that the telemetry tells of, else the surest, else
the earliest; every other span below its parent.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from web.shapes import Connection, Orphan
from web.trace_shapes import Span

Ids = tuple[str, str]  # trace id, span id
_HIGHEST_CLIMB = 3  # spans that a consumer takes along


def span_ids(of: Span | Orphan) -> Ids:
    return of["trace_id"], of["span_id"]


def _end(connection: Connection, end: Literal["producer", "consumer"]) -> Ids:
    return connection[end]["trace_id"], connection[end]["span_id"]


class Family:
    """`first`: index by ids (of the first, where ids repeat). `sent`: connections by
    producer. `outer`: connections by consumer whose producer is not among the spans.
    `top`: by connection the span drawn below it. `above`: the reverse. `handed`: by
    consumer the connection that it is drawn below. `again`: by connection the consumer of
    the attempt before."""

    def __init__(self, spans: Sequence[Span], connections: Sequence[Connection]) -> None:
        self.spans, self.connections = spans, connections
        self.first: dict[Ids, int] = {}
        for number, span in enumerate(spans):
            self.first.setdefault(span_ids(span), number)
        self.parent = [self._parent_of(number) for number in range(len(self.spans))]
        families: dict[int, list[int]] = defaultdict(list)
        for child, parent in enumerate(self.parent):
            if parent is not None:
                families[parent].append(child)
        self.sent: dict[int, list[int]] = defaultdict(list)  # producer -> connections
        self.outer: dict[int, list[int]] = defaultdict(list)  # consumer -> from outside
        self.top: dict[int, int] = {}  # connection -> span that is drawn below it
        self.handed: dict[int, int] = {}  # consumer -> the connection it is drawn below
        above: dict[int, int] = {}  # span drawn below a hand-over -> connection
        consumers = {self.first.get(_end(each, "consumer")) for each in self.connections}
        for number in sorted(range(len(self.connections)), key=self._strength):
            producer, consumer = self.ends(number)
            if producer is not None:
                self.sent[producer].append(number)
            elif consumer is not None:
                self.outer[consumer].append(number)
            if producer is None or consumer is None or consumer in self.handed:
                continue
            top = self._climb(consumer, producer, families, consumers)
            if top in above or top == producer:
                continue
            self.handed[consumer] = number
            above[top] = number
            self.top[number] = top
        self.children: dict[int, list[int]] = defaultdict(list)
        for parent, members in families.items():
            self.children[parent] = [child for child in members if child not in above]
        self.above = above
        self.again = self._attempts_before()

    def _parent_of(self, number: int) -> int | None:
        span = self.spans[number]
        parent = span["parent_span_id"]
        found = None if parent is None else self.first.get((span["trace_id"], parent))
        return None if found == number else found

    def ends(self, number: int) -> tuple[int | None, int | None]:
        connection = self.connections[number]
        return (
            self.first.get(_end(connection, "producer")),
            self.first.get(_end(connection, "consumer")),
        )

    def _strength(self, number: int) -> tuple[int, float, int, int]:
        """Which of a consumer's producers it is drawn below: told by the telemetry, sure,
        earliest."""
        connection = self.connections[number]
        producer, _ = self.ends(number)
        start = 0 if producer is None else self.spans[producer]["start_time_unix_nano"]
        told = ("parent", "link", "stitch").index(connection["relation"])
        return told, -connection["confidence"], start, number

    def _climb(
        self,
        consumer: int,
        producer: int,
        families: dict[int, list[int]],
        consumers: set[int | None],
    ) -> int:
        """The receive span over a lone process span moves with it."""
        top = consumer
        for _ in range(_HIGHEST_CLIMB):
            parent = self.parent[top]
            if parent is None or parent == producer or parent in consumers:
                break
            alone = len(families[parent]) == 1 and parent not in self.sent
            service = self.spans[parent]["service_name"]
            if (
                not alone
                or service != self.spans[top]["service_name"]
                or self.spans[parent]["kind"] == "PRODUCER"
            ):
                break
            top = parent
        return top

    def _attempts_before(self) -> dict[int, int]:
        """Connection -> consumer of the attempt before, of the same message; for a message
        from a dead-letter queue of the last attempt at it."""
        before: dict[int, int] = {}
        for sent in self.sent.values():
            last: dict[tuple[str | None, ...], int] = {}
            for number in sorted(sent, key=self._consumer_start):
                connection = self.connections[number]
                _, consumer = self.ends(number)
                if consumer is None:
                    continue
                if connection["dead_letter"]:
                    if last:
                        before[number] = next(reversed(last.values()))
                    continue
                told = (
                    connection["destination"],
                    connection["consumer_group"],
                    connection["consumer"]["service_name"],
                )
                if (connection["attempt"] or 1) > 1 and told in last:
                    before[number] = last[told]
                last.pop(told, None)  # so that the latest stands last
                last[told] = consumer
        return before

    def _consumer_start(self, number: int) -> int:
        consumer = self.top.get(number, self.ends(number)[1])
        if consumer is None:
            producer = self.ends(number)[0] or 0
            return self.spans[producer]["end_time_unix_nano"]
        return self.spans[consumer]["start_time_unix_nano"]

    def stands_below(self, number: int) -> int | None:
        """The span below which this one stands."""
        if number in self.above:
            return self.ends(self.above[number])[0]
        return self.parent[number]

    def items_below(self, number: int) -> list[tuple[bool, int]]:
        """By start: whether it is a span, and which; else a connection."""
        items = [
            (self.spans[child]["start_time_unix_nano"], True, child)
            for child in self.children[number]
        ]
        items += [(self._consumer_start(sent), False, sent) for sent in self.sent[number]]
        return [item[1:] for item in sorted(items)]
