"""The units of work of a journey: deliveries of messages, and top-most spans that are none.

Units that try the same thing agree in `same`: deliveries of one message of one send to one
service and group, top-most spans of one service and name.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from analyzer.ancestry import NOBODY, Ancestry, SpanId, nearest
from storage.results import Row

STATUS_ERROR = 2


@dataclass(frozen=True, slots=True)
class Unit:
    """One attempt. `same` is what its repetitions have in common; `told` the id that the
    delivery itself says, `sent_id` the one its send says; `sent_below` the delivery in
    whose work the message was sent, `sender` the service that sent it."""

    span: SpanId
    start: int
    end: int
    same: tuple[object, ...]
    service: object
    failed: bool
    dead_letter: bool = False
    producer: SpanId | None = None
    sender: object = None
    sent_below: SpanId | None = None
    sent_id: str | None = None
    told: str | None = None
    message: str = ""
    destination: str | None = None
    group: str | None = None
    attempt: int = 1

    @property
    def top(self) -> bool:
        """It is no delivery."""
        return self.same[0] == "top"


def find_units(
    spans: Iterable[Row],
    ancestry: Ancestry,
    connections: Iterable[Row],
    endpoints: Iterable[Row],
    messages: Mapping[SpanId, str],
    foreign: Collection[SpanId] = (),
) -> list[Unit]:
    """Rows of SPANS with `service` (hashable), of consumers and of spans without a parent
    among all at least; the ancestry of all spans; drawn CONNECTIONS among them, ENDPOINTS of
    their traces, message ids by span, and deliveries that do not count because they belong
    to other journeys. In order of start."""
    by_id = {span_of(row): row for row in spans}
    drawn = [
        row
        for row in connections
        if (consumer := span_of(row, "consumer_")) in by_id and consumer not in foreign
    ]
    above = _governors(ancestry, drawn)
    connected = [
        _connected(row, by_id[span_of(row, "consumer_")], messages, above) for row in drawn
    ]
    known = {unit.span for unit in connected} | set(foreign)
    alone = [
        _unconnected(row, messages)
        for row in endpoints
        if row["role"] == "process" and span_of(row) not in known
    ]
    known |= {unit.span for unit in alone}
    tops = [
        Unit(
            span=span,
            start=row["start_time_unix_nano"],
            end=row["end_time_unix_nano"],
            same=("top", row["service"], row["name"]),
            service=row["service"],
            failed=row["status_code"] == STATUS_ERROR,
        )
        for span, row in by_id.items()
        if span not in known and _is_top(ancestry, span)
    ]
    return sorted(
        [*connected, *alone, *tops], key=lambda unit: (unit.start, unit.span, unit.message)
    )


def _is_top(ancestry: Ancestry, span: SpanId) -> bool:
    row = ancestry.row(span)
    return row is not None and ancestry.above[row] == NOBODY


def _governors(ancestry: Ancestry, connections: Collection[Row]) -> Mapping[SpanId, SpanId | None]:
    """Of each producer the delivery in whose work it sent."""
    deliveries, producers = (
        {row: span for span in ends if (row := ancestry.row(span)) is not None}
        for ends in (
            [span_of(each, f"{side}_") for each in connections] for side in ("consumer", "producer")
        )
    )
    below = nearest(producers, ancestry.above, deliveries)
    return {span: deliveries.get(below[row]) for row, span in producers.items()}


def _connected(
    row: Row,
    consumer: Row,
    messages: Mapping[SpanId, str],
    above: Mapping[SpanId, SpanId | None],
) -> Unit:
    span, producer = span_of(row, "consumer_"), span_of(row, "producer_")
    told, sent = messages.get(span), messages.get(producer)
    service = _service(row, "consumer_")
    return Unit(
        span=span,
        start=consumer["start_time_unix_nano"],
        end=consumer["end_time_unix_nano"],
        same=("sent", producer, told, row["consumer_group"], *service),
        service=service,
        failed=consumer["status_code"] == STATUS_ERROR,
        dead_letter=row["dead_letter"],
        producer=producer,
        sender=_service(row, "producer_"),
        sent_below=above.get(producer),
        sent_id=sent,
        told=told,
        message=told or sent or f"{producer[2]:016x}",
        destination=row["destination"],
        group=row["consumer_group"],
        attempt=row["attempt"] or 1,
    )


def _unconnected(row: Row, messages: Mapping[SpanId, str]) -> Unit:
    """A delivery whose producer is not known. Without a message id repetitions can only
    be told by service, name and destination."""
    span = span_of(row)
    told = messages.get(span)
    what = (told,) if told else (row["span_name"], row["destination"])
    service = _service(row)
    return Unit(
        span=span,
        start=row["start_time_unix_nano"],
        end=row["end_time_unix_nano"],
        same=("alone", *service, *what),
        service=service,
        failed=row["error"],
        dead_letter=row["dead_letter"],
        told=told,
        message=told or f"{span[2]:016x}",
        destination=row["destination"],
        group=row["consumer_group"],
    )


def _service(row: Row, prefix: str = "") -> tuple[object, ...]:
    names = ("environment", "service_namespace", "service_name")
    return tuple(row[f"{prefix}{name}"] for name in names)


def span_of(row: Row, prefix: str = "") -> SpanId:
    return row[f"{prefix}trace_hi"], row[f"{prefix}trace_lo"], row[f"{prefix}span_id"]
