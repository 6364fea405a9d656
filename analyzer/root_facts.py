"""What is told of an orphan root: everything on its own spans and on its stitched producer
that verdicts compare. What stands beside it is told by analyzer.surroundings.
"""

import numpy as np
import polars as pl

from analyzer.dropped_fields import read_dropped
from analyzer.ends import Ends
from analyzer.frame import IDENTITY
from analyzer.missing_facts import tell_missing
from analyzer.received_attributes import count_received
from analyzer.repeats import find_repeats
from analyzer.root_evidence import tell_evidence
from analyzer.rules import DRAWN, best_drawn
from analyzer.tables import Tables
from analyzer.trace_states import has_epoch_form
from storage.cheap_rows import at, where, with_series

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
_NULL = r'"[a-z_]+":null,'
_OF_PRODUCER = [
    "rule",
    *("producer_trace_hi", "producer_trace_lo", "producer_span_id"),
    *("producer_service_name", "producer_span_name", "producer_system", "producer_destination"),
]
_OF_STITCH = ["delivery", "send", "unit", "confidence", *_OF_PRODUCER]
_NOT_CONNECTED = pl.DataFrame(
    schema={
        "row": pl.UInt32,
        "producer_connected_elsewhere": pl.Boolean,
        "producer_connected_here": pl.Boolean,
    }
)
_NO_CANDIDATES = pl.DataFrame(schema={"row": pl.UInt32, "candidate_system": pl.String})
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
    row, stitched = found["row"], found["stitched"]
    stitches = where(connections[_OF_STITCH], connections["relation"] == "stitch")
    fitting = frame.flag(stitches["delivery"].filter(stitches["rule"] == "same-trace"))
    deliveries = (
        found.hstack(told)
        .hstack(frame.look_up(_stitched(tables, ends, stitches), stitched))
        .hstack(frame.look_up(_candidate_systems(stitches), row))
        .hstack([fitting[stitched].alias("fits_in_trace")])
        .hstack(frame.look_up(tell_missing(ends, row), row))
        .hstack(frame.look_up(count_received(tables, frame), row))
    )
    if (deliveries["part"] == "maybe").any():
        deliveries = deliveries.filter((pl.col("part") != "maybe") | pl.col("rule").is_not_null())
    rows = _one_of_each(deliveries)
    repeats = find_repeats(tables, ends, rows["top"])
    repeated = pl.DataFrame([repeats["top"].alias("row"), repeats["repeats"]])
    rows = rows.hstack(frame.look_up(repeated, rows["top"])).hstack(
        [frame.flag(repeats["top"])[rows["top"]].alias("names_work")]
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
        pl.col("producer_connected_elsewhere").fill_null(value=False),
        has_id=pl.col("message_id").is_not_null() | pl.col("kafka_offset").is_not_null(),
        names_event=pl.any_horizontal(
            pl.col("event_id", "event_source", "event_detail_type").is_not_null()
        ),
        is_send=pl.col("part") == "send",
        lost=pl.lit(value=False),
        epoch_trace=has_epoch_form("trace_hi"),
        producer_in_trace=(
            pl.col("producer_trace_hi").eq(pl.col("trace_hi"))
            & pl.col("producer_trace_lo").eq(pl.col("trace_lo"))
        ).fill_null(pl.col("fits_in_trace")),
        function=pl.col("function").is_not_null(),
        gap=pl.col("start") - pl.col("producer_end"),
    )
    rows = rows.with_columns(seen=tell_evidence())
    return with_series(rows, _write_facts(rows), row=rows["top"])


def _write_facts(rows: pl.DataFrame) -> pl.Series:
    """`facts` as text, without those that are null."""
    told = {n: type_ for n, type_ in FACTS.items() if rows[n].null_count() < rows.height}
    if not told:
        return pl.Series("facts", [], pl.String)
    facts = pl.struct(pl.col(name).cast(type_) for name, type_ in told.items())
    text = facts.struct.json_encode().str.replace_all(_NULL, "")
    return rows[list(told)].select(facts=text).to_series()


