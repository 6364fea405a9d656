"""Roots that should continue a message's context and do not.

The not-orphan rules come first: idle polls (N1), settle calls (N4), API-level receives,
error events (N3) and batch wrappers (N6, N7) are no deliveries at all
(analyzer/deliveries.py); a root with a resolved context on any of its deliveries (N2, N5),
a locally missing parent (N8), an HTTP entry or a timer (N9) are dropped here.
"""

import polars as pl

from analyzer.answers import unit_of
from analyzer.contexts import SAMPLED
from analyzer.ends import Ends
from analyzer.frame import IDENTITY
from analyzer.roles import SERVER
from analyzer.rules import DRAWN
from storage.schema import ORPHANS

_DAY = 86_400
# What judging compares; the JSON text of `facts` has these fields.
FACTS = {
    "own_system": pl.String,
    "own_destination": pl.String,
    "own_producer_service_name": pl.String,
    "seen": pl.String,  # JSON: the evidence on the root itself
    "domain": pl.String,
    "part": pl.String,
    "after": pl.String,  # of work that followed a closed receive span: "connected" or "cut"
    "scope_name": pl.String,
    "scope_version": pl.String,
    "sdk_language": pl.String,
    "has_id": pl.Boolean,
    "has_children": pl.Boolean,
    "dead_letter": pl.Boolean,
    "rule": pl.String,
    "producer_system": pl.String,
    "producer_destination": pl.String,
    "producer_scope_name": pl.String,
    "producer_connected_elsewhere": pl.Boolean,
    "missing": pl.String,
    "missing_sampled": pl.Boolean,
    "missing_trace_known": pl.Boolean,
    "epoch_trace": pl.Boolean,
    "lost": pl.Boolean,  # spans near it were deleted (analyzer/losses.py)
}


def orphan_rows(ends: Ends, connections: pl.DataFrame) -> pl.DataFrame:
    """ORPHANS columns up to `facts`, the stitched producer, and `row` of the root."""
    frame = ends.frame
    broken = _broken(ends)
    bodies = _bodies(ends)
    found = pl.concat([broken, bodies])
    if found.is_empty():  # all is well, as it mostly is
        return pl.DataFrame(ORPHANS.empty_table())
    told = frame.tell(
        found["row"],
        *("domain", "scope_name", "scope_version", "has_children", "dead_letter", "message_id"),
        *("system", "destination", "scope", "consumer_group"),
        delivery_start="start",
        delivery_name="name",
        own_system="system",
        own_destination="destination",
        offset="kafka_offset",
    )
    deliveries = (
        found.hstack(told)
        .join(_stitched(ends, connections), left_on="stitched", right_on="delivery", how="left")
        .filter((pl.col("part") != "maybe") | pl.col("rule").is_not_null())
        .join(_missing(ends, found["row"]), on="row", how="left")
        .sort("top", "delivery_start", "row")
    )
    # One root can stand for several deliveries: the first one speaks for it.
    first = deliveries.unique("top", keep="first", maintain_order=True)
    busy = deliveries.group_by("top").agg(pl.col("has_children").any().alias("any_children"))
    rows = first.join(busy, on="top").with_columns(
        pl.col("any_children").alias("has_children"),
        (pl.col("message_id").is_not_null() | pl.col("offset").is_not_null()).alias("has_id"),
        pl.col("producer_connected_elsewhere").fill_null(value=False),
        pl.lit(value=False).alias("lost"),
    )
    root = frame.tell(
        rows["top"],
        *("trace_hi", "trace_lo", "span_id", *IDENTITY, "service_version", "sdk_language"),
        span_name="name",
        start_time_unix_nano="start",
    )
    rows = rows.hstack(root).with_columns(epoch_trace=_epoch_form())
    return (
        rows.with_columns(_base_evidence().alias("seen"))
        .with_columns(
            pl.struct([pl.col(name).cast(type_) for name, type_ in FACTS.items()])
            .struct.json_encode()
            .alias("facts")
        )
        .drop("row")
        .rename({"top": "row"})
    )


def _bodies(ends: Ends) -> pl.DataFrame:
    """Work after a closed receive span as if it were a delivery: told by the receive
    span (`row`), reported at the root of the work (`top`)."""
    after = pl.when("connected").then(pl.lit("connected")).otherwise(pl.lit("cut"))
    return ends.bodies.select(
        row="receive", top="row", part=pl.lit("body"), after=after, stitched="row"
    )


def _broken(ends: Ends) -> pl.DataFrame:
    """Deliveries below local roots of which none has a stated producer, and that do not
    continue another trace and are no entry of their own."""
    frame = ends.frame
    connected = frame.flag(frame["top"].gather(ends.stated["delivery"]))
    remote = frame.flag(frame["top"].gather(ends.missing["row"]))
    open_ = ~connected.gather(ends.deliveries["top"])
    found = ends.deliveries.filter(open_ & (ends.deliveries["part"] != "body")).select(
        "row", "top", "part", after=pl.lit(None, pl.String), stitched="row"
    )
    entry = (
        (pl.col("kind") == SERVER)
        & ~pl.col("marked")
        & pl.col("invocation_id").is_null()
        & pl.col("trigger").is_null()
    )
    timer = pl.col("trigger").is_in(["timer", "datasource"]).fill_null(value=False)
    roots = frame.tell(
        found["top"],
        *("kind", "marked", "invocation_id", "trigger", "parent_span_id", "cyclic"),
    ).with_columns(remote=remote.gather(found["top"]))
    return found.filter(
        roots.select(
            (pl.col("parent_span_id").is_null() | pl.col("remote"))
            & ~entry
            & ~timer
            & ~pl.col("cyclic")
        ).to_series()
    )


