"""Whether a consumer continues some messages while it does not continue others.

A setting of the consumer breaks all of its messages from the moment it is changed until it
is changed back; what is wrong with single messages alternates with what is right. Told from
counts, first and last times alone, so that later spans rarely change it.
"""

import polars as pl

_CONSUMER = ["environment", "service_namespace", "system", "service_name", "span_name"]
CONSUMER = [*_CONSUMER, "destination"]
MIXED = "mixed"
# Chance that picking messages at random leaves out so many at first; below it that was
# no chance but a switch.
_LEAST = 0.05


def find_mixed(facts: pl.DataFrame, arrived: pl.Expr) -> pl.DataFrame:
    """CONSUMER and `mixed`, of the consumers in `facts` (analyzer.surroundings) of whose
    deliveries some, where `arrived`, continue a context, and some do not, in no order.
    """
    deliveries = facts.filter(pl.col("role") == "process")
    continues = deliveries.select(pl.col("role"), arrived.alias("arrived"))["arrived"]
    # Roots and what continues something else do not break for one reason: each has its order.
    connected, cut = (
        deliveries.filter(kind)
        .group_by(by)
        .agg(
            pl.col("count").sum().alias(f"{name}_count"),
            pl.col("first_start_unix_nano").min().alias(f"{name}_first"),
            pl.col("last_start_unix_nano").max().alias(f"{name}_last"),
        )
        for name, kind, by in (
            ("connected", continues, CONSUMER),
            ("cut", ~continues, [*CONSUMER, "is_root"]),
        )
    )
    # a span that does not name its destination gets it from the producer once it is known
    near = pl.col("destination").is_null() | (pl.col("destination") == pl.col("destination_far"))
    both = (
        cut.join(connected, on=_CONSUMER, suffix="_far", nulls_equal=True)
        .filter(near)
        .group_by(*CONSUMER, "is_root")
        .agg(
            pl.col("cut_count", "cut_first", "cut_last").first(),
            pl.col("connected_count").sum(),
            pl.col("connected_first").min(),
            pl.col("connected_last").max(),
        )
    )
    mixed = both.filter(_alternate() & ~_in_one_spell()).select(CONSUMER).unique()
    return mixed.with_columns(pl.lit(value=True).alias(MIXED))


def _alternate() -> pl.Expr:
    """With the share p of the kind that came first, n of it in a row happen with the chance
    p^n; n is estimated from the time until the other kind began, at an even rate."""
    connected, cut = pl.col("connected_first"), pl.col("cut_first")
    last, total = pl.col("connected_last"), pl.col("connected_count") + pl.col("cut_count")
    first = pl.min_horizontal(connected, cut)
    share = pl.when(connected < cut).then("connected_count").otherwise("cut_count") / total
    row = total * (connected - cut).abs() / (last - first)
    # what was deleted began at 0: then nothing is known of the order
    known = (first > 0) & (last > first)
    chance = pl.when(known).then(share.pow(row)).otherwise(1.0)
    return (last >= cut) & (chance >= _LEAST)


def _in_one_spell() -> pl.Expr:
    """Those that do not continue a context all lie in so short a part of the time that this
    was no chance: a setting was changed, and changed back. n of them at random lie within
    the part f with the chance n f^(n-1) - (n-1) f^n."""
    first = pl.min_horizontal("connected_first", "cut_first")
    last = pl.max_horizontal("connected_last", "cut_last")
    part, count = (pl.col("cut_last") - pl.col("cut_first")) / (last - first), pl.col("cut_count")
    chance = count * part.pow(count - 1) - (count - 1) * part.pow(count)
    # what was deleted began at 0
    told = (first > 0) & (last > first) & (chance < _LEAST)
    return told.fill_null(value=False)
