"""Which send each delivery continues, and how we know: the ladder of evidence.

Stated by the spans first; then unique ids; then correlation ids over what is left.
"""

from collections.abc import Callable
from functools import cache, partial

import polars as pl

from analyzer.contradictions import demote, find_contradictions, note_of
from analyzer.different_messages import drop_different_messages
from analyzer.doubles import leave_out_doubles
from analyzer.ends import Ends
from analyzer.frame import read_table
from analyzer.hot_keys import Hot, leave_out_hot_values, leave_out_ids
from analyzer.ids import OTHER_KEYS, read_correlation, read_ids
from analyzer.rules import DRAWN, EVIDENCE
from analyzer.rules.conversation_id import match_conversation_ids
from analyzer.rules.correlation_id import match_correlation_ids
from analyzer.rules.kafka_offset import match_kafka_offsets
from analyzer.rules.message_id import match_message_ids
from analyzer.rules.record_key import match_record_keys
from analyzer.rules.same_trace import match_same_trace
from analyzer.rules.sequence_number import match_sequence_numbers
from analyzer.rules.workflow_id import match_workflow_ids
from storage.schema import SpanBatch

_MOST = 0.99  # several rules that agree never say more than that


def stitch(batch: SpanBatch, ends: Ends, hot: Hot = frozenset()) -> pl.DataFrame:
    """Hand-overs (delivery, send, relation, rule, confidence, evidence, notes), one a pair."""
    batch = leave_out_hot_values(batch, hot)
    stated = _stated(ends)
    open_ = ends.deliveries.join(stated.select(row="delivery"), on="row", how="anti")
    ids = cache(partial(read_ids, batch, ends))  # read once, and only where it is asked for
    told = _find_exact(batch, ends, open_, stated, ids, hot)
    torn = find_contradictions(ends.units, told)
    exact = _combine([demote(told, torn)])
    known = pl.concat([stated, exact.filter(pl.col("confidence") >= DRAWN)])
    rest = open_.join(known.select(row="delivery"), on="row", how="anti")
    by_key = _find_by_keys(batch, ends, stated, known, rest)
    if not by_key.is_empty():
        by_key = drop_different_messages(ends, by_key, *ids())
    weak = exact.filter(pl.col("confidence") < DRAWN)
    left = _combine([by_key, weak.select(list(EVIDENCE))])
    found = leave_out_doubles(ends, pl.concat([known, left]))
    return found.with_columns(notes=note_of(torn))


def _find_by_keys(
    batch: SpanBatch, ends: Ends, stated: pl.DataFrame, known: pl.DataFrame, rest: pl.DataFrame
) -> pl.DataFrame:
    """What correlation ids say of the deliveries that are left, and of the messages that
    batches leave over."""
    batches = _may_leave_over(batch, ends, stated)
    asked = ends.deliveries.filter(
        ends.frame.flag(pl.concat([rest["row"], batches])).gather(ends.deliveries["row"])
    )
    if asked.is_empty():  # all is well, as it mostly is
        return pl.DataFrame(schema=EVIDENCE)
    send_keys, keys = read_correlation(batch, ends, asked)
    work = ~pl.col("key").is_in(OTHER_KEYS)
    left_over = _left_over(ends, stated, send_keys.filter(work), keys.filter(work))
    rest = pl.concat([rest, ends.deliveries.join(left_over.select("row").unique(), on="row")])
    keys = pl.concat([keys.join(stated.select(row="delivery"), on="row", how="anti"), left_over])
    explained = _explained(ends, known)
    # the parent of a Lambda root that does not say what invoked it is X-Ray's, no producer's
    functions = ends.deliveries.filter(pl.col("part") == "maybe")
    missing = ends.missing.join(functions, on="row", how="anti")
    found = match_correlation_ids(
        ends.sends, rest, send_keys.filter(work), keys.filter(work), explained, missing
    )
    found = _within_reach(ends, found)
    rest, explained = _after(ends, found, rest, explained)
    talks = match_conversation_ids(ends.sends, rest, send_keys, keys, explained, ends.missing)
    found = pl.concat([found, _within_reach(ends, talks)])
    rest, explained = _after(ends, talks, rest, explained)
    # a record that names its producer, which is not stored, is another's
    nameless = rest.join(ends.missing, on="row", how="anti")
    records = match_record_keys(ends.sends, nameless, send_keys, keys, explained)
    rest, explained = _after(ends, records, rest, explained)
    flows = match_workflow_ids(ends.sends, rest, send_keys, keys, explained, ends.missing)
    return pl.concat([found, records, _within_reach(ends, flows)])


