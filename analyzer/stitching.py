"""Which send each delivery continues, and how we know: the ladder of evidence.

Stated by the spans first; then unique ids; then correlation ids over what is left.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.frame import hex_text
from analyzer.ids import read_correlation, read_ids
from analyzer.rules import EVIDENCE, compared
from analyzer.rules.correlation_id import match_correlation_ids
from analyzer.rules.kafka_offset import match_kafka_offsets
from analyzer.rules.message_id import match_message_ids
from analyzer.rules.same_trace import match_same_trace
from storage.schema import SpanBatch

DRAWN = 0.8  # at and above it a stitch is an edge, below it a candidate
_MOST = 0.99  # several rules that agree never say more than that


def stitch(batch: SpanBatch, ends: Ends) -> pl.DataFrame:
    """Hand-overs (delivery, send, relation, rule, confidence, evidence), one a pair."""
    stated = _stated(ends)
    open_ = ends.deliveries.join(stated.select(row="delivery"), on="row", how="anti")
    send_ids, ids = read_ids(batch, ends)
    exact = _combine(
        [
            match_kafka_offsets(ends.sends, open_, send_ids, ids),
            match_message_ids(ends.sends, open_, send_ids, ids),
            match_same_trace(ends.sends, open_, ends.missing),
        ]
    )
    known = pl.concat([stated, exact.filter(pl.col("confidence") >= DRAWN)])
    rest = open_.join(known.select(row="delivery"), on="row", how="anti")
    send_keys, keys = read_correlation(batch, ends)
    by_key = match_correlation_ids(ends.sends, rest, send_keys, keys, _explained(ends, known))
    weak = exact.filter(pl.col("confidence") < DRAWN)
    left = _combine([by_key, weak.select(list(EVIDENCE))])
    return _without_doubles(ends, pl.concat([known, left]))


def _stated(ends: Ends) -> pl.DataFrame:
    """The hand-overs that parents and links state, with the ids as evidence."""
    far = ends.frame.select("trace_hi", "trace_lo", "span_id", send="row")
    pairs = ends.stated.join(far, on="send")
    span = pl.lit(hex_text(pairs["span_id"]))
    target = pl.concat_str(
        pl.lit(hex_text(pairs["trace_hi"])), pl.lit(hex_text(pairs["trace_lo"])), pl.lit("/"), span
    )
    return pairs.select(
        "delivery",
        "send",
        "relation",
        rule="relation",
        confidence=pl.lit(1.0),
        evidence=pl.when(pl.col("relation") == "parent")
        .then(compared("parent_span_id", span, span))
        .otherwise(compared("link", target, target)),
    ).cast({"delivery": pl.UInt32, "send": pl.UInt32})


def _combine(findings: list[pl.DataFrame]) -> pl.DataFrame:
    """One row a pair: the strongest rule names it, agreement raises the confidence
    (independent errors: 1 − ∏(1 − c))."""
    doubt = (1 - pl.col("confidence")).product()
    return (
        pl.concat(findings)
        .unique()
        .sort(
            "delivery",
            "send",
            "confidence",
            "rule",
            "evidence",
            descending=[False, False, True, False, False],
        )
        .group_by("delivery", "send", maintain_order=True)
        .agg(
            pl.lit("stitch").alias("relation"),
            pl.col("rule").first(),
            pl.when(pl.len() == 1)
            .then(pl.col("confidence").first())
            .otherwise(pl.min_horizontal((1 - doubt).round(3), pl.lit(_MOST)))
            .first()
            .alias("confidence"),
            pl.col("evidence").str.join(","),
        )
    )


def _explained(ends: Ends, known: pl.DataFrame) -> pl.DataFrame:
    """(send, service, consumer_group): producers that a consumer already has one
    delivery of."""
    return (
        known.join(ends.units, left_on="send", right_on="row", how="left")
        .join(
            ends.deliveries.select("row", "service", "consumer_group"),
            left_on="delivery",
            right_on="row",
        )
        .select(pl.coalesce("unit", "send").alias("send"), "service", "consumer_group")
        .unique()
    )


def _without_doubles(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    """A receive span over the process span of the same message is not a second one."""
    roles = ends.deliveries.select(delivery="row", part="part", consumer="service")
    units = ends.units.select(send="row", unit="unit")
    known = found.join(roles, on="delivery").join(units, on="send", how="left")
    processed = (pl.col("part") == "process").any().over(pl.coalesce("unit", "send"), "consumer")
    return known.filter((pl.col("part") != "receive") | ~processed).select(found.columns)
