"""Endless orders of which every span sends or receives a message, as numbers.

An order takes four hand-overs, eight spans, through five services and four of 160
destinations of Kafka, SQS and RabbitMQ. Of the hand-overs 65 % are told by a parent, 29 %
by a link, 4 % only by a message id or an offset, 1.5 % only by the order id, and 0.5 % by
nothing: from there on the order has another id. Every span carries an order id.

Everything is a function of the order's number: the same spans, however they are batched.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

HOPS = 4
SPANS_PER_ORDER = 2 * HOPS
PIPELINES, SERVICES = 40, 48
SYSTEMS = ("kafka", "kafka", "aws_sqs", "rabbitmq")
"""Of a destination, by its number modulo four."""
START = 1_760_000_000_000_000_000
SEND, TAKE = 0, 1

PARENT, LINK, MESSAGE, ORDER, LOST = range(5)
"""What tells a hand-over (the strongest thing)."""

_SHARES = np.cumsum([0.65, 0.29, 0.04, 0.015])
_MILLISECOND = 1_000_000
_GAP, _SENDING, _WORK, _LONGEST_WAIT = (n * _MILLISECOND for n in (10, 2, 80, 2_000))

Numbers = npt.NDArray[np.int64]
U64Array = npt.NDArray[np.uint64]


def order_id(number: int) -> str:
    return f"ORD-{number}"


def make_spans(first: int, last: int, hops: range) -> pl.DataFrame:
    """Both spans of these hops of the orders `first` to `last` (exclusive).

    Columns: order, hop, side (SEND or TAKE), destination, service (numbers), the trace, span,
    parent and linked ids of schema SPANS and LINKS, start_time_unix_nano and
    end_time_unix_nano, way, message (a number of the message, 64 bits), says_message,
    and renamed (how often the order has lost its id).
    """
    orders = np.arange(first, last, dtype=np.int64)
    return pl.concat(_make_hops(orders, hops), how="vertical")


def _make_hops(orders: Numbers, hops: range) -> Iterator[pl.DataFrame]:
    trace, renamed = np.zeros_like(orders), np.zeros_like(orders)
    start = START + orders * _GAP
    none = np.zeros(len(orders), np.bool_)
    for hop in range(hops.stop):
        way = _choose_way(orders, hop)
        sent, taken = (_span_ids(orders, hop, side) for side in (SEND, TAKE))
        before = _span_ids(orders, hop - 1, TAKE)
        wait = (mix(orders, 50 + hop) % np.uint64(_LONGEST_WAIT)).astype(np.int64)
        arrived = start + _SENDING + wait
        new_trace, new_renamed = trace + (way != PARENT), renamed + (way == LOST)
        if hop in hops:
            common = {
                "order": orders,
                "destination": orders % PIPELINES * HOPS + hop,
                "message": mix(orders, 100 + hop),
                "way": way,
                "hop": np.full(len(orders), hop),
            }
            yield pl.DataFrame(
                common
                | _place(orders, trace, sent, start, _SENDING)
                | _tell(SEND, hop, orders, renamed, way != ORDER)
                | {"parent_span_id": before, "has_parent": ~none if hop else none}
                | {"linked_trace": trace, "linked_span_id": sent, "has_link": none}
            )
            yield pl.DataFrame(
                common
                | _place(orders, new_trace, taken, arrived, _WORK)
                | _tell(TAKE, hop, orders, new_renamed, way < ORDER)
                | {"parent_span_id": sent, "has_parent": way == PARENT}
                | {"linked_trace": trace, "linked_span_id": sent, "has_link": way == LINK}
            )
        trace, renamed, start = new_trace, new_renamed, arrived + _WORK // 2


def _place(
    orders: Numbers, trace: Numbers, span: U64Array, start: Numbers, nanoseconds: int
) -> dict[str, npt.NDArray[np.generic]]:
    hi, lo = trace_ids(orders, trace)
    return {
        "trace_hi": hi,
        "trace_lo": lo,
        "span_id": span,
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + nanoseconds,
    }


def _tell(
    side: int, hop: int, orders: Numbers, renamed: Numbers, says: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.generic]]:
    return {
        "side": np.full(len(orders), side),
        "service": (orders % PIPELINES * 3 + (hop + side) * 7) % SERVICES,
        "renamed": renamed,
        "says_message": says,
    }


def trace_ids(orders: Numbers, trace: Numbers) -> tuple[U64Array, U64Array]:
    """High and low halves of the order's so-manieth trace."""
    number = orders * 8 + trace
    return mix(number, 300), mix(number, 400)


def _choose_way(orders: Numbers, hop: int) -> Numbers:
    share = mix(orders, hop).astype(np.float64) / 2.0**64
    return np.searchsorted(_SHARES, share, side="right").astype(np.int64)


def _span_ids(orders: Numbers, hop: int, side: int) -> U64Array:
    return mix(orders, 200 + 2 * (hop + 1) + side) | np.uint64(1)


def mix(numbers: Numbers, salt: int) -> U64Array:
    """What looks random and is always the same (the finalizer of splitmix64)."""
    mixed: U64Array = numbers.astype(np.uint64) * np.uint64(1_000) + np.uint64(salt + 1)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
