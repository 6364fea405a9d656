"""Deleting the oldest spans from the frames of the reference engine: pure functions."""

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.memory_frames import PART, SPAN, TRACE, Frames, arrow, distinct


def oldest_generations(spans: pl.DataFrame, limit: int) -> pa.Table:
    groups = (
        spans.group_by("generation")
        .agg(stored_at_unix_nano=pl.min("stored_at_unix_nano"), spans=pl.len().cast(pl.Int64))
        .sort("generation")
    )
    before = groups["spans"].cum_sum() - groups["spans"]
    return arrow(groups.filter(before < max(limit, 1)), results.GENERATIONS)


def traces_until(spans: pl.DataFrame, generation: int) -> pa.Table:
    return arrow(distinct(_until(spans, generation), TRACE), schema.TRACE_IDS)


def spans_since(spans: pl.DataFrame, generation: int, traces: pl.DataFrame) -> pa.Table:
    later = spans.filter(pl.col("generation") > generation).join(traces, on=TRACE, how="semi")
    return arrow(distinct(later, SPAN), schema.SPAN_IDS)


def losses_of(losses: pl.DataFrame, traces: pl.DataFrame) -> pa.Table:
    return arrow(losses.join(traces, on=TRACE, how="semi"), schema.TRACE_IDS)


def delete(
    frames: Frames, generation: int, newest: int, touched: pl.DataFrame
) -> tuple[Frames, int]:
    """What is left, and how many facts are not remembered any more. `newest` is the newest
    generation: when losses and facts are noted."""
    gone = distinct(_until(frames["spans"], generation), SPAN)
    kept = frames["spans"].filter(pl.col("generation") > generation)
    now = pl.lit(newest, pl.UInt64).alias("generation")
    ends = frames["endpoints"].join(gone, on=SPAN, how="semi")
    facts = _latest(
        pl.concat([frames["past_facts"], ends.select(*results.ENDPOINT_KEY, now)]),
        results.ENDPOINT_KEY,
    )
    lost = touched.select(TRACE).join(kept, on=TRACE, how="semi").select(*TRACE, now)
    oldest = kept.select(pl.min("generation")).item()
    consumers = [f"consumer_{name}" for name in SPAN]
    left = {
        "spans": kept,
        "keys": frames["keys"].filter(pl.col("generation") > generation),
        "correlation": frames["correlation"].join(kept, on="correlation_id", how="semi"),
        "connections": frames["connections"].join(
            gone, left_on=consumers, right_on=SPAN, how="anti"
        ),
        "losses": _lasting(_latest(pl.concat([frames["losses"], lost]), TRACE), oldest),
        "past_facts": _lasting(facts, oldest),
    }
    for name in ("links", "events", "messaging"):
        left[name] = frames[name].join(kept, on=PART, how="semi")
    for name in ("endpoints", "orphans"):
        left[name] = frames[name].join(gone, on=SPAN, how="anti")
    return frames | left, facts.height - left["past_facts"].height


def _until(spans: pl.DataFrame, generation: int) -> pl.DataFrame:
    return spans.filter(pl.col("generation") <= generation)


def _latest(noted: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Once each, as it was noted last."""
    return noted.group_by(key, maintain_order=True).agg(pl.max("generation"))


def _lasting(noted: pl.DataFrame, oldest: int | None) -> pl.DataFrame:
    """What was noted beside spans of which some are left."""
    return noted.clear() if oldest is None else noted.filter(pl.col("generation") >= oldest)
