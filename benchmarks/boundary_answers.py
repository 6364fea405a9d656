"""What the analyzer would say of the orders of benchmarks/boundary_orders.py, near enough to
fill a store with: the same rows of the same size. Passes over new spans replace theirs.
"""

import json

import polars as pl
import pyarrow as pa

from benchmarks.boundary_batches import fit
from benchmarks.boundary_orders import HOPS, LINK, LOST, MESSAGE, PARENT, SERVICES, TAKE, trace_ids
from storage.contract import SpanStore
from storage.schema import CONNECTIONS, ENDPOINTS, ORPHANS, TRACE_IDS

_SPAN = ("trace_hi", "trace_lo", "span_id")
_IDENTITY = ("service_name", "service_namespace", "environment")
_STEP = 7  # from a service to the next of an order
_EVIDENCE = [{"field": "messaging.message.id", "producer": "x" * 20, "consumer": "x" * 20}]
# What the analyzer keeps of a root to judge it again (analyzer/orphans.py).
_FACTS: dict[str, pl.Expr] = {
    "own_system": pl.col("system"),
    "own_destination": pl.col("destination"),
    "own_producer_service_name": pl.col("producer_service_name"),
    "seen": pl.lit("[]"),
    "part": pl.lit("process"),
    "start": pl.col("start_time_unix_nano"),
    "end": pl.col("end_time_unix_nano"),
    "scope_name": pl.lit("orders.messaging"),
    "scope_version": pl.lit(""),
    "sdk_language": pl.lit("java"),
    "has_id": pl.lit(True),
    "rule": pl.lit("message-id"),
    "producer_system": pl.col("system"),
    "producer_destination": pl.col("destination"),
    "producer_scope_name": pl.lit("orders.messaging"),
    **{
        name: pl.lit(None, pl.String)
        for name in ("domain", "after", "missing", "missing_sampled", "missing_beside")
    },
    **{
        name: pl.lit(False)
        for name in (
            *("has_children", "dead_letter", "producer_connected_elsewhere"),
            *("epoch_trace", "lost"),
        )
    },
}
_FINDINGS = [{"field": "producer", "value": "x" * 40, "meaning": "found by message-id"}] * 4


def fill_answers(store: SpanStore, spans: pl.DataFrame, generation: int) -> None:
    """Store the answers about these spans (BoundaryBatches.concerned)."""
    rows = _name_services(spans)
    traces = fit(rows.select(TRACE_IDS.names).unique(), TRACE_IDS)
    told = rows.filter((pl.col("side") == TAKE) & (pl.col("way") < LOST))
    store.replace_connections(traces, _endpoints(rows), _connections(told))
    store.replace_orphans(traces, _orphans(rows), generation)


def _name_services(spans: pl.DataFrame) -> pl.DataFrame:
    taken = pl.col("side") == TAKE
    told = taken & (pl.col("way") < LOST)
    before = (pl.col("service") + (SERVICES - _STEP)) % SERVICES
    hi, lo = trace_ids(spans["order"].to_numpy(), spans["linked_trace"].to_numpy())
    return spans.with_columns(
        service_name=pl.format("service-{}", "service"),
        service_namespace=pl.lit("shop"),
        environment=pl.lit("production"),
        service_version=pl.lit("1.4.2"),
        span_name="name",
        scope_name=pl.lit("orders.messaging"),
        scope_version=pl.lit(""),
        sdk_language=pl.lit("java"),
        destination="destination_name",
        role=pl.when(taken).then(pl.lit("process")).otherwise(pl.lit("send")),
        has_children=taken & (pl.col("hop") < HOPS - 1),
        is_root=~pl.col("has_parent"),
        # A send is part of the work that the hand-over before it began.
        origin=pl.when(~taken).then(
            pl.when("has_parent").then(pl.lit("entry")).otherwise(pl.lit("alone"))
        ),
        operation=pl.when(~taken & pl.col("has_parent")).then(
            pl.format("process orders.step-{}", pl.col("destination") - 1)
        ),
        relation=pl.when(told).then(_name(PARENT="parent", LINK="link", OTHER="stitch")),
        producer_service_name=pl.when(told).then(pl.format("service-{}", before)),
        producer_trace_hi=pl.when(told).then(pl.Series(hi)),
        producer_trace_lo=pl.when(told).then(pl.Series(lo)),
        producer_span_id=pl.when(told).then("linked_span_id"),
    )


def _name(**names: str) -> pl.Expr:
    return (
        pl.when(pl.col("way") == PARENT)
        .then(pl.lit(names["PARENT"]))
        .when(pl.col("way") == LINK)
        .then(pl.lit(names["LINK"]))
        .otherwise(pl.lit(names["OTHER"]))
    )


def _endpoints(rows: pl.DataFrame) -> pa.Table:
    return fit(rows, ENDPOINTS)


def _connections(told: pl.DataFrame) -> pa.Table:
    ends = {f"consumer_{name}": pl.col(name) for name in (*_SPAN, *_IDENTITY, "span_name")}
    stitched = pl.when(pl.col("way") == MESSAGE).then(pl.lit("message-id"))
    evidence = pl.when(pl.col("way") > LINK).then(pl.lit(json.dumps(_EVIDENCE)))
    rows = told.with_columns(
        **ends,
        consumer_start_time_unix_nano="start_time_unix_nano",
        producer_service_namespace="service_namespace",
        producer_environment="environment",
        producer_span_name=pl.format("send {}", "destination_name"),
        rule=pl.when(pl.col("way") > LINK)
        .then(stitched.otherwise(pl.lit("correlation-id")))
        .otherwise("relation"),
        confidence=pl.when(pl.col("way") > LINK).then(0.95).otherwise(1.0),
        evidence=evidence.otherwise(pl.lit("[]")),
        wait_nano=pl.col("start_time_unix_nano") % 2_000_000_000,
        attempt=pl.lit(1),
    )
    return fit(rows, CONNECTIONS)


def _orphans(rows: pl.DataFrame) -> pa.Table:
    roots = rows.filter((pl.col("side") == TAKE) & (pl.col("way") > LINK)).with_columns(
        facts=pl.struct([told.alias(name) for name, told in _FACTS.items()]).struct.json_encode(),
        cause_code=pl.when(pl.col("system") == "kafka").then(pl.lit("K1")).otherwise(pl.lit("S1")),
        cause_title=pl.lit("The record has no context header"),
        cause_confidence=pl.lit(0.7),
        cause_fix=pl.lit("# producer: inject into the headers of the record\n" * 4),
        other_causes=pl.lit("[]"),
        evidence=pl.lit(json.dumps(_FINDINGS)),
        hidden=pl.lit(value=False),
    )
    return fit(roots, ORPHANS)
