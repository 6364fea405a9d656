"""Which send each delivery continues, and how we know: the ladder of evidence.

Stated by the spans first; then unique ids; then correlation ids over what is left.
"""

from functools import partial

import polars as pl

from analyzer.contradictions import demote, find_contradictions, notes_of
from analyzer.correlation_ids import of_work, read_correlation
from analyzer.different_messages import drop_different_messages
from analyzer.doubles import leave_out_doubles
from analyzer.ends import Ends
from analyzer.hot_keys import Hot, leave_out_hot_values, leave_out_ids
from analyzer.ids import MessageIds
from analyzer.partial_batches import (
    drop_connected,
    left_over_ids,
    left_over_keys,
    may_leave_over,
)
from analyzer.rules import DRAWN, EVIDENCE, NOTHING
from analyzer.rules.conversation_id import match_conversation_ids
from analyzer.rules.correlation_id import match_correlation_ids
from analyzer.rules.kafka_offset import match_kafka_offsets
from analyzer.rules.message_id import match_message_ids, match_short_ids
from analyzer.rules.record_key import match_record_keys
from analyzer.rules.same_trace import match_same_trace
from analyzer.rules.sequence_number import match_sequence_numbers
from analyzer.rules.workflow_id import match_workflow_ids
from analyzer.tables import Tables
from storage.cheap_rows import pair, stack, where, with_series

_HANDOVERS = pl.Schema(
    {
        "delivery": pl.UInt32,
        "send": pl.UInt32,
        "relation": pl.String,
        "rule": pl.String,
        "confidence": pl.Float64,
        "evidence": pl.String,
    }
)
_NO_HANDOVERS = pl.DataFrame(schema=_HANDOVERS)
_MOST = 0.99  # several rules that agree never say more than that


def stitch(tables: Tables, ends: Ends, hot: Hot = frozenset()) -> pl.DataFrame:
    """Hand-overs (delivery, send, relation, rule, confidence, evidence, notes), one a pair."""
    tables = leave_out_hot_values(tables, hot)
    stated = _stated(ends)
    silent = ~ends.continued[ends.deliveries["row"]]
    open_ = where(ends.deliveries, silent)
    batches = ends.frame.flag(may_leave_over(tables, ends, stated))
    asked = where(ends.deliveries, silent | batches[ends.deliveries["row"]])
    ids = MessageIds(tables, ends, asked)
    told = _find_exact(tables, ends, open_, stated, ids, hot)
    torn = find_contradictions(ends, told)
    exact = _combine(demote(told, torn))
    left_over = _find_left_over(tables, ends, stated, ids, hot)
    drawn = exact["confidence"] >= DRAWN
    known, weak = stack([stated, left_over, where(exact, drawn)]), where(exact, ~drawn)
    rest = where(open_, ~ends.frame.flag(known["delivery"])[open_["row"]])
    asked = where(asked, (batches | ends.frame.flag(rest["row"]))[asked["row"]])
    by_key = _find_by_keys(tables, ends, stated, left_over, known, rest, weak, asked)
    by_key = drop_different_messages(ends, by_key, ids)
    if not by_key.is_empty():
        told_again = by_key.filter(pl.col("rule") == "message-id").select("delivery", "send")
        weak = weak.join(told_again, on=["delivery", "send"], how="anti")
    left = _combine(stack([by_key, weak[list(EVIDENCE)]]))
    found = leave_out_doubles(ends, stack([known, left]))
    return with_series(found, notes=notes_of(found["delivery"], torn))


def _find_by_keys(
    tables: Tables,
    ends: Ends,
    stated: pl.DataFrame,
    left_over: pl.DataFrame,
    known: pl.DataFrame,
    rest: pl.DataFrame,
    weak: pl.DataFrame,
    asked: pl.DataFrame,
) -> pl.DataFrame:
    """What correlation ids say of the deliveries that are left (`rest`), and of the messages
    that batches leave over; and what short ids (`weak`) say where they name one pair. `asked`
    are the deliveries of both."""
    if asked.is_empty():  # all is well, as it mostly is
        return NOTHING
    stated = pl.concat([stated, left_over.with_columns(relation=pl.lit("link"))])
    send_keys, keys = read_correlation(tables, ends, asked)
    if weak.is_empty() and (send_keys.is_empty() or keys.is_empty()):
        return NOTHING
    send_work, work = of_work(send_keys), of_work(keys)
    left_over = left_over_keys(ends, stated, send_work, work)
    rest = pl.concat([rest, ends.deliveries.join(left_over.select("row").unique(), on="row")])
    keys = pl.concat([keys.join(stated.select(row="delivery"), on="row", how="anti"), left_over])
    named_too = send_keys.join(keys, on=["key", "value"], how="semi")["row"]
    explained = _explained(ends, known, pl.concat([named_too, weak["send"]]))
    # the parent of a Lambda root that does not say what invoked it is X-Ray's, no producer's
    functions = where(ends.deliveries, ends.deliveries["part"] == "maybe")
    missing = where(ends.missing, ~ends.frame.flag(functions["row"])[ends.missing["row"]])
    found = match_correlation_ids(ends.sends, rest, send_work, of_work(keys), explained, missing)
    found = _within_reach(ends, found)
    rest, explained = _after(ends, found, rest, explained)
    talks = match_conversation_ids(ends.sends, rest, send_keys, keys, explained, ends.missing)
    found = pl.concat([found, _within_reach(ends, talks)])
    rest, explained = _after(ends, talks, rest, explained)
    # a record that names its producer, which is not stored, is another's
    nameless = where(rest, ~ends.frame.flag(ends.missing["row"])[rest["row"]])
    records = match_record_keys(ends.sends, nameless, send_keys, keys, explained)
    rest, explained = _after(ends, records, rest, explained)
    flows = match_workflow_ids(ends.sends, rest, send_keys, keys, explained, ends.missing)
    rest, explained = _after(ends, flows, rest, explained)
    named = weak.filter(pl.col("rule") == "message-id").select(list(EVIDENCE))
    named = named.join(rest.select(delivery="row"), on="delivery", how="semi")
    short = match_short_ids(named, ends.sends, rest, send_keys, keys, explained)
    return pl.concat([found, records, _within_reach(ends, flows), short])


