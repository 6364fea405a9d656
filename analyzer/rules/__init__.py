"""Evidence rules, strongest first.

Each rule is one function over frames: sends and deliveries in, evidence out
(`EVIDENCE`). Parent and link are stated by the spans themselves (analyzer/contexts.py);
the rules here find hand-overs whose context was lost. Confidences: docs/evidence.md.
"""

from collections.abc import Callable

import polars as pl

from storage.cheap_rows import places_among, where

EVIDENCE = pl.Schema(
    {
        "delivery": pl.UInt32,  # row
        "send": pl.UInt32,  # row
        "rule": pl.String,
        "confidence": pl.Float64,
        "evidence": pl.String,  # JSON objects {"field", "producer", "consumer"}, joined by commas
    }
)

NOTHING = pl.DataFrame(schema=EVIDENCE)
"""What a rule says where it has nothing to compare. It says so at once: each call of Polars
takes a tenth of a millisecond over no rows, too, and of those a pass over few spans is made."""

DRAWN = 0.8  # at and above it a stitch is an edge, below it a candidate

# How much earlier than it was sent a message may seem to be consumed: clock skew.
SKEW_NANO = 5_000_000_000


def best_drawn(found: pl.DataFrame) -> pl.DataFrame:
    """Of rows (delivery, send, confidence, …) those that are edges, the surest of each delivery."""
    drawn = where(found, found["confidence"] >= DRAWN)
    if drawn["delivery"].n_unique() == drawn.height:
        return drawn
    order = drawn.sort("delivery", "confidence", "send", descending=[False, True, False])
    return order.unique("delivery", keep="first", maintain_order=True)


def compared(field: str | pl.Expr, producer: pl.Expr, consumer: pl.Expr) -> pl.Expr:
    """One piece of evidence as a JSON object text."""
    name = pl.lit(field) if isinstance(field, str) else field
    return pl.struct(
        name.alias("field"),
        producer.cast(pl.String).alias("producer"),
        consumer.cast(pl.String).alias("consumer"),
    ).struct.json_encode()


_YES, _NO = pl.Series([True]), pl.Series([False])


def surely(compared: pl.Series) -> pl.Series:
    """A comparison, false where a side says nothing (null)."""
    return _YES.zip_with(compared, _NO)


def possibly(compared: pl.Series) -> pl.Series:
    """A comparison, true where a side says nothing (null)."""
    return ~surely(~compared)


def in_time(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs whose message was sent before the consumer's work ended.

    Not before it began: a polling `receive` span starts up to 20 s before the message
    exists, and many consumers start before the producer's span ends.
    """
    return where(pairs, pairs["send_start"] <= pairs["work_end"] + SKEW_NANO)


def of_ends(
    end: str, told: pl.DataFrame, ends: pl.DataFrame, *names: str, **renamed: str
) -> pl.DataFrame:
    """What is `told` (`row` and more) of these end points alone, with columns of theirs. `end`
    is the name of `row` then."""
    places = places_among(told["row"], ends["row"])
    if places.null_count():
        found = places.is_not_null()
        told, places = where(told, found), places.filter(found)
    wanted = {name: name for name in names} | renamed
    own = [ends[name][places].alias(alias) for alias, name in wanted.items()]
    row, *others = told.get_columns()
    return pl.DataFrame([row.alias(end), *others, *own])


def latest_earlier() -> list[str | pl.Expr]:
    """Sort order that puts first, of several producers of one id, the nearest one that
    started before the delivery did; ids are reused when a topic is made anew."""
    gap = pl.col("start").cast(pl.Int64) - pl.col("send_start").cast(pl.Int64)
    return [(gap < 0).alias("later"), gap.abs().alias("gap"), "send"]


# A value that this many pairs share says nothing about any of them, and comparing all of
# them would take memory without bound.
MOST_PAIRS = 100_000
# Pairs that are compared at once, of all values: about a kilobyte of memory each.
PAIRS_AT_ONCE = 250_000


def selective(
    sends: pl.DataFrame, deliveries: pl.DataFrame, on: list[str], most: int = MOST_PAIRS
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both sides without the values of `on` that would pair off more than `most` times."""
    if sends.height * deliveries.height <= most:
        return sends, deliveries
    return _without_heavy(sends, deliveries, on, _count_pairs(sends, deliveries, on), most)


def match_in_portions(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    on: list[str],
    match: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame],
) -> pl.DataFrame:
    """What `match` finds for the selective values of `on`, where it judges each delivery
    (column `delivery`) by its own pairs alone: so many deliveries at once that their pairs
    fit into memory."""
    if sends.height * deliveries.height <= min(MOST_PAIRS, PAIRS_AT_ONCE):
        return match(sends, deliveries)
    counts = _count_pairs(sends, deliveries, on)
    sends, deliveries = _without_heavy(sends, deliveries, on, counts, MOST_PAIRS)
    pairs = pl.col("sends") * pl.col("deliveries")
    if counts.select(pairs.filter(pairs <= MOST_PAIRS).sum()).item() <= PAIRS_AT_ONCE:
        return match(sends, deliveries)
    portion = (pl.col("sends").cum_sum() // PAIRS_AT_ONCE).first().over("delivery")
    told = deliveries.join(counts, on=on).sort("delivery").with_columns(portion.alias("portion"))
    told = told.drop("sends", "deliveries")
    parts = told.partition_by("portion", include_key=False, maintain_order=True)
    return pl.concat([match(sends, part) for part in parts])


def _count_pairs(sends: pl.DataFrame, deliveries: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Values of `on` that both sides have, and how often (`sends`, `deliveries`)."""
    return (
        sends.group_by(on)
        .agg(pl.len().cast(pl.Int64).alias("sends"))
        .join(deliveries.group_by(on).agg(pl.len().cast(pl.Int64).alias("deliveries")), on=on)
    )


def _without_heavy(
    sends: pl.DataFrame, deliveries: pl.DataFrame, on: list[str], counts: pl.DataFrame, most: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    heavy = counts.filter(pl.col("sends") * pl.col("deliveries") > most)
    if heavy.is_empty():
        return sends, deliveries
    return sends.join(heavy, on=on, how="anti"), deliveries.join(heavy, on=on, how="anti")


_PAIR = ["delivery", "send"]


def contradicted(found: pl.DataFrame, send_keys: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Pairs whose ends both carry a key and have no value of it in common."""
    return (
        found.select(_PAIR)
        .join(keys.select("key", "value", delivery="row"), on="delivery")
        .join(send_keys.select("key", send="row", send_value="value"), on=["send", "key"])
        .group_by(*_PAIR, "key")
        .agg((pl.col("value") == pl.col("send_value")).any().alias("agree"))
        .filter(~pl.col("agree"))
        .select(_PAIR)
        .unique()
    )
