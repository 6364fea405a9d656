"""The orders of benchmarks/boundary_orders.py as batches for `SpanStore.append`."""

import polars as pl
import pyarrow as pa

from benchmarks.boundary_orders import (
    HOPS,
    SERVICES,
    SPANS_PER_ORDER,
    SYSTEMS,
    TAKE,
    make_spans,
    trace_ids,
)
from storage import schema
from storage.join_keys import KINDS, hash_key
from storage.schema import SpanBatch

# The second half of an order arrives with the first half of the one so many later: new
# spans belong to traces that are stored.
_LAG = 1_000
_PARTITIONS = 12
_PRODUCER, _CONSUMER = 4, 5
_ATTRIBUTES = (
    '{{"messaging.system":"{}","messaging.destination.name":"{}","messaging.operation.type":'
    '"{}","app.order.id":"{}","server.address":"broker-1.internal","server.port":9092,'
    '"thread.name":"worker-7","code.function":"handle","tenant.id":"tenant-{}"}}'
)


class BoundaryBatches:
    """One batch after the other."""

    def __init__(self, begun: int = 0) -> None:
        self.begun = begun
        """Orders whose first half is out."""
        self.concerned = pl.DataFrame()
        """All stored spans of the orders that the last batch brought spans of: columns of
        boundary_orders.make_spans and `describe`."""

    def next(self, spans: int) -> SpanBatch:
        """About so many spans."""
        first, last = self.begun, self.begun + max(1, spans // SPANS_PER_ORDER)
        self.begun = last
        front = make_spans(first, last, range(HOPS // 2))
        earlier = make_spans(max(0, first - _LAG), max(0, last - _LAG), range(HOPS))
        rows = describe(pl.concat([front, earlier.with_columns(earlier=True)], how="diagonal"))
        self.concerned = rows
        return _tables(rows.filter(pl.col("earlier").is_null() | (pl.col("hop") >= HOPS // 2)))


def _tables(spans: pl.DataFrame) -> SpanBatch:
    linked = spans.filter("has_link")
    hi, lo = trace_ids(linked["order"].to_numpy(), linked["linked_trace"].to_numpy())
    frames = {
        "resources": _resources(),
        "scopes": pl.DataFrame({"scope_id": [1], "name": ["orders.messaging"]}),
        "spans": spans,
        "links": linked.drop("flags", "attributes").with_columns(
            linked_trace_hi=pl.Series(hi), linked_trace_lo=pl.Series(lo)
        ),
        "messaging": spans.with_columns(part=pl.lit("span")),
        "shapes": spans.unique("shape_id"),
        "correlation": spans.unique("correlation_id").with_columns(
            key=pl.lit("order.id"), value="order_id"
        ),
        "keys": _keys(spans),
    }
    empty = schema.EVENTS.empty_table()
    columns = schema.BATCH_SCHEMAS
    return SpanBatch(
        events=empty, **{name: fit(frame, columns[name]) for name, frame in frames.items()}
    )


def describe(numbers: pl.DataFrame) -> pl.DataFrame:
    """With what the numbers stand for: columns of SPANS, MESSAGING and SHAPES."""
    taken = pl.col("side") == TAKE
    kafka = pl.col("system") == "kafka"
    said = pl.col("says_message")
    order = pl.format("ORD-{}", "order")
    return numbers.with_columns(
        system=(pl.col("destination") % len(SYSTEMS)).replace_strict(
            list(range(len(SYSTEMS))), list(SYSTEMS), return_dtype=pl.String
        ),
        destination_name=pl.format("orders.step-{}", "destination"),
        operation_type=pl.when(taken).then(pl.lit("process")).otherwise(pl.lit("send")),
        order_id=pl.when(pl.col("renamed") > 0)
        .then(pl.format("{}-{}", order, "renamed"))
        .otherwise(order),
    ).with_columns(
        content_hash=(pl.col("span_id") % 2**32).cast(pl.UInt32),
        parent_span_id=pl.when("has_parent").then("parent_span_id"),
        resource_id=(pl.col("service") + 1).cast(pl.UInt64),
        scope_id=pl.lit(1, pl.UInt64),
        name=pl.format("{} {}", "operation_type", "destination_name"),
        kind=pl.when(taken).then(_CONSUMER).otherwise(_PRODUCER),
        flags=pl.lit(257, pl.UInt32),
        correlation_id=pl.col("order").cast(pl.UInt64) * 8 + pl.col("renamed").cast(pl.UInt64),
        shape_id=(pl.col("destination") * 2 + pl.col("side") + 1).cast(pl.UInt64),
        consumer_group=pl.when(taken & kafka).then(pl.format("group-{}", "service")),
        message_id=pl.when(said & ~kafka).then(pl.format("{}-{}", "message", "destination")),
        kafka_partition=pl.when(said & kafka).then(pl.col("order") % _PARTITIONS),
        kafka_offset=pl.when(said & kafka).then("order"),
        alternatives=pl.lit("{}"),
        attributes=pl.format(
            _ATTRIBUTES.replace("{{", "\x01").replace("}}", "\x02"),
            *("system", "destination_name", "operation_type", "order_id"),
            pl.col("order") % 250,
        )
        .str.replace("\x01", "{", literal=True)
        .str.replace("\x02", "}", literal=True),
    )


def _keys(spans: pl.DataFrame) -> pl.DataFrame:
    """A message id or a place in a topic, and the order id."""
    said = spans.filter("says_message").with_columns(
        text=pl.coalesce(
            "message_id",
            pl.format("{}.{}.{}", "destination_name", "kafka_partition", "kafka_offset"),
        )
    )
    carried = spans.with_columns(text=pl.format("order.id\0{}", "order_id"))
    return pl.concat([_hashed(said, "message"), _hashed(carried, "correlation")]).unique()


def _hashed(spans: pl.DataFrame, kind: str) -> pl.DataFrame:
    texts = spans["text"].unique()
    hashes = pl.DataFrame(
        {"text": texts, "key_hash": [hash_key(kind, *text.split("\0")) for text in texts]},
        schema_overrides={"key_hash": pl.UInt64},
    )
    return spans.join(hashes, on="text").select(
        "trace_hi", "trace_lo", pl.lit(KINDS[kind], pl.UInt8).alias("kind"), "key_hash"
    )


def _resources() -> pl.DataFrame:
    numbers = range(SERVICES)
    return pl.DataFrame(
        {
            "resource_id": [number + 1 for number in numbers],
            "service_name": [f"service-{number}" for number in numbers],
            "service_namespace": "shop",
            "service_version": "1.4.2",
            "environment": "production",
            "sdk_language": "java",
        }
    )


def fit(frame: pl.DataFrame, columns: pa.Schema) -> pa.Table:
    """A table of these columns; of what the frame does not have null, zero or empty."""
    missing = [
        pl.lit(None if field.nullable else _nothing(field)).alias(field.name)
        for field in columns
        if field.name not in frame.columns
    ]
    rows = frame.with_columns(missing).select(columns.names)
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(columns)


def _nothing(field: "pa.Field[pa.DataType]") -> str | int | bool:
    if field.type == schema.FLAG:
        return False
    if field.type != schema.TEXT:
        return 0
    texts = {"attributes": "{}", "facts": "{}", "evidence": "[]", "notes": "[]"}
    return texts.get(field.name, "")
