"""Where contexts arrive and point at spans that are not stored: by edge, and why, as far as the
spans can prove it.

Link flags (bit 0) say whether the producer was sampled, where the exporter writes them: an
SDK that never does (Python's) leaves them 0 always. A tracestate with a threshold (`ot=th:`)
says that it was sampled. And a trace whose randomness is below the threshold that its
producer samples by cannot have been (OpenTelemetry "TraceState: Probability Sampling").

An id that begins with the time of its making is of X-Ray, whose segments of Lambda, API
Gateway or EventBridge are no spans, unless the edge's producers make such ids themselves.
"""

import polars as pl
import pyarrow as pa

from analyzer.contexts import SAMPLED
from analyzer.trace_states import HEX_DIGITS, has_epoch_form, read_randomness, read_threshold

EDGE = [
    *("environment", "service_namespace", "consumer_service"),
    *("system", "destination", "scope", "consumer_group"),
]
WHY = ("xray_segment", "said_sampled", "proven_unsampled", "said_unsampled", "unknown")


def find_gaps(contexts: pa.Table, senders: pa.Table) -> pl.DataFrame:
    """Of each edge with absent targets: EDGE, `producer_service` where one service alone sends
    there, `contexts` that arrived, `stored` and `absent` of their targets, the absent ones by
    WHY, the `threshold` that proof was made by (14 hex digits, or null), and the ids of the
    newest span with an absent target. Most absent first.

    Tables as `SpanStore.arrived_contexts` and `SpanStore.senders` give them.
    """
    rows = pl.DataFrame(contexts).rename({"service_name": "consumer_service"})
    told = _tell_senders(pl.DataFrame(senders))
    rows = rows.join(told, on=["environment", "destination"], how="left", nulls_equal=True)
    absent = ~pl.col("stored")
    rows = rows.with_columns(of_xray=has_epoch_form("target_hi"))
    why = rows.with_columns(why=_why())
    gaps = (
        why.sort("start_time_unix_nano", "trace_hi", "trace_lo", "span_id", descending=True)
        .group_by(EDGE, maintain_order=True)
        .agg(
            pl.first("producer_service", "threshold"),
            *(pl.col(name).filter(absent).first() for name in ("trace_hi", "trace_lo", "span_id")),
            *((absent & (pl.col("why") == name)).sum().alias(name) for name in WHY),
            contexts=pl.len(),
            stored=pl.col("stored").sum(),
            absent=absent.sum(),
        )
        .filter(pl.col("absent") > 0)
    )
    return gaps.sort("absent", *EDGE, descending=[True] + [False] * len(EDGE))


def _why() -> pl.Expr:
    """Bit 0 of a parent's flags is the span's own: that was sampled, or it were not here."""
    link = pl.col("relation") == "link"
    flagged = link & ((pl.col("flags") & SAMPLED) != 0)
    state = read_threshold(pl.col("trace_state")).is_not_null()
    random = read_randomness(pl.col("trace_state"), pl.col("target_lo"))
    below = random < pl.col("threshold").str.to_integer(base=16, strict=False)
    own = (pl.col("of_xray") & pl.col("stored")).any().over(EDGE)
    return (
        pl.when(pl.col("of_xray") & ~own)
        .then(pl.lit("xray_segment"))
        .when(flagged | state)
        .then(pl.lit("said_sampled"))
        .when(below.fill_null(value=False))
        .then(pl.lit("proven_unsampled"))
        .when(link & pl.col("tells"))
        .then(pl.lit("said_unsampled"))
        .otherwise(pl.lit("unknown"))
    )


def _tell_senders(senders: pl.DataFrame) -> pl.DataFrame:
    """(environment, destination, producer_service, threshold): the only service that sends
    there, and the lowest of the thresholds that the services there usually sample by: what is
    below it none of them samples. Null where one of them mostly gives none."""
    usual = (
        senders.sort("count", "sampling_threshold", descending=[True, False])
        .group_by("environment", "service_namespace", "service_name", "destination")
        .agg(pl.first("sampling_threshold"))
    )
    return (
        usual.filter(pl.col("destination").is_not_null())
        .group_by("environment", "destination")
        .agg(
            pl.when(pl.len() == 1).then(pl.first("service_name")).alias("producer_service"),
            pl.when(pl.col("sampling_threshold").is_not_null().all())
            .then(pl.col("sampling_threshold").str.pad_end(HEX_DIGITS, "0").min())
            .alias("threshold"),
        )
    )
