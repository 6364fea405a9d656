"""What is told of an orphan root: everything on its own spans and on its stitched producer
that verdicts compare. What stands beside it is told by analyzer.surroundings.
"""

import polars as pl

from analyzer.dropped_fields import read_dropped
from analyzer.ends import Ends
from analyzer.frame import IDENTITY
from analyzer.missing_facts import tell_missing
from analyzer.received_attributes import count_received
from analyzer.repeats import find_repeats
from analyzer.root_evidence import tell_evidence
from analyzer.rules import DRAWN
from analyzer.tables import Tables
from analyzer.trace_states import has_epoch_form

# What judging compares; the JSON text of `facts` has these fields.
FACTS = {
    "own_system": pl.String,
    "own_destination": pl.String,
    "own_producer_service_name": pl.String,
    "seen": pl.String,  # JSON: the evidence on the root itself
    "domain": pl.String,
    # kind of delivery (analyzer.deliveries), or "body": work after a closed receive span
    "part": pl.String,
    # of such work: what its receive span is, "connected" or "cut"; of a send (part "send"):
    # its origin (analyzer.lost_sends.find_origins)
    "after": pl.String,
    "start": pl.Int64,  # of the root, ns
    "end": pl.Int64,  # of its work, ns
    "scope_name": pl.String,
    "scope_version": pl.String,
    "service_version": pl.String,
    "sdk_language": pl.String,
    "trigger": pl.String,  # faas.trigger of the root
    "function": pl.Boolean,  # the root is a function's invocation
    "has_id": pl.Boolean,
    "names_work": pl.Boolean,  # it has a business id
    "names_event": pl.Boolean,  # … the id, source or type of an event
    "message_id": pl.String,
    "kafka_partition": pl.Int64,
    "kafka_offset": pl.Int64,
    # headers of the message that were captured
    "traceparent_header": pl.String,
    "foreign_context_header": pl.String,
    "received_attributes": pl.Int64,  # that came without a context among them
    "dropped_attributes": pl.Int64,
    "has_children": pl.Boolean,
    "dead_letter": pl.Boolean,
    "epoch_trace": pl.Boolean,
    # of the stitched producer
    "rule": pl.String,
    "producer_system": pl.String,
    "producer_destination": pl.String,
    "producer_scope_name": pl.String,
    "producer_sdk_language": pl.String,
    "producer_takes": pl.String,  # system of that message
    "producer_in_trace": pl.Boolean,  # … of the root; also where several sends of it fit
    "producer_connected_elsewhere": pl.Boolean,  # another consumer got its context
    "producer_connected_here": pl.Boolean,  # this one did, another time
    "producer_dropped": pl.Boolean,  # it says that its message went without the context
    "gap": pl.Int64,  # from its end to the start of the root, ns
    "candidate_system": pl.String,  # of all sends that may be its producer, and none is chosen
    # a context that arrived and names an absent span: "parent" or "link"
    "missing": pl.String,
    "missing_sampled": pl.Boolean,
    "missing_unsampled": pl.Boolean,
    "missing_epoch": pl.Boolean,  # its trace id has the form of X-Ray's
    "missing_beside": pl.Boolean,  # its trace holds work that no message began
    "missing_random": pl.Int64,  # what sampling compares with thresholds (56 bits)
    "repeats": pl.String,  # the same work came here before (analyzer/repeats.py)
    # what its process handled when a send began, one name a line (analyzer.work_beside)
    "beside": pl.String,
    "lost": pl.Boolean,  # spans near it were deleted (analyzer/losses.py)
}
# Most are null of most roots. In a text of JSON quotes are escaped: only fields match, and
# not the last one, `lost`.
_NULL = r'"\w+":null,'
_FACTS_AS_TEXT = (
    pl.struct([pl.col(name).cast(type_) for name, type_ in FACTS.items()])
    .struct.json_encode()
    .str.replace_all(_NULL, "")
)
NOTHING: dict[str, None] = dict.fromkeys(FACTS)
"""What a root tells of which nothing is written."""


