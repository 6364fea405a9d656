"""Who may have sent it, where no id tells: destination, name and time.

Computed when somebody looks, never stored and never drawn: a candidate is a hint for the
reader with its probability. Confidence 0.6 when every send of that kind and every orphan
pair off one to one, 0.4 otherwise (docs/evidence.md, row "destination and time").
"""

import json

import polars as pl

from analyzer.ends import DOMAIN
from storage.schema import CONNECTIONS

WINDOW_NANO = 15 * 60 * 1_000_000_000
PAIRED, GUESSED = 0.6, 0.4

_WORLD = ["environment", "service_namespace"]
_EMPTY = pl.DataFrame(CONNECTIONS.empty_table())


def find_candidates(orphans: pl.DataFrame, sends: pl.DataFrame) -> pl.DataFrame:
    """CONNECTIONS rows, at most one for each orphan: the latest unexplained send before
    it, within WINDOW_NANO, of the same environment, namespace and system, and of the same
    destination or, where one side names none, of the same span-name domain.

    `orphans` has the ORPHANS columns, `sends` the ENDPOINTS columns of send endpoints
    that no connection explains. Orphans with a stitched producer get none.
    """
    roots = _open_roots(orphans)
    senders = sends.select(
        "trace_hi",
        "trace_lo",
        "span_id",
        *_WORLD,
        "service_name",
        "span_name",
        "system",
        "destination",
        "scope",
        send_start="start_time_unix_nano",
        send_end="end_time_unix_nano",
        domain=pl.col("span_name").str.extract(DOMAIN).str.to_lowercase(),
    )
    by_destination = _latest(roots, senders, "destination")
    rest = roots.join(by_destination.select("root"), on="root", how="anti")
    silent = pl.col("destination").is_null()
    by_domain = pl.concat(
        [
            _latest(rest.filter(silent), senders, "domain"),
            _latest(rest.filter(~silent), senders.filter(silent), "domain"),
        ]
    )
    found = pl.concat([by_destination, by_domain])
    return _rows(found) if found.height else _EMPTY


def _open_roots(orphans: pl.DataFrame) -> pl.DataFrame:
    told = pl.col("facts").str.json_decode(
        pl.Struct({"own_destination": pl.String, "domain": pl.String, "missing": pl.String})
    )
    return (
        orphans.filter(pl.col("producer_span_id").is_null())
        .with_columns(
            told.struct.field("own_destination").alias("destination"),
            told.struct.field("domain"),
            told.struct.field("missing"),
        )
        .filter(pl.col("missing").is_null() & pl.col("system").is_not_null())
        .sort("start_time_unix_nano", "trace_hi", "trace_lo", "span_id")
        .with_row_index("root")
    )


def _latest(roots: pl.DataFrame, senders: pl.DataFrame, key: str) -> pl.DataFrame:
    """Pairs with the latest send at or before each root that agrees in `key`."""
    by = [*_WORLD, "system", key]
    left = roots.drop_nulls(key).with_columns(_group(by).alias("group"))
    right = (
        senders.drop_nulls([key, "system"])
        .with_columns(_group(by).alias("group"))
        .select("group", pl.all().exclude("group", *by).name.prefix("far_"), far_key=key)
        .sort("far_send_start", "far_trace_hi", "far_trace_lo", "far_span_id")
    )
    pairs = left.sort("start_time_unix_nano", "root").join_asof(
        right,
        left_on="start_time_unix_nano",
        right_on="far_send_start",
        by="group",
        strategy="backward",
        tolerance=WINDOW_NANO,
    )
    counts = right.group_by("group").agg(pl.len().alias("sends"))
    return (
        pairs.drop_nulls("far_span_id")
        .join(counts, on="group", how="left")
        .with_columns(
            pl.len().over("group").alias("roots"),
            pl.len().over("far_trace_hi", "far_trace_lo", "far_span_id").alias("claims"),
            pl.lit(key).alias("compared"),
        )
        .select(
            "root",
            "trace_hi",
            "trace_lo",
            "span_id",
            *_WORLD,
            "service_name",
            "span_name",
            "system",
            "destination",
            "scope",
            "consumer_group",
            "start_time_unix_nano",
            "sends",
            "roots",
            "claims",
            "compared",
            far_key="far_key",
            **{
                c: pl.col(c)
                for c in pairs.columns
                if c.startswith("far_")
                and c not in ("far_key", "far_destination", "far_domain", "far_scope")
            },
        )
    )


def _group(by: list[str]) -> pl.Expr:
    return pl.concat_str([pl.col(c).fill_null("\0") for c in by], separator="\x1f")


def _rows(found: pl.DataFrame) -> pl.DataFrame:
    one_to_one = (pl.col("claims") == 1) & (pl.col("sends") == pl.col("roots"))
    wait = pl.col("start_time_unix_nano") - pl.col("far_send_end")
    evidence = [
        json.dumps(
            [
                {
                    "field": "messaging.destination.name"
                    if row["compared"] == "destination"
                    else "span name",
                    "producer": row["far_key"],
                    "consumer": row["far_key"],
                },
                {"field": "time", "producer": "before", "consumer": "after"},
            ]
        )
        for row in found.iter_rows(named=True)
    ]
    return found.select(
        producer_trace_hi="far_trace_hi",
        producer_trace_lo="far_trace_lo",
        producer_span_id="far_span_id",
        producer_service_name="far_service_name",
        producer_service_namespace="service_namespace",
        producer_environment="environment",
        producer_span_name="far_span_name",
        consumer_trace_hi="trace_hi",
        consumer_trace_lo="trace_lo",
        consumer_span_id="span_id",
        consumer_service_name="service_name",
        consumer_service_namespace="service_namespace",
        consumer_environment="environment",
        consumer_span_name="span_name",
        relation=pl.lit("stitch"),
        rule=pl.lit("destination-and-time"),
        confidence=pl.when(one_to_one).then(PAIRED).otherwise(GUESSED),
        evidence=pl.Series(evidence, dtype=pl.String),
        system="system",
        destination=pl.coalesce(
            "destination", pl.when(pl.col("compared") == "destination").then("far_key")
        ),
        scope="scope",
        consumer_group="consumer_group",
        wait_nano=wait,
        attempt=pl.lit(None, pl.Int32),
        dead_letter=pl.lit(value=False),
        consumer_start_time_unix_nano="start_time_unix_nano",
        notes=pl.lit("[]"),
    ).select(CONNECTIONS.names)
