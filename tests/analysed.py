"""Runs the analyzer over a few spans and gives its answers as plain values."""

import json
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from analyzer.alternations import LATEST
from analyzer.analysis import analyse
from analyzer.judging import Judge
from analyzer.stable_facts import stable_facts
from storage.memory_handovers import find_spells
from storage.results import ENDPOINT_KEY
from storage.schema import SpanBatch
from tests.builders import batch


def endpoint_facts(endpoints: pa.Table) -> pl.DataFrame:
    """The stable facts of a store that holds these endpoints."""
    told = (
        pl.DataFrame(endpoints)
        .group_by(ENDPOINT_KEY)
        .agg(
            count=pl.len(),
            first_start_unix_nano=pl.min("start_time_unix_nano"),
            last_start_unix_nano=pl.max("start_time_unix_nano"),
            first_kafka_offset=pl.min("kafka_offset"),
            last_kafka_offset=pl.max("kafka_offset"),
        )
    )
    taken = pl.DataFrame(endpoints).filter(pl.col("role") == "process")
    return stable_facts(told, find_spells(taken, LATEST))


@dataclass(frozen=True)
class Analysed:
    """Answers by (trace, span): small ids as the builders take them."""

    connections: dict[tuple[tuple[int, int], tuple[int, int]], dict[str, Any]]
    orphans: dict[tuple[int, int], dict[str, Any]]
    endpoints: dict[tuple[int, int], dict[str, Any]]

    @property
    def edges(self) -> dict[tuple[tuple[int, int], tuple[int, int]], str]:
        """Producer and consumer of every drawn connection -> its rule."""
        return {pair: c["rule"] for pair, c in self.connections.items() if c["confidence"] >= 0.8}

    @property
    def causes(self) -> dict[tuple[int, int], str]:
        return {root: orphan["cause_code"] for root, orphan in self.orphans.items()}


def analysed(*spans: Any) -> Analysed:
    return analysed_batch(batch(*spans))


def analysed_batch(spans: SpanBatch) -> Analysed:
    answers = analyse(spans)
    judged = Judge().judge(answers.orphans, endpoint_facts(answers.endpoints))
    orphans = judged.filter(~pl.col("hidden"))
    return Analysed(
        connections={
            (_key(row, "producer_"), _key(row, "consumer_")): row
            | {"evidence": json.loads(row["evidence"])}
            for row in answers.connections.to_pylist()
        },
        orphans={
            _key(row): row | {name: json.loads(row[name]) for name in ("evidence", "other_causes")}
            for row in orphans.to_dicts()
        },
        endpoints={_key(row): row for row in answers.endpoints.to_pylist()},
    )


def _key(row: dict[str, Any], prefix: str = "") -> tuple[int, int]:
    return row[f"{prefix}trace_lo"], row[f"{prefix}span_id"]
