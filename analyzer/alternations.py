"""Whether a consumer continues some messages while it does not continue others.

A setting of the consumer breaks all of its messages from the moment it is changed until it
is changed back; what is wrong with single messages alternates with what is right. Told from
counts and first times alone, so that later spans rarely change it.
"""

import polars as pl

CONSUMER = ["environment", "service_namespace", "system", "destination", "service_name"]
MIXED = "mixed"
# Chance that messages picked at random leave out this many in a row.
_LEAST = 0.05


def find_mixed(facts: pl.DataFrame, arrived: pl.Expr) -> pl.DataFrame:
    """CONSUMER and `mixed`, of the consumers in `facts` (analyzer.surroundings) of whose
    deliveries some, where `arrived`, continue a context, and some do not, in no order.

    With the share p of the kind that came first, n of it in a row happen with the chance
    p^n; n is estimated from the time until the other kind began, at an even rate. Below
    `_LEAST` that was no chance but a switch.
    """
    deliveries = facts.filter(pl.col("role") == "process")
    continues = deliveries.select(*CONSUMER, arrived.alias("arrived")).to_series(len(CONSUMER))
    of = [
        deliveries.filter(kind)
        .group_by(CONSUMER)
        .agg(
            pl.col("count").sum().alias(f"{name}_count"),
            pl.col("first_start_unix_nano").min().alias(f"{name}_first"),
            pl.col("last_start_unix_nano").max().alias(f"{name}_last"),
        )
        for name, kind in (("connected", continues), ("cut", ~continues))
    ]
    both = of[0].join(of[1], on=CONSUMER, nulls_equal=True)
    connected, cut = pl.col("connected_first"), pl.col("cut_first")
    last, total = pl.col("connected_last"), pl.col("connected_count") + pl.col("cut_count")
    first = pl.min_horizontal(connected, cut)
    share = pl.when(connected < cut).then("connected_count").otherwise("cut_count") / total
    row = total * (connected - cut).abs() / (last - first)
    # what was deleted began at 0: then nothing is known of the order
    known = (first > 0) & (last > first)
    chance = pl.when(known).then(share.pow(row)).otherwise(1.0)
    return both.filter((last >= cut) & (chance >= _LEAST)).select(
        *CONSUMER, pl.lit(value=True).alias(MIXED)
    )
