"""The contexts that spans state: remote parents and links, resolved or not.

OpenTelemetry messaging conventions, "Consumer spans": a link to the creation
context is the default, the creation context as parent the exception; link targets
may be any span.
"""

import polars as pl

from analyzer.frame import PART, SPAN, Frame
from analyzer.roles import CONSUMER, SERVER
from analyzer.span_ids import flag
from analyzer.tables import Tables
from storage.arrays import begin_runs, order_of_pairs
from storage.cheap_rows import at, is_given, stack, where, with_series

# trace.proto SpanFlags: is_remote is known, is_remote (of the parent or the link)
HAS_IS_REMOTE, IS_REMOTE, SAMPLED = 0x100, 0x200, 0x01

_DELIVERS = ["receive", "process"]
_LINKED = [f"linked_{name}" for name in SPAN]
_NO_MESSAGE = pl.Series("message_id", [None], pl.String)
_NO_RECEIVES = pl.DataFrame(schema={"row": pl.UInt32, "receive": pl.UInt32})
_NONE_MISSING = pl.DataFrame(
    schema={
        "row": pl.UInt32,
        "missing_hi": pl.UInt64,
        "missing_lo": pl.UInt64,
        "missing_span": pl.UInt64,
        "link_flags": pl.UInt32,
        "link_state": pl.String,
        "message_id": pl.String,
        "in_own_trace": pl.Boolean,
    }
)
_OF_MISSING = ["row", "trace_hi", "trace_lo", "parent_span_id", "flags", "kind"]
# What is compared of both ends of a context.
_COMPARED = ["role", "service", "trace"]


def read_links(tables: Tables, frame: Frame) -> pl.DataFrame:
    """Links with `row` of the linking span and `target` row (null when absent), `empty`
    for all-zero contexts (a message that arrived without any; api.md, "Link"), and the
    `message_id` that the link's own attributes name."""
    links = tables.links
    rows = frame.find(links[PART])
    linked = links[_LINKED]
    linked.columns = SPAN
    empty = (links["linked_trace_hi"] == 0) & (links["linked_trace_lo"] == 0)
    links = with_series(links, rows, target=frame.find(linked), empty=empty)
    if rows.null_count():
        links = where(links, is_given(rows))
    links = _in_order(links, "row", "position")
    if tables.parts.is_empty():
        return with_series(links, _NO_MESSAGE.new_from_index(0, links.height))
    named = tables.parts.filter(pl.col("part") == "link").drop_nulls("message_id")
    key = [*PART, "position"]
    named = named.select(*key, "message_id").unique(key)
    return links.join(named, on=key, how="left", maintain_order="left")