def _missing(ends: Ends, rows: pl.Series) -> pl.DataFrame:
    """Of each of these deliveries with unresolved contexts: whether a parent or a link is
    missing, whether it was sampled (null: the exporter does not say), whether its trace is
    known."""
    missing = ends.missing.filter(ends.frame.flag(rows).gather(ends.missing["row"]))
    traces = (
        ends.frame.rows.select("trace_hi", "trace_lo", known_trace="trace")
        .filter(pl.col("trace_lo").is_in(missing["missing_lo"].unique().implode()))
        .unique()
        .rename({"trace_hi": "missing_hi", "trace_lo": "missing_lo"})
    )
    return (
        missing.join(traces, on=["missing_hi", "missing_lo"], how="left")
        .with_columns(ends.frame["trace"].gather(missing["row"]).alias("own_trace"))
        .group_by("row")
        .agg(
            pl.when(pl.col("link_flags").is_null().any())
            .then(pl.lit("parent"))
            .otherwise(pl.lit("link"))
            .alias("missing"),
            # Python never sets the trace flags: only a set bit, or unset bits beside
            # flags that are not bare, say anything.
            (pl.col("link_flags") & SAMPLED != 0).any().alias("missing_sampled"),
            (pl.col("known_trace").is_not_null() & (pl.col("known_trace") != pl.col("own_trace")))
            .any()
            .alias("missing_trace_known"),
        )
    )


def _stitched(ends: Ends, connections: pl.DataFrame) -> pl.DataFrame:
    """The drawn producer of each delivery, and whether another consumer got its context."""
    stitches = (
        connections.filter((pl.col("confidence") >= DRAWN) & (pl.col("relation") == "stitch"))
        .sort("delivery", "confidence", "send", descending=[False, True, False])
        .unique("delivery", keep="first", maintain_order=True)
        .with_columns(pl.coalesce("unit", "send").alias("unit"))
    )
    unit = unit_of(ends).gather(ends.stated["send"])
    elsewhere = ends.frame.flag(pl.select(pl.coalesce(unit, ends.stated["send"])).to_series())
    return stitches.select(
        "delivery",
        "rule",
        "producer_trace_hi",
        "producer_trace_lo",
        "producer_span_id",
        "producer_service_name",
        "producer_span_name",
        pl.col("producer_service_name").alias("own_producer_service_name"),
        "producer_system",
        "producer_destination",
        ends.frame.tell(stitches["send"], "scope_name")["scope_name"].alias("producer_scope_name"),
        elsewhere.gather(stitches["unit"]).alias("producer_connected_elsewhere"),
        pl.col("evidence").alias("match"),
    )


def _epoch_form() -> pl.Expr:
    """X-Ray ids begin with the epoch seconds of their making (X-Ray trace id format).

    Within a day before the span's start and 60 s after; a random id fits by chance
    about twice in 100,000.
    """
    made = (pl.col("trace_hi") // 2**32).cast(pl.Int64)
    age = pl.col("start_time_unix_nano") // 1_000_000_000 - made
    return age.is_between(-60, _DAY)


def _base_evidence() -> pl.Expr:
    """JSON array of what was seen on this root."""

    def item(field: pl.Expr, value: pl.Expr, meaning: pl.Expr) -> pl.Expr:
        return pl.struct(
            field.alias("field"), value.cast(pl.String).alias("value"), meaning.alias("meaning")
        ).struct.json_encode()

    no_parent = item(
        pl.lit("parent_span_id"), pl.lit("none"), pl.lit("no context arrived as parent or link")
    )
    missing = item(
        pl.col("missing"),
        pl.lit("not stored"),
        pl.lit("a context arrived and points at a span that the store does not hold"),
    )
    message = item(
        pl.lit("messaging.message.id"), pl.col("message_id"), pl.lit("names the message")
    )
    receive = item(
        pl.lit("receive span"),
        pl.col("delivery_name"),
        pl.lit("of this process ended right before this root began"),
    )
    offset = item(pl.lit("messaging.kafka.offset"), pl.col("offset"), pl.lit("names the record"))
    sender = item(
        pl.lit("producer"),
        pl.concat_str(
            pl.col("producer_span_name"),
            pl.lit(" in "),
            pl.coalesce("producer_service_name", pl.lit("an unnamed service")),
        ),
        pl.concat_str(pl.lit("found by "), pl.col("rule")),
    )
    return pl.concat_str(
        pl.lit("["),
        pl.concat_str(
            pl.when(pl.col("missing").is_null()).then(no_parent).otherwise(missing),
            pl.when(pl.col("after").is_not_null()).then(receive),
            pl.when(pl.col("message_id").is_not_null()).then(message),
            pl.when(pl.col("offset").is_not_null()).then(offset),
            pl.when(pl.col("rule").is_not_null()).then(sender),
            separator=",",
            ignore_nulls=True,
        ),
        pl.lit("]"),
    )