def _one_of_each(deliveries: pl.DataFrame) -> pl.DataFrame:
    """One root can stand for several deliveries: the first one speaks for it, and work below one
    is work below all."""
    tops = deliveries["top"].to_numpy()
    if (tops[1:] > tops[:-1]).all():  # each stands for one, and in order
        return deliveries
    keys = (deliveries[name].to_numpy() for name in ("row", "delivery_start", "top"))
    order = np.lexsort(tuple(keys))
    _, firsts = np.unique(tops[order], return_index=True)
    busy = np.logical_or.reduceat(deliveries["has_children"].to_numpy()[order], firsts)
    return with_series(at(deliveries, order[firsts]), pl.Series("has_children", busy, pl.Boolean))


def _stitched(tables: Tables, ends: Ends, stitches: pl.DataFrame) -> pl.DataFrame:
    """The drawn producer of each delivery (`row`), and which consumers got its context."""
    frame = ends.frame
    drawn = best_drawn(stitches)
    told = frame.tell(
        drawn["send"],
        producer_scope_name="scope_name",
        producer_sdk_language="sdk_language",
        producer_end="end",
    )
    said = read_dropped(tables, ends)
    dropped = pl.DataFrame(
        [said["unit"].alias("row"), said["contextless"].alias("producer_dropped")]
    )
    return pl.DataFrame(
        [
            drawn["delivery"].alias("row"),
            *(drawn[name] for name in _OF_PRODUCER),
            drawn["producer_service_name"].alias("own_producer_service_name"),
            *told,
            *frame.look_up(dropped, drawn["unit"]),
            _taken_system(ends, drawn["send"]),
            *frame.look_up(_connected(ends, drawn), drawn["delivery"]),
        ]
    )


def _connected(ends: Ends, stitches: pl.DataFrame) -> pl.DataFrame:
    """Of stitched deliveries (`row`) whether the same consumer got the producer's context with
    another delivery, and whether another one did: a service, group and destination, as far as
    told. Nothing of those whose producer's context nobody got."""

    def consumer(rows: pl.Series) -> pl.DataFrame:
        return ends.frame.tell(rows, "service", "consumer_group", "destination")

    units = ends.producers(ends.stated["send"])
    told = ends.frame.flag(stitches["unit"])[units]
    if not told.any():
        return _NOT_CONNECTED
    got = consumer(ends.stated["delivery"].filter(told)).hstack([units.filter(told)])
    both = (
        pl.DataFrame([stitches["delivery"].alias("row"), stitches["unit"]])
        .hstack(consumer(stitches["delivery"]))
        .join(got, on="unit", suffix="_far")
    )
    same = (
        pl.col("service").eq(pl.col("service_far"))
        & pl.col("consumer_group").eq_missing(pl.col("consumer_group_far"))
        & pl.col("destination").eq(pl.col("destination_far")).fill_null(value=True)
    )
    return both.group_by("row").agg(
        (~same).any().alias("producer_connected_elsewhere"),
        same.any().alias("producer_connected_here"),
    )


def _candidate_systems(stitches: pl.DataFrame) -> pl.DataFrame:
    """(row, candidate_system): the only system of the sends that are listed of a delivery, and
    not drawn."""
    doubtful = stitches["confidence"] < DRAWN
    if not doubtful.any():
        return _NO_CANDIDATES
    return (
        stitches.filter(doubtful)
        .group_by(row="delivery")
        .agg(pl.col("producer_system").unique().alias("systems"))
        .filter(pl.col("systems").list.len() == 1)
        .select("row", candidate_system=pl.col("systems").list.first())
    )


def _taken_system(ends: Ends, sends: pl.Series) -> pl.Series:
    """System of the message that each of these spans is work on."""
    tops = ends.frame["top"][sends]
    deliveries = ends.deliveries[["top", "system"]]
    asked = ends.frame.flag(tops)[deliveries["top"]]
    taken = where(deliveries, asked)
    if not taken.is_empty():
        taken = taken.unique("top", keep="first", maintain_order=True)
    told = pl.DataFrame([taken["top"].alias("row"), taken["system"].alias("producer_takes")])
    return ends.frame.look_up(told, tops)["producer_takes"]
