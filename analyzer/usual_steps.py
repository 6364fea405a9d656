"""What usually becomes of messages: learned from the newest sends of one kind.

A kind of send is a service, a span name and a destination. A step is who receives its
messages: a consumer group of a destination, by the services that share its messages.
Where one service alone has nearly all, the step is that service; where several take
turns, each message going to one of them, the step is any of them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from analyzer.ancestry import SpanId
from analyzer.journey_units import Unit, span_of
from storage.handover_reads import SendKind
from storage.results import Row

# A step that so many of at least so many sends reached is usual.
USUAL_SHARE = 0.9
FEWEST_EXAMPLES = 10
_MOST_NAMES = 3
_RARE_NAME = 0.05

Service = tuple[str | None, str | None, str | None]  # environment, namespace, name
Place = tuple[str | None, str | None]  # destination read from, consumer group
State = Literal["waiting", "lost", "dead"]


@dataclass(frozen=True, slots=True)
class Step:
    """`names` are the usual spans, most frequent first. `share` of `examples` sends came
    to it, after a wait of `p50` and `p95` nanoseconds where waits are known. `reached` are
    the sends' start times and when they were received, of those that were."""

    services: frozenset[Service]
    names: tuple[str, ...]
    place: Place
    share: float
    examples: int
    p50: int | None
    p95: int | None
    reached: tuple[tuple[int, int], ...]


def kind_of(send: Row) -> SendKind:
    """Of a row of ENDPOINTS."""
    return SendKind(*(send[name] for name in SendKind._fields))


def learn_steps(sends: Iterable[Row], connections: Iterable[Row]) -> list[Step]:
    """`sends` (SENDS_OF_KINDS) of one kind, and their drawn connections (HANDOVERS_OF_SENDS).

    Sends after the last one that anybody received say nothing of what is usual: their
    messages may still be on their way, or their readers stand still.
    """
    starts = {span_of(row): row["start_time_unix_nano"] for row in sends if not row["error"]}
    hits: dict[tuple[Place, Service], dict[SpanId, Row]] = defaultdict(dict)
    for row in sorted(
        connections,
        key=lambda row: (row["consumer_start_time_unix_nano"], span_of(row, "consumer_")),
    ):
        send = span_of(row, "producer_")
        if send in starts and not row["dead_letter"]:
            hits[(row["destination"], row["consumer_group"]), consumer_of(row)].setdefault(
                send, row
            )
    reached = {send for found in hits.values() for send in found}
    if not reached:
        return []
    newest = max(starts[send] for send in reached)
    examples = sum(start <= newest for start in starts.values())
    if examples < FEWEST_EXAMPLES:
        return []
    steps = []
    shared: dict[Place, list[tuple[Service, dict[SpanId, Row]]]] = defaultdict(list)
    for (place, service), found in hits.items():
        if len(found) >= USUAL_SHARE * examples:
            steps.append(_step({service}, place, found, examples, starts))
        else:
            shared[place].append((service, found))
    for place, turns in shared.items():
        together = {send: row for _, found in turns for send, row in found.items()}
        alternate = len(together) == sum(len(found) for _, found in turns)
        if alternate and len(together) >= USUAL_SHARE * examples:
            steps.append(_step({s for s, _ in turns}, place, together, examples, starts))
    return sorted(
        steps, key=lambda step: (step.names, sorted(map(str, step.services)), str(step.place))
    )


def _step(
    services: set[Service],
    place: Place,
    found: dict[SpanId, Row],
    examples: int,
    starts: dict[SpanId, int],
) -> Step:
    names = Counter(row["consumer_span_name"] for row in found.values())
    usual = sorted(
        (name for name, count in names.items() if count >= _RARE_NAME * len(found)),
        key=lambda name: (-names[name], name),
    )
    waits = sorted(row["wait_nano"] for row in found.values() if row["wait_nano"] is not None)
    return Step(
        services=frozenset(services),
        names=tuple(usual[:_MOST_NAMES]),
        place=place,
        share=len(found) / examples,
        examples=examples,
        p50=_quantile(waits, 50),
        p95=_quantile(waits, 95),
        reached=tuple(
            sorted(
                (starts[send], row["consumer_start_time_unix_nano"]) for send, row in found.items()
            )
        ),
    )


def _quantile(ordered: list[int], percent: int) -> int | None:
    """The smallest that at least this share does not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def consumer_of(row: Row) -> Service:
    """Of a row of CONNECTIONS."""
    names = ("environment", "service_namespace", "service_name")
    environment, namespace, name = (row[f"consumer_{part}"] for part in names)
    return environment, namespace, name


def find_unexplained(units: Iterable[Unit]) -> frozenset[object]:
    """Services of the deliveries in a journey whose producer nobody knows."""
    return frozenset(
        unit.service
        for unit in units
        if unit.producer is None and not unit.top and not unit.dead_letter
    )


def is_seen(
    step: Step, send: Row, connections: Iterable[Row], unexplained: frozenset[object]
) -> bool:
    """Whether the step took this send's message, or may have: a delivery of its services
    is unexplained."""
    sent = span_of(send)
    for row in connections:
        if (
            span_of(row, "producer_") == sent
            and consumer_of(row) in step.services
            and row["consumer_group"] == step.place[1]
            and not row["dead_letter"]
        ):
            return True
    return not step.services.isdisjoint(unexplained)


def state_of(step: Step, send: Row, connections: Iterable[Row]) -> State:
    """Of a send that the step did not get: "dead" when its message was found among dead
    letters; "lost" when a later send of its kind was received, and that longer after this
    one than 95 of 100 wait; else "waiting"."""
    sent = span_of(send)
    if any(row["dead_letter"] and span_of(row, "producer_") == sent for row in connections):
        return "dead"
    due = send["end_time_unix_nano"] + max(step.p95 or 0, 0)
    start = send["start_time_unix_nano"]
    overtaken = any(later > start and received > due for later, received in step.reached)
    return "lost" if overtaken else "waiting"


def open_steps(
    send: Row, steps: Iterable[Step], connections: Collection[Row], unexplained: frozenset[object]
) -> list[tuple[Step, State]]:
    """The usual steps that this send (ENDPOINTS) of a journey did not get to; `connections`
    (CONNECTIONS) are those of this send."""
    return [
        (step, state_of(step, send, connections))
        for step in steps
        if not is_seen(step, send, connections, unexplained)
    ]
