"""The part of the facts about the whole store that verdicts read."""

import polars as pl

from analyzer.alternations import CONSUMER, MIXED, find_mixed
from analyzer.lost_sends import PLACE, RECURRING, find_recurring

PROPAGATED = ("parent", "link")
# Columns of the facts that verdicts read: those that name a group, ...
STABLE = [
    "environment",
    "service_namespace",
    "role",
    "system",
    "destination",
    "service_name",
    "span_name",
    "consumer_group",
    "scope_name",
    "has_children",
    "relation",
    "producer_service_name",
    "service_version",
    "scope_version",
    "sdk_language",
    "is_root",
    "epoch_trace",
    "sampling_threshold",
    "kafka_partition",
    "origin",
    "operation",
]
# ... what is smallest in it (start in ns, offset), and what is largest.
FIRSTS = ["first_start_unix_nano", "first_kafka_offset"]
LASTS = ["last_kafka_offset", "last_start_unix_nano"]
INTERLEAVED = "interleaved"
BUSY = "has_children"
_KIND = [name for name in STABLE if name != BUSY]
_CONSUMER = ["environment", "system", "destination", "service_name", "consumer_group"]
_LOG = ["environment", "system", "destination", "kafka_partition"]


def stable_facts(facts: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """The part of the facts (`SpanStore.endpoint_facts`) that verdicts read: they change only
    when this does. `spells` as `SpanStore.cut_spells` gives them.

    Which stitches were found says nothing of what surrounds a root, so that deliveries
    without a propagated context are told only where none with one is like them. Of times
    and offsets only that is kept which later spans rarely change: when somebody sent
    first, from which offset on contexts arrived, and whether a consumer has records without
    context behind such a place (`interleaved`). Beside which work roots are sent again and
    again (`recurring`) is told by how many there are and how far apart. Of those that are
    alike some have work below them (`has_children`) as soon as one has: it often comes later.
    """
    propagated = pl.col("relation").is_in(PROPAGATED).fill_null(value=False)
    arrived = propagated & (pl.col("role") == "process")
    told = (
        facts.join(_find_interleaved(facts, arrived), on=_CONSUMER, how="left", nulls_equal=True)
        .join(find_mixed(spells), on=CONSUMER, how="left", nulls_equal=True)
        .join(find_recurring(facts), on=[*PLACE, "operation"], how="left", nulls_equal=True)
        .with_columns(
            *(
                pl.when(propagated).then(name).alias(name)
                for name in ("relation", "producer_service_name")
            ),
            pl.when(pl.col("role") == "send").then(FIRSTS[0]).alias(FIRSTS[0]),
            pl.when(arrived).then(FIRSTS[1]).alias(FIRSTS[1]),
            pl.when(arrived).then("kafka_partition").alias("kafka_partition"),
            pl.col(INTERLEAVED, MIXED, RECURRING).fill_null(value=False),
        )
        .group_by(*_KIND, INTERLEAVED, MIXED, RECURRING)
        .agg(pl.col(BUSY).any(), pl.col(FIRSTS).min())
    )
    connected = pl.col("relation").is_not_null()
    alike = [
        name
        for name in _KIND
        if name not in ("relation", "producer_service_name", "kafka_partition")
    ]
    told = told.with_columns(pl.col(BUSY).any().over(alike))
    others = told.filter(~connected).join(
        told.filter(connected), on=alike, how="anti", nulls_equal=True
    )
    return (
        pl.concat([told.filter(connected), others])
        .select(*STABLE, INTERLEAVED, MIXED, RECURRING, *FIRSTS)
        .sort(STABLE)
    )


def _find_interleaved(facts: pl.DataFrame, arrived: pl.Expr) -> pl.DataFrame:
    """_CONSUMER and `interleaved`, of those with a record without context that is younger
    than one of its partition whose context arrived."""
    records = facts.filter(pl.col("kafka_partition").is_not_null() & (pl.col("role") == "process"))
    if records.is_empty():
        return records.select(*_CONSUMER, pl.lit(value=True).alias(INTERLEAVED))
    first = records.filter(arrived).group_by(_LOG).agg(first=pl.col(FIRSTS[1]).min())
    return (
        records.filter(~arrived)
        .join(first, on=_LOG, nulls_equal=True)
        .filter(pl.col(LASTS[0]) > pl.col("first"))
        .select(*_CONSUMER, pl.lit(value=True).alias(INTERLEAVED))
        .unique()
    )
