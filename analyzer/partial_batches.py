"""Messages that a batch's links leave out: some of a batch brought a context, others did not.

A batch span links to the messages that brought a context. What its zero-id links, links to
absent spans and events name, and the business ids below it that no linked producer carries,
belong to the others. OpenTelemetry API specification, "Link": one without a valid context is
kept for its attributes.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.ids import IDS, OTHER_KEYS, read_part_ids
from analyzer.tables import Tables

_NO_IDS = pl.DataFrame(schema=IDS)


def may_leave_over(tables: Tables, ends: Ends, stated: pl.DataFrame) -> pl.Series:
    """Rows of deliveries with links whose local tree carries more values of a key than
    they have links: only there can values be left over."""
    frame = ends.frame
    links = stated.filter(pl.col("relation") == "link")["delivery"]
    batches = frame.flag(frame["top"][links])
    carried = frame.rows.select("top", "correlation_id").filter(batches[frame["top"]]).drop_nulls()
    sets = tables.correlation.filter(~pl.col("key").is_in(OTHER_KEYS))
    twice = sets.filter(sets.select("correlation_id", "key").is_duplicated())["correlation_id"]
    one_of_each = pl.Series([None], dtype=pl.UInt64).new_from_index(0, frame.rows.height)
    one_of_each.scatter(carried["top"], carried["correlation_id"])
    mixed = frame.flag(
        carried["top"].filter(one_of_each[carried["top"]] != carried["correlation_id"])
    )
    if not mixed.any() and twice.is_empty():
        return links.clear()
    several = carried.filter(
        mixed[carried["top"]] | pl.col("correlation_id").is_in(twice.unique().implode())
    ).unique()
    if several.is_empty():
        return links.clear()
    most = (
        several.join(sets, on="correlation_id")
        .group_by("top", "key")
        .agg(pl.col("value").n_unique())
        .group_by("top")
        .agg(pl.col("value").max().alias("values"))
    )
    counts = links.value_counts(name="links")
    tops = counts.select(frame["top"][counts["delivery"]].alias("top"))
    told = counts.hstack(tops).join(most, on="top")
    return told.filter(pl.col("values") > pl.col("links"))["delivery"]


def left_over_keys(
    ends: Ends, stated: pl.DataFrame, send_keys: pl.DataFrame, keys: pl.DataFrame
) -> pl.DataFrame:
    """Correlation ids (row, key, value, near) of messages that a batch's links leave out.

    A batch span links to the messages that brought a context. Where more ids stand below
    it than it has links, no link was dropped by the SDK's limit, and every linked producer
    carries one of the ids, the ids that remain belong to the messages without context.
    """
    links = stated.filter(pl.col("relation") == "link").select(row="delivery", send="send")
    if links.is_empty():
        return keys.clear()
    whole = ends.frame.rows.select("row", "dropped_links_count").filter(
        pl.col("dropped_links_count") == 0
    )
    linked = links.select("row", ends.producers(links["send"]))
    covered = linked.join(send_keys.rename({"row": "unit"}), on="unit").select(
        "row", "key", "value", "unit"
    )
    if covered.is_empty():
        return keys.clear()
    counts = linked.group_by("row").agg(pl.col("unit").n_unique().alias("links"))
    below = keys.join(counts, on="row").join(whole, on="row")
    matched = (
        below.join(covered, on=["row", "key", "value"])
        .group_by("row", "key")
        .agg(pl.col("unit").n_unique().alias("matched"))
    )
    return (
        below.with_columns(pl.col("value").n_unique().over("row", "key").alias("values"))
        .join(matched, on=["row", "key"])
        .filter((pl.col("matched") == pl.col("links")) & (pl.col("values") > pl.col("links")))
        .join(covered, on=["row", "key", "value"], how="anti")
        .select(keys.columns)
    )


def left_over_ids(tables: Tables, ends: Ends, stated: pl.DataFrame) -> pl.DataFrame:
    """Ids (row, message_id, …) of messages that deliveries with a context name and that
    brought none there: on links without a stored target, and on events where these name more
    messages than there are contexts."""
    frame = ends.frame
    known = ends.continued
    mine = ends.links.filter(known[ends.links["row"]])
    if not mine["target"].null_count() and tables.parts.is_empty():
        return _NO_IDS  # all is well, as it mostly is
    rows = stated["delivery"].unique()
    events = tables.parts.filter(pl.col("part") == "event")["span_id"].unique()
    told = events.implode()
    silent = events.is_empty() or not frame["span_id"][rows].is_in(told).any()
    if not mine["target"].null_count() and silent:
        return _NO_IDS
    parts = read_part_ids(tables, ends).filter(pl.lit(known).gather(pl.col("row")))
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
