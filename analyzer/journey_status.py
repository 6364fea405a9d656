"""How a journey stands: the attempts at its messages, and what the last ones say.

A unit of work is a delivery of a message, or a top-most span that is none. Units that
try the same thing are attempts at it: deliveries of one message to one service and
group, top-most spans of one service and name. Only the last attempt counts: a failed
one that was repeated with success is ok.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analyzer.journey_traces import SpanId

Row = Mapping[str, Any]
JourneyStatus = Literal["ok", "error", "waiting", "dead-letter"]
Outcome = Literal["ok", "error", "dead-letter"]

STATUS_ERROR = 2
# Of the deliveries from a destination so many must connect before a message without
# one is said to wait: where hand-overs are broken it may long be processed.
_CONNECTED_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Unit:
    """One attempt. `same` is what its repetitions have in common."""

    span: SpanId
    start: int
    same: tuple[object, ...]
    failed: bool
    dead_letter: bool = False
    producer: SpanId | None = None
    message: str = ""
    destination: str | None = None
    attempt: int = 1

    @property
    def outcome(self) -> Outcome:
        if self.dead_letter:
            return "dead-letter"
        return "error" if self.failed else "ok"


def find_units(
    spans: Iterable[Row],
    connections: Iterable[Row],
    endpoints: Iterable[Row],
    messages: Mapping[SpanId, str],
    foreign: Collection[SpanId] = (),
) -> list[Unit]:
    """Rows of SPANS with `service` (hashable), drawn CONNECTIONS among them, ENDPOINTS of
    their traces, message ids by span, and deliveries that do not count because they belong
    to other journeys. In order of start."""
    by_id = {_span(row): row for row in spans}
    connected = [
        _connected(row, by_id[consumer], messages)
        for row in connections
        if (consumer := _span(row, "consumer_")) in by_id and consumer not in foreign
    ]
    known = {unit.span for unit in connected} | set(foreign)
    alone = [
        _unconnected(row, messages)
        for row in endpoints
        if row["role"] == "process" and _span(row) not in known
    ]
    known |= {unit.span for unit in alone}
    tops = [
        Unit(
            span=span,
            start=row["start_time_unix_nano"],
            same=("top", row["service"], row["name"]),
            failed=row["status_code"] == STATUS_ERROR,
        )
        for span, row in by_id.items()
        if span not in known and (*span[:2], row["parent_span_id"]) not in by_id
    ]
    return sorted(
        [*connected, *alone, *tops], key=lambda unit: (unit.start, unit.span, unit.message)
    )


def _connected(row: Row, consumer: Row, messages: Mapping[SpanId, str]) -> Unit:
    span, producer = _span(row, "consumer_"), _span(row, "producer_")
    told = messages.get(span)
    return Unit(
        span=span,
        start=consumer["start_time_unix_nano"],
        same=(
            *("sent", producer, told, row["consumer_group"], row["consumer_service_name"]),
            *(row["consumer_service_namespace"], row["consumer_environment"]),
        ),
        failed=consumer["status_code"] == STATUS_ERROR,
        dead_letter=row["dead_letter"],
        producer=producer,
        message=told or messages.get(producer) or f"{producer[2]:016x}",
        destination=row["destination"],
        attempt=row["attempt"] or 1,
    )


def _unconnected(row: Row, messages: Mapping[SpanId, str]) -> Unit:
    """A delivery whose producer is not known. Without a message id repetitions can only
    be told by service, name and destination."""
    span = _span(row)
    told = messages.get(span)
    what = (told,) if told else (row["span_name"], row["destination"])
    return Unit(
        span=span,
        start=row["start_time_unix_nano"],
        same=("alone", row["environment"], row["service_namespace"], row["service_name"], *what),
        failed=row["error"],
        dead_letter=row["dead_letter"],
        message=told or f"{span[2]:016x}",
        destination=row["destination"],
    )


def list_attempts(units: Iterable[Unit]) -> list[Unit]:
    """Deliveries of messages that were delivered more than once or ended as dead letters,
    all of one message together, in order of start."""
    by_message: dict[object, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.same[0] != "top":
            by_message[unit.producer or unit.same].append(unit)
    listed: list[Unit] = []
    for deliveries in by_message.values():
        died = any(unit.dead_letter for unit in deliveries)
        repeated = {unit.same for unit in deliveries if unit.attempt > 1}
        listed += [
            unit
            for unit in deliveries
            if unit.same in repeated or unit.dead_letter or (died and unit.failed)
        ]
    return listed


def judge_status(units: Iterable[Unit], *, waiting: bool) -> JourneyStatus:
    """`waiting`: a message was sent that nobody received yet."""
    last: dict[object, Unit] = {}
    for unit in units:
        if unit.dead_letter:
            return "dead-letter"
        last[unit.same] = unit
    if any(unit.failed for unit in last.values()):
        return "error"
    return "waiting" if waiting else "ok"


def open_sends(
    endpoints: Collection[Row], connections: Iterable[Row], units: Iterable[Unit]
) -> list[Row]:
    """Sends (ENDPOINTS) that did not fail, that no drawn connection names, and whose
    destination no delivery of the journey without a producer may have read."""
    named = {_span(row, "producer_") for row in connections}
    alone = [unit for unit in units if unit.same[0] == "alone"]
    read = {unit.destination for unit in alone}
    return [
        row
        for row in endpoints
        if row["role"] == "send"
        and not row["error"]
        and row["destination"] is not None
        and _span(row) not in named
        and row["destination"] not in read
        and None not in read
    ]


def is_waiting(sends: Collection[Row], facts: Iterable[Row]) -> bool:
    """Whether somebody reads, elsewhere and with connections, what one of these sends
    wrote. `facts` are rows of `SpanStore.endpoint_facts`."""
    counts: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in facts:
        if row["role"] == "process":
            counts[_place(row)][row["relation"] is not None] += row["count"]
    return any(
        connected > 0 and connected >= _CONNECTED_SHARE * (connected + broken)
        for broken, connected in (counts[_place(row)] for row in sends)
    )


def _place(row: Row) -> tuple[object, ...]:
    return (row["environment"], row["service_namespace"], row["system"], row["destination"])


def _span(row: Row, prefix: str = "") -> SpanId:
    return row[f"{prefix}trace_hi"], row[f"{prefix}trace_lo"], row[f"{prefix}span_id"]
