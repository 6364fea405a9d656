"""The part of the facts about the whole store that verdicts read."""

import polars as pl

from analyzer.alternations import MIXED, Consumer, find_mixed, mark_mixed
from analyzer.lost_sends import RECURRING, tell_recurring

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
    return merge_facts(select_stable(facts), find_mixed(spells))


def select_stable(facts: pl.DataFrame) -> pl.DataFrame:
    """Row by row what stable_facts keeps of the facts: STABLE, FIRSTS, `interleaved` and
    `recurring`. While this is the same and the same consumers are mixed, they are the same."""
    propagated = pl.col("relation").is_in(PROPAGATED).fill_null(value=False)
    arrived = propagated & (pl.col("role") == "process")
    kept = {
        "relation": propagated,
        "producer_service_name": propagated,
        "kafka_partition": arrived,
        FIRSTS[0]: pl.col("role") == "send",
        FIRSTS[1]: arrived,
    }
    return _mark_late(facts, arrived).select(
        *(
            pl.when(kept[name]).then(name).alias(name) if name in kept else name
            for name in (*STABLE, *FIRSTS)
        ),
        pl.col("late").any().over(_CONSUMER).alias(INTERLEAVED),
        tell_recurring(facts).alias(RECURRING),
    )


def _mark_late(facts: pl.DataFrame, arrived: pl.Expr) -> pl.DataFrame:
    """Add `late`: of records without context some are younger than one of their partition whose
    context arrived."""
    if facts[LASTS[0]].null_count() == facts.height:
        return facts.with_columns(late=pl.lit(value=False))
    first = pl.when(arrived).then(FIRSTS[1]).min().over(_LOG)
    record = pl.col("kafka_partition").is_not_null() & (pl.col("role") == "process")
    return facts.with_columns(late=record & ~arrived & (pl.col(LASTS[0]) > first))


def merge_facts(selected: pl.DataFrame, mixed: frozenset[Consumer]) -> pl.DataFrame:
    """The stable facts: of what select_stable gives each kind once."""
    told = (
        mark_mixed(selected, mixed)
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
