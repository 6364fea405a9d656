"""What is told of a context that arrived and names an absent span (facts of orphan roots)."""

import polars as pl

from analyzer.contexts import SAMPLED
from analyzer.ends import Ends
from analyzer.structure import follow
from analyzer.trace_states import has_epoch_form, read_randomness
from storage.cheap_rows import where

_NOTHING = pl.DataFrame(
    schema={
        "row": pl.UInt32,
        "missing": pl.String,
        **dict.fromkeys(("missing_sampled", "missing_unsampled", "missing_beside"), pl.Boolean),
        "missing_epoch": pl.Boolean,
        "missing_random": pl.Int64,
    }
)


def tell_missing(ends: Ends, rows: pl.Series) -> pl.DataFrame:
    """Of each of these deliveries with unresolved contexts: whether a parent or a link is
    missing, whether it was sampled (null: the exporter does not say), whether its trace is
    known."""
    missing = where(ends.missing, ends.frame.flag(rows)[ends.missing["row"]])
    if missing.is_empty():
        return _NOTHING
    return (
        missing.hstack(ends.frame.look_up(ends.frame.states, missing["row"]))
        .with_columns(
            ends.frame["service"][missing["row"]].alias("own_service"),
            ends.frame["start"][missing["row"]].alias("start_time_unix_nano"),
            # a span carries the tracestate of its parent's context
            state=pl.when(pl.col("link_flags").is_null())
            .then("trace_state")
            .otherwise("link_state"),
        )
        .join(_begun_traces(ends, missing), on=["missing_hi", "missing_lo"], how="left")
        .group_by("row")
        .agg(
            pl.when(pl.col("link_flags").is_null().any())
            .then(pl.lit("parent"))
            .otherwise(pl.lit("link"))
            .alias("missing"),
            # Python never sets the trace flags: only a set bit, or unset bits beside
            # flags that are not bare, say anything.
            (pl.col("link_flags") & SAMPLED != 0).any().alias("missing_sampled"),
            (pl.col("link_flags") & SAMPLED == 0).any().alias("missing_unsampled"),
            (
                pl.when("in_own_trace")
                .then(pl.col("services").list.set_difference(pl.concat_list("own_service")))
                .otherwise("services")
                .list.len()
                .fill_null(0)
                > 0
            )
            .any()
            .alias("missing_beside"),
            has_epoch_form("missing_hi").all().alias("missing_epoch"),
            # of several the smallest: which came first does not matter
            read_randomness(pl.col("state"), pl.col("missing_lo")).min().alias("missing_random"),
        )
    )


def _begun_traces(ends: Ends, missing: pl.DataFrame) -> pl.DataFrame:
    """(missing_hi, missing_lo, services): of the traces that missing contexts name, whose
    spans are part of work that began without a message. Where there are any the trace was
    sampled; other deliveries below the same missing span say nothing."""
    frame = ends.frame
    heads = follow(frame["parent"].fill_null(frame["row"]))
    received = pl.concat([ends.deliveries["row"], ends.followed["receive"]])
    delivered = frame.flag(frame["top"][received])
    begun = ~delivered[frame["top"][heads]]
    return (
        frame.rows.filter(begun & frame["trace_lo"].is_in(missing["missing_lo"].unique().implode()))
        .group_by(missing_hi="trace_hi", missing_lo="trace_lo")
        .agg(services=pl.col("service").unique())
    )
