"""What the times of hand-overs contradict: notes on connections, never corrections.

Pure functions of the spans and connections of one journey or trace.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ancestry import SpanId
from analyzer.broker_order import Placed, find_contradictions
from analyzer.clocks import Handover, Offset, Pair, estimate_offsets
from storage.results import Row
from storage.schema import SpanBatch
from web.rows import connection_object, span_id
from web.shapes import Connection, Note
from web.words import say_duration, say_service

Interval = tuple[int, int]

_OF_MESSAGES = [
    *("trace_hi", "trace_lo", "span_id", "part"),
    *("kafka_partition", "kafka_offset", "message_group", "sequence_number"),
]

_CLOCKS_FIX = "Let the hosts of both services follow one time source (chrony, NTP)."
_ORDER_FIX = (
    "The order of the partition or message group is the broker's, the times are the hosts'. "
    "If one consumer handles messages one by one, compare the clocks; otherwise it handles "
    "them in parallel, which gives up the broker's order."
)


def noted_connections(batch: SpanBatch, rows: Sequence[Row]) -> list[Connection]:
    """The rows (drawn CONNECTIONS) as objects, with the clock offset of their services
    beside times that no hand-over can have, and a note where the broker's order differs."""
    times = _read_times(batch, rows)
    gaps = _start_gaps(rows, times)
    offsets = estimate_offsets(
        Handover(_pair(row), gap) for row, gap in zip(rows, gaps, strict=True) if gap is not None
    )
    ahead = find_contradictions(_placed(batch, rows, times))
    found = []
    for row, gap in zip(rows, gaps, strict=True):
        told = connection_object(row)
        offset = offsets.get(_pair(row)) if (row["wait_nano"] or 0) < 0 else None
        if offset is not None:
            told["clock_offset_nano"] = offset.nano
            told["notes"] = [*told["notes"], _clock_note(row, gap, offset)]
        before = ahead.get(span_id(row, "consumer_"))
        if before is not None:
            told["notes"] = [*told["notes"], _order_note(before)]
        found.append(told)
    return found


def _read_times(batch: SpanBatch, rows: Sequence[Row]) -> dict[SpanId, Interval]:
    """Of the producers, and perhaps of some more."""
    names = ("trace_hi", "trace_lo", "span_id", "start_time_unix_nano", "end_time_unix_nano")
    producers = pa.array({row["producer_span_id"] for row in rows}, pa.uint64())
    spans = batch.spans.filter(pc.is_in(batch.spans["span_id"], value_set=producers))
    columns = (spans[name].to_pylist() for name in names)
    return {(hi, lo, span): (start, end) for hi, lo, span, start, end in zip(*columns, strict=True)}


def _pair(row: Row) -> Pair:
    names = ("environment", "service_namespace", "service_name")
    producer, consumer = (
        tuple(row[f"{side}_{name}"] for name in names) for side in ("producer", "consumer")
    )
    return producer, consumer


def _start_gaps(rows: Sequence[Row], times: Mapping[SpanId, Interval]) -> list[int | None]:
    """Of each hand-over from the start of the send to the arrival. Unknown without the
    send; a batch may have begun before its later messages were sent."""
    producers = Counter(span_id(row, "consumer_") for row in rows)
    gaps: list[int | None] = []
    for row in rows:
        sent = times.get(span_id(row, "producer_"))
        if sent is None or row["wait_nano"] is None or producers[span_id(row, "consumer_")] > 1:
            gaps.append(None)
        else:
            gaps.append(row["wait_nano"] + sent[1] - sent[0])
    return gaps


def _placed(
    batch: SpanBatch, rows: Iterable[Row], times: Mapping[SpanId, Interval]
) -> Iterable[Placed]:
    messages: dict[SpanId, list[Row]] = defaultdict(list)
    for message in batch.messaging.select(_OF_MESSAGES).to_pylist():
        if message["part"] == "span":
            messages[span_id(message)].append(message)
    for row in rows:
        consumer, sent = span_id(row, "consumer_"), times.get(span_id(row, "producer_"))
        for said in messages.get(consumer, ()):
            place = _place(said)
            if place is not None and row["wait_nano"] is not None and sent is not None:
                kind, line, number = place
                read = (kind, row["system"], row["scope"], row["destination"], line)
                who = (row["consumer_group"], _pair(row)[1])
                yield Placed(consumer, (*read, *who), number, sent[1] + row["wait_nano"])


def _place(message: Row) -> tuple[str, object, int] | None:
    """Kind of line, which one, and the place in it."""
    if message["kafka_partition"] is not None and message["kafka_offset"] is not None:
        return "partition", message["kafka_partition"], message["kafka_offset"]
    group, number = message["message_group"], message["sequence_number"]
    if group and number and number.isascii() and number.isdigit() and len(number) <= 40:
        return "message group", group, int(number)
    return None


def _clock_note(row: Row, gap: int | None, offset: Offset) -> Note:
    who, than = (say_service(row[f"{side}_service_name"]) for side in ("consumer", "producer"))
    way = "behind" if offset.nano < 0 else "ahead of"
    amount = say_duration(abs(offset.nano))
    if offset.both_ways:
        told = f"by about {amount}: the middle of what the fastest hand-overs both ways allow"
    else:
        told = f"by at least {amount}: a message cannot be handled before its send began"
    begun = (
        f"It began {say_duration(-gap)} before its send did. "
        if gap is not None and gap < 0
        else ""
    )
    title = f"{begun}The clock of {who} is {way} that of {than} {told}."
    return {"code": "clock-offset", "title": title, "fix": _CLOCKS_FIX}


def _order_note(before: Placed) -> Note:
    kind = before.line[0]
    what = "Record" if kind == "partition" else "Message"
    title = (
        f"{what} {before.place} stands ahead of this one in the {kind} {before.line[4]} and, "
        "by the timestamps, was handled after it."
    )
    return {"code": "order", "title": title, "fix": _ORDER_FIX}
