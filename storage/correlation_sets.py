"""The correlation values of spans, as an append stores them."""

import polars as pl


def date_sets(correlation: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The sets that the spans of each generation carry, with the latest start of these."""
    carried = (
        spans.lazy()
        .select("correlation_id", "generation", "start_time_unix_nano")
        .drop_nulls("correlation_id")
        .group_by("correlation_id", "generation")
        .agg(pl.max("start_time_unix_nano"))
        .collect()
    )
    dated = correlation.unique().join(carried, on="correlation_id")
    return dated.sort("generation", maintain_order=True)
