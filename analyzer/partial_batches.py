"""Messages that a batch's links leave out: some of a batch brought a context, others did not.

A batch span links to the messages that brought a context. What its zero-id links, links to
absent spans and events name, and the business ids below it that no linked producer carries,
belong to the others. OpenTelemetry API specification, "Link": one without a valid context is
kept for its attributes.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.ids import NO_IDS, MessageIds, names_work
from analyzer.tables import Tables
from storage.cheap_rows import is_among, where, with_series


def may_leave_over(tables: Tables, ends: Ends, stated: pl.DataFrame) -> pl.Series:
    """Rows of deliveries with links whose local tree carries more values of a key than
    they have links: only there can values be left over."""
    frame = ends.frame
    links = stated["delivery"].filter(stated["relation"] == "link")
    tops, sets = frame["top"], frame["correlation_id"]
    carrying = frame.flag(tops[links])[tops]
    if sets.null_count():
        carrying &= sets.is_not_null()
    tops, sets = tops.filter(carrying), sets.filter(carrying)
    one_of_each = pl.Series([None], dtype=pl.UInt64).new_from_index(0, frame.rows.height)
    one_of_each.scatter(tops, sets)
    several = frame.flag(tops.filter(one_of_each[tops] != sets))[tops]
    work = where(tables.correlation, names_work(tables.correlation["key"]))
    if work["correlation_id"].n_unique() < work.height:
        twice = work.select("correlation_id", "key").is_duplicated()
        several |= is_among(sets, work["correlation_id"].filter(twice))
    if not several.any():
        return links.clear()
    most = (
        pl.DataFrame({"top": tops, "correlation_id": sets})
        .filter(several)
        .unique()
        .join(work, on="correlation_id")
        .group_by("top", "key")
        .agg(pl.col("value").n_unique())
        .group_by("top")
        .agg(pl.col("value").max().alias("values"))
    )
    counts = links.value_counts(name="links")
    told = with_series(counts, top=frame["top"][counts["delivery"]]).join(most, on="top")
    return told.filter(pl.col("values") > pl.col("links"))["delivery"]


def left_over_keys(
    ends: Ends, stated: pl.DataFrame, send_keys: pl.DataFrame, keys: pl.DataFrame
) -> pl.DataFrame:
    """Correlation ids (row, key, value, near) of messages that a batch's links leave out.

    A batch span links to the messages that brought a context. Where more ids stand below
    it than it has links, no link was dropped by the SDK's limit, and every linked producer
    carries one of the ids, the ids that remain belong to the messages without context.
    """
    frame = ends.frame
    links = where(stated[["delivery", "send"]], stated["relation"] == "link")
    named = is_among(keys["row"], links["delivery"])
    if not named.any():
        return keys.clear()
    below = where(keys, named)
    below = where(below, frame["dropped_links_count"][below["row"]] == 0)
    linked = pl.DataFrame([links["delivery"].alias("row"), ends.producers(links["send"])])
    linked = where(linked, is_among(linked["row"], below["row"]))
    covered = linked.join(send_keys[["row", "key", "value"]].rename({"row": "unit"}), on="unit")
    if covered.is_empty():
        return keys.clear()
    counts = linked.group_by("row").agg(pl.col("unit").n_unique().alias("links"))
    matched = (
        below.join(covered, on=["row", "key", "value"])
        .group_by("row", "key")
        .agg(pl.col("unit").n_unique().alias("matched"))
    )
    return (
        below.with_columns(pl.col("value").n_unique().over("row", "key").alias("values"))
        .join(counts, on="row")
        .join(matched, on=["row", "key"])
        .filter((pl.col("matched") == pl.col("links")) & (pl.col("values") > pl.col("links")))
        .join(covered, on=["row", "key", "value"], how="anti")
        .select(keys.columns)
    )


def left_over_ids(
    tables: Tables, ends: Ends, stated: pl.DataFrame, told: MessageIds
) -> pl.DataFrame:
    """Ids (row, message_id, …) of messages that deliveries with a context name and that
    brought none there: on links without a stored target, and on events where these name more
    messages than there are contexts."""
    frame = ends.frame
    known = ends.continued
    if tables.parts.is_empty():
        return NO_IDS  # as it mostly is
    mine = where(ends.links, known[ends.links["row"]])
    if not mine["target"].null_count():
        events = tables.parts.filter(pl.col("part") == "event")["span_id"]
        if not is_among(frame["span_id"][stated["delivery"]], events).any():
            return NO_IDS
    parts = where(told.of_parts, known[told.of_parts["row"]])
    parents = stated.filter(pl.col("relation") == "parent").select(row="delivery")
    contexts = pl.concat([mine.filter(~pl.col("empty")).select("row"), parents])
    whole = pl.lit(frame["dropped_links_count"]).gather(pl.col("row")) == 0
    by_link = parts.filter(pl.col("part") == "link").drop("part")
    by_event = (
        parts.filter(pl.col("part") == "event")
        .drop("part")
        .unique()
        .join(contexts.group_by("row").agg(contexts=pl.len()), on="row")
        .filter((pl.len().over("row") > pl.col("contexts")) & whole)
    )
    return pl.concat([by_link, by_event.drop("contexts")])


def drop_connected(ends: Ends, stated: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """`found` (delivery, send, …) without sends that the delivery is connected to already, be
    it by another span of theirs, and without those of its own trace."""
    frame = ends.frame
    pairs = stated.select("delivery", "send").hstack(
        frame.tell(stated["send"], "role", far_trace="trace")
    )
    sent = (pl.col("role") == "send").fill_null(value=False)
    connected = pairs.with_columns(ends.producers(pairs["send"])).filter(sent)
    # a message can carry the context of any span above the one that sends it
    around = pairs.filter(~sent).select("delivery", "far_trace")
    traces = frame.tell(found["send"], far_trace="trace").with_columns(
        frame.tell(found["delivery"], "trace")
    )
    return (
        found.hstack(traces)
        .with_columns(ends.producers(found["send"]))
        .filter(pl.col("trace") != pl.col("far_trace"))
        .join(connected, on=["delivery", "unit"], how="anti")
        .join(around, on=["delivery", "far_trace"], how="anti")
        .select(found.columns)
    )