def tell_roots(
    tables: Tables, ends: Ends, connections: pl.DataFrame, found: pl.DataFrame
) -> pl.DataFrame:
    """ORPHANS columns up to `facts`, the stitched producer, and `row` of the root, of the
    deliveries `found` (row, top, part, after, beside, stitched)."""
    frame = ends.frame
    told = frame.tell(
        found["row"],
        *("domain", "scope_name", "scope_version", "has_children", "dead_letter", "message_id"),
        *("system", "destination", "scope", "consumer_group"),
        *("event_id", "event_source", "event_detail_type"),
        *("kafka_partition", "kafka_offset", "traceparent_header", "foreign_context_header"),
        delivery_start="start",
        delivery_name="name",
        own_system="system",
        own_destination="destination",
        dropped_attributes="dropped_attributes_count",
    )
    stitches = connections.filter(pl.col("relation") == "stitch")
    stitched = _stitched(tables, ends, stitches)
    deliveries = (
        found.hstack(told)
        .join(stitched, left_on="stitched", right_on="delivery", how="left")
        .join(_candidate_systems(stitches), left_on="row", right_on="delivery", how="left")
        .filter((pl.col("part") != "maybe") | pl.col("rule").is_not_null())
        .with_columns(fits_in_trace=pl.col("stitched").is_in(_fit_in_trace(stitches).implode()))
        .join(tell_missing(ends, found["row"]), on="row", how="left")
        .join(count_received(tables, frame), on="row", how="left")
        .sort("top", "delivery_start", "row")
    )
    # One root can stand for several deliveries: the first one speaks for it.
    first = deliveries.unique("top", keep="first", maintain_order=True)
    busy = deliveries.group_by("top").agg(pl.col("has_children").any().alias("any_children"))
    repeats = find_repeats(tables, ends, first["top"]).with_columns(names_work=pl.lit(value=True))
    rows = (
        first.join(busy, on="top")
        .join(repeats, on="top", how="left")
        .with_columns(
            pl.col("any_children").alias("has_children"),
            (pl.col("message_id").is_not_null() | pl.col("kafka_offset").is_not_null()).alias(
                "has_id"
            ),
            names_event=pl.any_horizontal(
                pl.col("event_id", "event_source", "event_detail_type").is_not_null()
            ),
        )
        .with_columns(
            pl.col("producer_connected_elsewhere").fill_null(value=False),
            pl.col("names_work").fill_null(value=False),
            pl.lit(value=False).alias("lost"),
            is_send=pl.col("part") == "send",
        )
    )
    root = frame.tell(
        rows["top"],
        *("trace_hi", "trace_lo", "span_id", *IDENTITY, "service_version", "sdk_language"),
        *("start", "trigger"),
        span_name="name",
        start_time_unix_nano="start",
        end="work_end",
        function="invocation_id",
    )
    own = pl.when(pl.col("part") == "send").then("service_name")
    rows = rows.hstack(root).with_columns(
        *(
            pl.coalesce(own, name).alias(name)  # the one that lost it
            for name in ("producer_service_name", "own_producer_service_name")
        ),
        epoch_trace=has_epoch_form("trace_hi"),
        producer_in_trace=(
            pl.col("producer_trace_hi").eq(pl.col("trace_hi"))
            & pl.col("producer_trace_lo").eq(pl.col("trace_lo"))
        ).fill_null(pl.col("fits_in_trace")),
        function=pl.col("function").is_not_null(),
        gap=pl.col("start") - pl.col("producer_end"),
    )
    return (
        rows.with_columns(seen=tell_evidence())
        .with_columns(_FACTS_AS_TEXT.alias("facts"))
        .drop("row", "start", "end")
        .rename({"top": "row"})
    )


def _stitched(tables: Tables, ends: Ends, stitches: pl.DataFrame) -> pl.DataFrame:
    """The drawn producer of each delivery, and which consumers got its context."""
    stitches = (
        stitches.filter(pl.col("confidence") >= DRAWN)
        .sort("delivery", "confidence", "send", descending=[False, True, False])
        .unique("delivery", keep="first", maintain_order=True)
    )
    told = ends.frame.tell(
        stitches["send"],
        producer_scope_name="scope_name",
        producer_sdk_language="sdk_language",
        producer_end="end",
    )
    dropped = read_dropped(tables, ends).rename({"contextless": "producer_dropped"})
    return (
        stitches.join(dropped, on="unit", how="left", maintain_order="left")
        .select(
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
            "producer_dropped",
            *told,
            _taken_system(ends, stitches["send"]),
            pl.col("evidence").alias("match"),
        )
        .join(_connected(ends, stitches), on="delivery", how="left")
    )


def _connected(ends: Ends, stitches: pl.DataFrame) -> pl.DataFrame:
    """Of stitched deliveries whether the same consumer got the producer's context with another
    delivery, and whether another one did: a service, group and destination, as far as told."""

    def consumer(rows: pl.Series) -> pl.DataFrame:
        return ends.frame.tell(rows, "service", "consumer_group", "destination")

    stated = ends.stated.filter(
        ends.frame.flag(stitches["unit"])[ends.producers(ends.stated["send"])]
    )
    unit = ends.producers(stated["send"]).to_frame()
    got = unit.hstack(consumer(stated["delivery"]))
    both = (
        stitches.select("delivery", "unit")
        .hstack(consumer(stitches["delivery"]))
        .join(got, on="unit", suffix="_far")
    )
    same = (
        pl.col("service").eq(pl.col("service_far"))
        & pl.col("consumer_group").eq_missing(pl.col("consumer_group_far"))
        & pl.col("destination").eq(pl.col("destination_far")).fill_null(value=True)
    )
    return both.group_by("delivery").agg(
        (~same).any().alias("producer_connected_elsewhere"),
        same.any().alias("producer_connected_here"),
    )


def _candidate_systems(stitches: pl.DataFrame) -> pl.DataFrame:
    """The only system of the sends that are listed of a delivery, and not drawn."""
    return (
        stitches.filter(pl.col("confidence") < DRAWN)
        .group_by("delivery")
        .agg(pl.col("producer_system").unique().alias("systems"))
        .filter(pl.col("systems").list.len() == 1)
        .select("delivery", candidate_system=pl.col("systems").list.first())
    )


def _fit_in_trace(stitches: pl.DataFrame) -> pl.Series:
    """Deliveries that sends of their trace fit."""
    return stitches.filter(pl.col("rule") == "same-trace")["delivery"].unique()


def _taken_system(ends: Ends, sends: pl.Series) -> pl.Series:
    """System of the message that each of these spans is work on."""
    tops = pl.DataFrame({"top": ends.frame["top"][sends]})
    asked = ends.frame.flag(tops["top"])[ends.deliveries["top"]]
    taken = ends.deliveries.filter(asked).unique("top", keep="first", maintain_order=True)
    told = tops.join(taken.select("top", "system"), on="top", how="left", maintain_order="left")
    return told["system"].alias("producer_takes")
