"""Claims about hand-overs: that the context went along, and how long messages waited. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracestitch.terminal import clean
from tracestitch.testing.arrivals import (
    PROPAGATED,
    Arrival,
    Asked,
    Source,
    comes_from,
    find_arrivals,
)
from tracestitch.testing.claims import Failure, count_lines, find_missing, tell_orphan, tell_span
from tracestitch.testing.seen import Ids, Seen, ids_of
from web.words import say_duration, say_plural, say_service


@dataclass(frozen=True)
class Propagated:
    """Every consumer that is meant continues or links the context of a producer that is meant;
    there are at least `count`, one of them from the trace if one is named."""

    asked: Asked
    relation: str | None = None
    trace_id: str | None = None
    count: int = 1

    def __call__(self, seen: Seen) -> Failure | None:
        arrivals = find_arrivals(seen, self.asked)
        count = sum(max(1, len(self._find_meant(seen, arrival))) for arrival in arrivals)
        if count < self.count:
            return tell_too_few(seen, self.asked, arrivals, f"{count} of {self.count}")
        broken = {
            ids_of(arrival.consumer): line
            for arrival in arrivals
            if (line := self._tell_break(seen, arrival)) is not None
        }
        if broken:
            return Failure(
                f"{clean(self.asked)} is not propagated in {len(broken)} of"
                f" {say_plural(count, 'hand-over')}",
                self._tell_swap(seen, arrivals) or count_lines(broken.values()),
                at=[*_find_sender(seen, self.asked), next(iter(broken))],
                missing=_find_unseen(seen, self.asked),
            )
        if self.trace_id is not None and not any(
            self._is_of_trace(seen, arrival) for arrival in arrivals
        ):
            return Failure(
                f"{clean(self.asked)} is propagated, but not from trace {clean(self.trace_id)}",
                count_lines(
                    f"{tell_span(arrival.consumer)} {_tell_traces(arrival)}" for arrival in arrivals
                ),
                at=[ids_of(arrivals[0].consumer)],
            )
        return None

    def _find_meant(self, seen: Seen, arrival: Arrival) -> list[Source]:
        return [
            source
            for source in arrival.sources
            if source.relation in PROPAGATED and comes_from(seen, source, self.asked)
        ]

    def _tell_break(self, seen: Seen, arrival: Arrival) -> str | None:
        """None where it is none."""
        if meant := self._find_meant(seen, arrival):
            if self.relation is None or any(s.relation == self.relation for s in meant):
                return None
            how = f"as {meant[0].relation}, not as {clean(self.relation)}"
            return f"{tell_span(arrival.consumer)} has its producer {how}"
        if self._is_known_trace(seen, arrival):
            return None
        if arrival.orphan is not None:
            return f"{tell_span(arrival.consumer)}: {tell_orphan(arrival.orphan)}"
        return f"{tell_span(arrival.consumer)} {_tell_other(arrival)}"

    def _tell_swap(self, seen: Seen, arrivals: Sequence[Arrival]) -> list[str]:
        """Where the names stand the wrong way round; an orphan root is a consumer for sure."""
        swapped = self.asked.swapped
        if swapped.producer is None or swapped.consumer is None:
            return []
        if any(arrival.orphan is not None for arrival in arrivals):
            return []
        other = Propagated(swapped)
        if not any(other._find_meant(seen, each) for each in find_arrivals(seen, swapped)):
            return []
        return [f"{clean(swapped)} is propagated: are the names the wrong way round?"]

    def _is_known_trace(self, seen: Seen, arrival: Arrival) -> bool:
        """A context that the test made itself belongs to no span that could be seen."""
        return (
            self.asked.producer is None
            and self.asked.producer_service is None
            and self._continues(seen, arrival)
        )

    def _is_of_trace(self, seen: Seen, arrival: Arrival) -> bool:
        sent = any(s.producer["trace_id"] == self.trace_id for s in arrival.sources)
        return sent or (self.asked.producer is None and self._continues(seen, arrival))

    def _continues(self, seen: Seen, arrival: Arrival) -> bool:
        if self.trace_id is None:
            return False
        above = list(seen.climb(ids_of(arrival.consumer)))
        links = (link["trace_id"] for span in above for link in span["links"])
        inside = arrival.consumer["trace_id"] == self.trace_id
        if self.relation == "link":
            return self.trace_id in links
        return inside if self.relation == "parent" else inside or self.trace_id in links


@dataclass(frozen=True)
class WithinWait:
    """No hand-over that is meant waited longer; there are at least `count`."""

    asked: Asked
    most_nano: int
    count: int = 1

    def __call__(self, seen: Seen) -> Failure | None:
        arrivals = find_arrivals(seen, self.asked)
        if len(arrivals) < self.count:
            return tell_too_few(seen, self.asked, arrivals, f"{len(arrivals)} of {self.count}")
        waits: dict[Ids, int | None] = {}
        for arrival in arrivals:
            meant = [s for s in arrival.sources if comes_from(seen, s, self.asked)]
            waits[ids_of(arrival.consumer)] = _longest(seen, arrival, meant)
        late = {ids: wait for ids, wait in waits.items() if wait is None or wait > self.most_nano}
        if not late:
            return None
        return Failure(
            f"{clean(self.asked)} waits longer than {say_duration(self.most_nano)}",
            count_lines(
                f"{tell_span(seen.by_ids[ids])} "
                + ("has no known producer" if wait is None else f"waited {say_duration(wait)}")
                for ids, wait in late.items()
            ),
            at=[next(iter(late))],
        )


def _longest(seen: Seen, arrival: Arrival, sources: Sequence[Source]) -> int | None:
    """The longest wait in nanoseconds; None where no producer is known."""
    waits = [
        arrival.consumer["start_time_unix_nano"]
        - seen.by_ids.get(ids_of(s.producer), arrival.consumer)["end_time_unix_nano"]
        if s.connection is None or s.connection["wait_nano"] is None
        else s.connection["wait_nano"]
        for s in sources
    ]
    return max(waits, default=None)


def tell_too_few(seen: Seen, asked: Asked, arrivals: Sequence[Arrival], seen_of: str) -> Failure:
    """`seen_of` such as "1 of 2"."""
    missing = _find_unseen(seen, asked)
    if not seen.spans or missing:
        return find_missing(seen, missing) or Failure(f"{clean(asked)}: nothing seen")
    return Failure(
        f"{clean(asked)}: {seen_of} hand-overs seen",
        at=[ids_of(arrival.consumer) for arrival in arrivals[:1]],
    )


def _find_unseen(seen: Seen, asked: Asked) -> list[str]:
    named = (name for name in (asked.producer, asked.consumer) if name is not None)
    return [name for name in named if not seen.named(name)]


def _find_sender(seen: Seen, asked: Asked) -> list[Ids]:
    """A producer of the name."""
    named = [] if asked.producer is None else seen.named(asked.producer)
    return [ids_of(span) for span in named[:1]]


def _tell_other(arrival: Arrival) -> str:
    if sources := [s for s in arrival.sources if s.relation in PROPAGATED]:
        other = sources[0].producer
        name = other.get("span_name") or other.get("name")
        return f"continues {clean(name)} in {clean(say_service(other['service_name']))}"
    if arrival.sources:
        return "was stitched to its producer by other evidence, not by a context"
    if arrival.unseen_parent is not None:
        return (
            f"continues a span that was not seen ({arrival.unseen_parent}); it has not ended, was"
            " not sampled, or is exported elsewhere"
        )
    return (
        "has neither parent nor link, and nothing on it says that it took a message: give it"
        " kind CONSUMER, messaging.system and the message's id"
    )


def _tell_traces(arrival: Arrival) -> str:
    traces = dict.fromkeys(s.producer["trace_id"] for s in arrival.sources)
    return f"comes from trace {', '.join(traces) or arrival.consumer['trace_id']}"