def _after(
    ends: Ends, found: pl.DataFrame, rest: pl.DataFrame, explained: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a rule that found these hand-overs leaves unexplained, and what is explained."""
    drawn = where(found, found["confidence"] >= DRAWN)[["delivery", "send"]]
    if drawn.is_empty():
        return rest, explained
    rest = where(rest, ~ends.frame.flag(drawn["delivery"])[rest["row"]])
    return rest, pl.concat([explained, _explained(ends, drawn, drawn["send"])])


def _find_exact(
    tables: Tables,
    ends: Ends,
    open_: pl.DataFrame,
    stated: pl.DataFrame,
    ids: MessageIds,
    hot: Hot,
) -> pl.DataFrame:
    """What ids that name one message say of the deliveries that nothing states."""
    if open_.is_empty():
        return NOTHING
    named = _match_ids(ends, open_, ids.of_deliveries, ids, hot)
    if ends.missing.is_empty():
        return named
    traced = match_same_trace(
        ends.sends,
        open_,
        ends.missing,
        partial(_explained, ends, stated, ends.sends["row"]),
        ends.frame.rows,
        partial(_read_work, tables, ends),
    )
    known = named.filter(pl.col("confidence") >= DRAWN)
    doubtful = pl.col("confidence") < DRAWN
    beside = traced.filter(doubtful).join(known, on="delivery", how="anti")
    return pl.concat([named, traced.filter(~doubtful), beside])


def _match_ids(
    ends: Ends, deliveries: pl.DataFrame, named: pl.DataFrame, ids: MessageIds, hot: Hot
) -> pl.DataFrame:
    """EVIDENCE rows of the rules by ids that name one message: of what is `named` (IDS) by
    these deliveries, and of sends."""
    named = leave_out_ids(named, hot)
    if named.is_empty():
        return NOTHING
    sent = leave_out_ids(ids.of_sends_like(named), hot)
    rules = {
        match_kafka_offsets: ["kafka_offset"],
        match_message_ids: ["message_id", "event_id"],
        match_sequence_numbers: ["sequence_number"],
    }
    found = [
        match(ends.sends, deliveries, sent, named)
        for match, names in rules.items()
        if all(
            any(side[name].null_count() < side.height for name in names) for side in (sent, named)
        )
    ]
    return stack([NOTHING, *found])


def _find_left_over(
    tables: Tables, ends: Ends, stated: pl.DataFrame, ids: MessageIds, hot: Hot
) -> pl.DataFrame:
    """Hand-overs of the messages of a batch that brought no context, while others did."""
    named = left_over_ids(tables, ends, stated, ids)
    if named.is_empty():
        return _NO_HANDOVERS
    batches = where(ends.deliveries, ends.frame.flag(named["row"])[ends.deliveries["row"]])
    found = _match_ids(ends, batches, named, ids, hot)
    found = drop_connected(ends, stated, found.filter(pl.col("confidence") >= DRAWN))
    return _combine(found)


def _read_work(tables: Tables, ends: Ends, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The business ids of sends and of these deliveries (row), as of `read_correlation`."""
    asked = where(ends.deliveries, ends.frame.flag(rows["row"])[ends.deliveries["row"]])
    send_keys, keys = read_correlation(tables, ends, asked)
    return of_work(send_keys), of_work(keys)


def _within_reach(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    """Without pairs of a Lambda root that does not say what invoked it and a producer
    other than a bus or topic: a queue's or stream's events would say so."""
    silent = where(ends.deliveries, ends.deliveries["part"] == "maybe").select(delivery="row")
    if found.is_empty() or silent.is_empty():
        return found
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
    delivery, send, relation = ends.stated[["delivery", "send", "relation"]].get_columns()
    height = ends.stated.height
    return pl.DataFrame(
        [
            delivery.cast(pl.UInt32),
            send.cast(pl.UInt32),
            relation,
            relation.alias("rule"),
            pl.Series("confidence", [1.0]).new_from_index(0, height),
            pl.Series("evidence", [""]).new_from_index(0, height),
        ]
    )


def _combine(found: pl.DataFrame) -> pl.DataFrame:
    """One row a pair: the strongest rule names it, agreement raises the confidence
    (independent errors: 1 − ∏(1 − c))."""
    if found.is_empty():
        return _NO_HANDOVERS
    pairs = pair(found["delivery"], found["send"])
    if pairs.n_unique() == found.height:  # as it mostly is
        stitched = pl.Series(["stitch"]).new_from_index(0, found.height)
        return with_series(found, relation=stitched)[list(_HANDOVERS)].sort("delivery", "send")
    doubt = (1 - pl.col("confidence")).product()
    return (
        found.unique()
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


def _explained(ends: Ends, known: pl.DataFrame, sends: pl.Series) -> pl.DataFrame:
    """(send, service, consumer_group, destination): of these sends those that a consumer
    already has one delivery of, and where."""
    consumers = ends.deliveries[["row", "service", "consumer_group", "destination"]]
    producers = ends.producers(known["send"])
    asked = ends.frame.flag(sends)[producers]
    handed = pl.DataFrame([known["delivery"].alias("row"), producers.alias("send")])
    told = where(handed, asked).join(consumers, on="row")
    return told[["send", *consumers.columns[1:]]].unique()