def _in_order(rows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """In the order of these two columns, both of 32 bits; of same ones the earlier first."""
    return at(rows, order_of_pairs(*(rows[name].to_numpy() for name in names)))


def missing_contexts(frame: Frame, links: pl.DataFrame, followed: pl.DataFrame) -> pl.DataFrame:
    """Contexts that came over the wire and point at spans the store does not hold:
    (row, missing_hi, missing_lo, missing_span, link_flags, link_state, message_id,
    in_own_trace).

    A missing parent counts when the flags say that it is remote; exporters too old
    for the flags are judged by kind. A missing local parent is a span that was not
    exported, not a broken hop (rule N8). What the receive span of a `process` span names
    counts for both.
    """
    if not (frame["parent_missing"].any() or links["target"].null_count()):
        return _NONE_MISSING
    flags = pl.col("flags")
    remote = (
        pl.when(flags & HAS_IS_REMOTE != 0)
        .then(flags & IS_REMOTE != 0)
        .otherwise(pl.col("kind").is_in([SERVER, CONSUMER]))
    )
    parents = (
        where(frame.rows[_OF_MISSING], frame["parent_missing"])
        .filter(remote)
        .select(
            "row",
            missing_hi="trace_hi",
            missing_lo="trace_lo",
            missing_span="parent_span_id",
            link_flags=pl.lit(None, pl.UInt32),
            link_state=pl.lit(None, pl.String),
            message_id=pl.lit(None, pl.String),
            in_own_trace=pl.lit(value=True),
        )
    )
    absent = links.filter(pl.col("target").is_null() & ~pl.col("empty")).select(
        "row",
        missing_hi="linked_trace_hi",
        missing_lo="linked_trace_lo",
        missing_span="linked_span_id",
        link_flags="flags",
        link_state="trace_state",
        message_id="message_id",
        in_own_trace=(pl.col("linked_trace_hi") == pl.col("trace_hi"))
        & (pl.col("linked_trace_lo") == pl.col("trace_lo")),
    )
    named = pl.concat([parents, absent])
    if followed.is_empty():
        return named
    told = followed.join(named, left_on="receive", right_on="row").select(named.columns)
    return pl.concat([named, told.with_columns(in_own_trace=False)])


def own_receives(frame: Frame, links: pl.DataFrame) -> pl.DataFrame:
    """(row, receive): `process` spans that link to the `receive` span of their service
    (franz-go), whose context is theirs: two links to follow to the producer."""
    process, receive = frame.is_role("process"), frame.is_role("receive")
    if not receive.any():
        return _NO_RECEIVES
    present = _present(links)[["row", "target"]]
    follows = where(present, process[present["row"]] & receive[present["target"]])
    if follows.is_empty():
        return _NO_RECEIVES
    return (
        _with_ends(frame, follows.unique(maintain_order=True))
        .filter(
            (pl.col("own_service") == pl.col("far_service"))
            & (pl.col("own_trace") != pl.col("far_trace"))
        )
        .select("row", receive="target")
    )


def resolved_contexts(frame: Frame, links: pl.DataFrame, followed: pl.DataFrame) -> pl.DataFrame:
    """Stated hand-overs: (row, target, relation, message_id), the target upstream of the
    row, `message_id` as the link names it or null.

    Links of sends (to `create` spans) and of settle calls are not deliveries; links
    between a service's own deliveries (aiokafka's batch wrapper) point at no producer;
    a `process` span's link to its `receive` span (franz-go) is followed one step.
    """
    send, settle = frame.is_role("send"), frame.is_role("settle")
    receives, takes = frame.is_role("receive") | frame.is_role("process"), ~(send | settle)
    crossing = ~frame.has_above & is_given(frame["parent"])
    rows, targets = frame["row"].filter(crossing), frame["parent"].filter(crossing).alias("target")
    stated = (receives[rows] | send[targets]) & takes[rows]
    rows, targets = rows.filter(stated), targets.filter(stated)
    no_ids = _NO_MESSAGE.new_from_index(0, len(rows))
    by_parent = _hand_overs("parent", rows, targets, no_ids)
    present = _present(links)[["row", "target", "message_id"]]
    rows, targets = present["row"], present["target"]
    stated = (
        takes[rows]
        & ~settle[targets]
        & (targets != rows)
        & (send[targets] | _are_upstream(frame, present, ~send[targets]))
    )
    upstream = _hand_overs("link", *where(present, stated))
    told = [by_parent, upstream]
    if not followed.is_empty():
        by_receive = followed.join(upstream, left_on="receive", right_on="row")
        told.append(by_receive.select(upstream.columns))
    # one entry for a pair; parent beats link
    contexts = stack(told)
    contexts = _in_order(contexts, "row", "target")
    once = begin_runs(contexts["row"].to_numpy(), contexts["target"].to_numpy())
    return contexts if once.all() else where(contexts, pl.Series(once))


def _present(links: pl.DataFrame) -> pl.DataFrame:
    """Those whose target is."""
    return where(links, is_given(links["target"])) if links["target"].null_count() else links


def _hand_overs(
    relation: str, rows: pl.Series, targets: pl.Series, message_ids: pl.Series
) -> pl.DataFrame:
    relations = pl.Series("relation", [relation]).new_from_index(0, len(rows))
    return pl.DataFrame([rows, targets, relations, message_ids])


def _are_upstream(frame: Frame, links: pl.DataFrame, asked: pl.Series) -> pl.Series:
    """Of links (row, target) to no sends, those that are `asked`, whether the target may be
    where the message came from."""
    if not asked.any():
        return asked
    linked = _with_ends(frame, links.filter(asked).select("row", "target"))
    delivers = pl.col("own_role").is_in(_DELIVERS).fill_null(value=False)
    same_service = pl.col("own_service") == pl.col("far_service")
    # What a context states stands whatever the clocks say; a target that is no send
    # must at least not lie in the future.
    earlier = pl.col("far_start") <= pl.col("own_work_end")
    far_delivers = pl.col("far_role").is_in(_DELIVERS).fill_null(value=False)
    far_trace = pl.col("own_trace") != pl.col("far_trace")
    may = delivers & earlier & (~same_service | (~far_delivers & far_trace))
    places = pl.int_range(links.height, dtype=pl.UInt32, eager=True).filter(asked)
    return flag(links.height, places.filter(linked.select(may).to_series()))


def _with_ends(frame: Frame, contexts: pl.DataFrame) -> pl.DataFrame:
    """Add what both ends of contexts (row, target) are, as `own_…` and `far_…`."""
    told = [
        frame.tell(contexts[column], **{f"{end}_{name}": name for name in (*_COMPARED, *also)})
        for column, end, also in (("row", "own", ["work_end"]), ("target", "far", ["start"]))
    ]
    return pl.concat([contexts, *told], how="horizontal")
