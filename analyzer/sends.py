"""The producing ends: which spans stand for a sent message."""

import polars as pl

from analyzer.roles import CLIENT
from analyzer.structure import follow, nearest_above

AWS_API_SCOPES = r"botocore|otelaws|aws-sdk|AWSSDK"


def find_sends(frame: pl.DataFrame) -> pl.DataFrame:
    """(row, unit, leaf) of every span with role send.

    Nested sends of one message (a hand-written span around an instrumented one, pika's
    two, botocore below boto3sqs) are one producer: the innermost, but not the AWS API
    call below a messaging span, since the message carries the outer context. `unit` is
    that producer's row for every span of the nest, so that a context which points at an
    outer span is known to be the same message; `leaf` marks the producer itself.
    """
    is_send = (frame["role"] == "send").fill_null(value=False)
    api = (pl.col("kind") == CLIENT) & pl.col("scope_name").str.contains(AWS_API_SCOPES)
    sends = frame.select(
        "row",
        nearest_above(frame, is_send).alias("outer"),
        api.fill_null(value=False).alias("api"),
    ).filter(is_send)
    outer = sends.select(outer="row", outer_api="api")
    sends = sends.join(outer, on="outer", how="left").with_columns(
        (pl.col("api") & ~pl.col("outer_api")).fill_null(value=False).alias("beneath")
    )
    inner = (
        sends.filter(~pl.col("beneath") & pl.col("outer").is_not_null())
        .group_by("outer")
        .agg(pl.col("row").first().alias("inner"), pl.len().alias("inners"))
        .rename({"outer": "row"})
    )
    sends = sends.join(inner, on="row", how="left")
    pointer = (
        pl.when(pl.col("beneath"))
        .then(pl.col("outer"))
        .when(pl.col("inners") == 1)
        .then(pl.col("inner"))
        .otherwise(pl.col("row"))
    )
    steps = frame.select("row").join(sends.select("row", pointer.alias("to")), on="row", how="left")
    unit = follow(steps.sort("row")["to"].fill_null(frame["row"]))
    return sends.select(
        "row",
        pl.lit(unit).gather(pl.col("row")).alias("unit"),
        (~pl.col("beneath") & pl.col("inners").is_null()).alias("leaf"),
    )