def _after(
    ends: Ends, found: pl.DataFrame, rest: pl.DataFrame, explained: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a rule that found these hand-overs leaves unexplained, and what is explained."""
    drawn = found.filter(pl.col("confidence") >= DRAWN).select("delivery", "send")
    rest = rest.join(drawn.select(row="delivery"), on="row", how="anti")
    return rest, pl.concat([explained, _explained(ends, drawn)])


def _may_leave_over(batch: SpanBatch, ends: Ends, stated: pl.DataFrame) -> pl.Series:
    """Rows of deliveries with links whose local tree carries more values of a key than
    they have links: only there can values be left over."""
    frame = ends.frame
    links = stated.filter(pl.col("relation") == "link")["delivery"]
    batches = frame.flag(frame["top"].gather(links))
    carried = (
        frame.rows.select("top", "correlation_id")
        .filter(pl.col("correlation_id").is_not_null() & batches.gather(frame["top"]))
        .unique()
    )
    sets = read_table(batch, "correlation").unique().filter(~pl.col("key").is_in(OTHER_KEYS))
    twice = sets.filter(sets.select("correlation_id", "key").is_duplicated())["correlation_id"]
    several = carried.filter(
        pl.col("top").is_duplicated() | pl.col("correlation_id").is_in(twice.unique().implode())
    )
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
    tops = counts.select(frame["top"].gather(counts["delivery"]).alias("top"))
    told = counts.hstack(tops).join(most, on="top")
    return told.filter(pl.col("values") > pl.col("links"))["delivery"]


def _find_exact(
    batch: SpanBatch,
    ends: Ends,
    open_: pl.DataFrame,
    stated: pl.DataFrame,
    read: Callable[[], tuple[pl.DataFrame, pl.DataFrame]],
    hot: Hot,
) -> pl.DataFrame:
    """What ids that name one message say of the deliveries that nothing states."""
    if open_.is_empty():
        return pl.DataFrame(schema=EVIDENCE)
    send_ids, ids = (leave_out_ids(found, hot) for found in read())
    named = pl.concat(
        [
            match_kafka_offsets(ends.sends, open_, send_ids, ids),
            match_message_ids(ends.sends, open_, send_ids, ids),
            match_sequence_numbers(ends.sends, open_, send_ids, ids),
        ]
    )
    traced = match_same_trace(
        ends.sends,
        open_,
        ends.missing,
        _explained(ends, stated),
        ends.frame.rows,
        partial(_read_work, batch, ends),
    )
    known = named.filter(pl.col("confidence") >= DRAWN)
    doubtful = pl.col("confidence") < DRAWN
    beside = traced.filter(doubtful).join(known, on="delivery", how="anti")
    return pl.concat([named, traced.filter(~doubtful), beside])


def _read_work(
    batch: SpanBatch, ends: Ends, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The business ids of sends and of these deliveries (row), as of `read_correlation`."""
    work = ~pl.col("key").is_in(OTHER_KEYS)
    asked = ends.deliveries.join(rows, on="row", how="semi")
    send_keys, keys = read_correlation(batch, ends, asked)
    return send_keys.filter(work), keys.filter(work)


def _within_reach(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    """Without pairs of a Lambda root that does not say what invoked it and a producer
    other than a bus or topic: a queue's or stream's events would say so."""
    silent = ends.deliveries.filter(pl.col("part") == "maybe").select(delivery="row")
    invoking = ends.sends.filter(pl.col("system").is_in(["aws_eventbridge", "aws_sns"]))
    return pl.concat(
        [
            found.join(silent, on="delivery", how="anti"),
            found.join(silent, on="delivery", how="semi").join(
                invoking.select(send="row"), on="send", how="semi"
            ),
        ]
    )


def _stated(ends: Ends) -> pl.DataFrame:
    """The hand-overs that parents and links state. The ids of the producer are the evidence
    and stand beside it."""
    return ends.stated.select(
        "delivery",
        "send",
        "relation",
        rule="relation",
        confidence=pl.lit(1.0),
        evidence=pl.lit(""),
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


def _left_over(
    ends: Ends, stated: pl.DataFrame, send_keys: pl.DataFrame, keys: pl.DataFrame
) -> pl.DataFrame:
    """Correlation ids (row, key, value, near) of messages that a batch's links leave out.

    A batch span links to the messages that brought a context. Where more ids stand below
    it than it has links, no link was dropped by the SDK's limit, and every linked producer
    carries one of the ids, the ids that remain belong to the messages without context.
    """
    links = stated.filter(pl.col("relation") == "link").select(row="delivery", send="send")
    whole = ends.frame.rows.select("row", "dropped_links_count").filter(
        pl.col("dropped_links_count") == 0
    )
    linked = links.join(ends.units.rename({"row": "send"}), on="send", how="left").select(
        "row", unit=pl.coalesce("unit", "send")
    )
    covered = linked.join(send_keys.rename({"row": "unit"}), on="unit").select(
        "row", "key", "value", "unit"
    )
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


def _explained(ends: Ends, known: pl.DataFrame) -> pl.DataFrame:
    """(send, service, consumer_group, destination): producers that a consumer already has
    one delivery of, and where."""
    return (
        known.join(ends.units, left_on="send", right_on="row", how="left")
        .join(
            ends.deliveries.select("row", "service", "consumer_group", "destination"),
            left_on="delivery",
            right_on="row",
        )
        .select(
            pl.coalesce("unit", "send").alias("send"), "service", "consumer_group", "destination"
        )
        .unique()
    )
