"""How the context came to a span: by a message, by a parent or link, or not at all. Pure.

People name their own spans, and libraries add theirs between: "order.publish" stands around
the span that really sends, "order.process" below the one that receives. So names are looked
for from the ends of a hand-over upwards, as far as the same piece of work goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tracestitch.testing.seen import Ids, Seen, Told, ids_of

PROPAGATED = ("parent", "link")


@dataclass(frozen=True)
class Asked:
    """Which hand-overs are meant; what is None does not matter."""

    producer: str | None = None
    consumer: str | None = None
    producer_service: str | None = None
    consumer_service: str | None = None
    destination: str | None = None

    def __str__(self) -> str:
        ends = [
            " in ".join(part for part in end if part is not None) or None
            for end in (
                (self.producer, self.producer_service),
                (self.consumer, self.consumer_service),
            )
        ]
        over = "" if self.destination is None else f" over {self.destination}"
        return f"{ends[0] or 'any producer'} → {ends[1] or 'any consumer'}{over}"

    @property
    def swapped(self) -> "Asked":
        """The same the other way round."""
        return Asked(
            self.consumer,
            self.producer,
            self.consumer_service,
            self.producer_service,
            self.destination,
        )


@dataclass(frozen=True)
class Source:
    """A producer whose context, or message, came to a consumer."""

    producer: Told
    """A span, or the end of a connection."""
    relation: str
    connection: Told | None = None


@dataclass(frozen=True)
class Arrival:
    """One consumer span, and what came to it."""

    consumer: Told
    sources: Sequence[Source] = ()
    orphan: Told | None = None
    destination: str | None = None
    unseen_parent: str | None = None
    """The id of a parent that is no seen span."""


def find_arrivals(seen: Seen, asked: Asked) -> list[Arrival]:
    """Of every consumer that is meant, whatever its producer."""
    if asked.consumer is not None:
        consumers = seen.named(asked.consumer)
    else:
        ends = dict.fromkeys([*seen.arriving, *seen.orphan_at])
        consumers = [seen.by_ids[ids] for ids in ends if ids in seen.by_ids]
    arrivals = [
        find_arrival(seen, span, asked.producer)
        for span in consumers
        if asked.consumer_service in (None, span["service_name"])
    ]
    return [arrival for arrival in arrivals if asked.destination in (None, arrival.destination)]


def find_arrival(seen: Seen, consumer: Told, producer: str | None) -> Arrival:
    """What is nearest above the consumer counts."""
    top = consumer
    for span in seen.climb(ids_of(consumer)):
        top, ids = span, ids_of(span)
        if ids in seen.arriving or ids in seen.orphan_at:
            told = seen.arriving.get(ids, [])
            orphan = seen.orphan_at.get(ids)
            ends = [*told, *([] if orphan is None else [orphan])]
            return Arrival(
                consumer,
                [Source(each["producer"], each["relation"], each) for each in told],
                orphan,
                destination=next((e["destination"] for e in ends if e["destination"]), None),
            )
        if span is not consumer and span["name"] == producer:
            return Arrival(consumer, [Source(span, "parent")])
        linked = _find_linked(seen, span, producer)
        if linked:
            return Arrival(consumer, linked)
    return Arrival(consumer, unseen_parent=top["parent_span_id"])


def _find_linked(seen: Seen, span: Told, producer: str | None) -> list[Source]:
    """Producers of the name that the span links to. No message needs to be told of."""
    if producer is None:
        return []
    targets = (seen.by_ids.get(ids_of(link)) for link in span["links"])
    return [
        Source(target, "link")
        for target in targets
        if target is not None and is_named(seen, ids_of(target), producer)
    ]


def is_named(seen: Seen, ids: Ids, name: str) -> bool:
    return any(span["name"] == name for span in seen.work_around(ids))


def comes_from(seen: Seen, source: Source, asked: Asked) -> bool:
    """Whether this is the producer that is meant."""
    if asked.producer_service not in (None, source.producer["service_name"]):
        return False
    return asked.producer is None or is_named(seen, ids_of(source.producer), asked.producer)
