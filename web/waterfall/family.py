"""Who stands below whom in a waterfall: children, and consumers below what was sent.

Pure. Spans and connections are named by their number. A span stands below at most one
other: a consumer below the hand-over that the telemetry tells of, else the surest, else
the earliest; every other span below its parent.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from analyzer.ancestry import NOBODY
from web.waterfall.picture import Picture

_HIGHEST_CLIMB = 3  # spans that a consumer takes along


class Family:
    """`sent`: connections by producer. `outer`: connections by consumer whose producer is
    not among the spans. `top`: by connection the span drawn below it. `above`: the reverse.
    `handed`: by consumer the connection that it is drawn below. `again`: by connection the
    consumer of the attempt before."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.sent: dict[int, list[int]] = defaultdict(list)
        self.outer: dict[int, list[int]] = defaultdict(list)
        self.top: dict[int, int] = {}
        self.handed: dict[int, int] = {}
        self.above: dict[int, int] = {}
        parents = np.fromiter(picture.parent, np.int64, len(picture))
        consumers = {consumer for _, consumer in picture.ends}
        counts = np.bincount(parents + 1, minlength=len(picture) + 1)[1:].tolist()
        for number in sorted(range(len(picture.ends)), key=self._strength):
            producer, consumer = picture.ends[number]
            if producer != NOBODY:
                self.sent[producer].append(number)
            elif consumer != NOBODY:
                self.outer[consumer].append(number)
            if NOBODY in (producer, consumer) or consumer in self.handed:
                continue
            top = self._climb(consumer, producer, counts, consumers)
            if top in self.above or top == producer:
                continue
            self.handed[consumer] = number
            self.above[top] = number
            self.top[number] = top
        parents[list(self.above)] = NOBODY
        self._children, self._last = _by_parent(parents, picture.start)
        self.again = self._attempts_before()

    def _strength(self, number: int) -> tuple[int, float, int, int]:
        """Which of a consumer's producers it is drawn below: told by the telemetry, sure,
        earliest."""
        connection = self.picture.connections[number]
        producer, _ = self.picture.ends[number]
        start = 0 if producer == NOBODY else self.picture.start[producer]
        told = ("parent", "link", "stitch").index(connection["relation"])
        return told, -connection["confidence"], start, number

    def _climb(
        self,
        consumer: int,
        producer: int,
        counts: Sequence[int],
        consumers: set[int],
    ) -> int:
        """The receive span over a lone process span moves with it. `counts` of children."""
        parents, services = self.picture.parent, self.picture.service
        top = consumer
        for _ in range(_HIGHEST_CLIMB):
            parent = parents[top]
            if parent in (NOBODY, producer) or parent in consumers:
                break
            alone = counts[parent] == 1 and parent not in self.sent
            if not alone or services[parent] != services[top] or self.picture.sends[parent]:
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
                connection = self.picture.connections[number]
                _, consumer = self.picture.ends[number]
                if consumer == NOBODY:
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
        producer, consumer = self.picture.ends[number]
        top = self.top.get(number, consumer)
        if top != NOBODY:
            return self.picture.start[top]
        return self.picture.end[producer] if producer != NOBODY else 0

    def stands_below(self, number: int) -> int:
        """The span below which this one stands, or NOBODY."""
        if number in self.above:
            return self.picture.ends[self.above[number]][0]
        return self.picture.parent[number]

    def children(self, number: int) -> Sequence[int]:
        """Those that no hand-over takes away, the last to start in front."""
        return self._children[self._last[number + 1] : self._last[number]]

    def items_below(self, number: int) -> list[int]:
        """The last to start in front: spans by number, connections by the complement of
        theirs (`~number`)."""
        children, start = self.children(number), self.picture.start
        sent = self.sent.get(number)
        if sent is None:
            return list(children)
        items = [(start[child], 1, child) for child in children]
        items += [(self._consumer_start(each), 0, each) for each in sent]
        return [item if is_span else ~item for _, is_span, item in sorted(items, reverse=True)]


def _by_parent(
    parents: "np.ndarray[tuple[int], np.dtype[np.int64]]", starts: Sequence[int]
) -> tuple[list[int], list[int]]:
    """All spans, those of the last parent in front and within it the last to start; of each
    parent where the spans of later parents end, so that its own stand between its place
    and that of the next."""
    numbers = np.arange(len(parents))
    order = np.lexsort((numbers, np.fromiter(starts, np.int64, len(parents)), parents))[::-1]
    below = np.bincount(parents + 1, minlength=len(parents) + 1)
    return order.tolist(), (len(parents) - np.cumsum(below)).tolist()
