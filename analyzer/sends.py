"""The producing ends: which spans stand for a sent message."""

import polars as pl

from analyzer.frame import Frame
from analyzer.roles import CLIENT
from analyzer.structure import follow, nearest_above


def find_sends(frame: Frame) -> pl.DataFrame:
    """(row, unit, leaf) of every span with role send, by row.

    Nested sends of one message (a hand-written span around an instrumented one, pika's
    two, botocore below boto3sqs) are one producer: the innermost, but not the AWS API
    call below a messaging span, since the message carries the outer context. `unit` is
    that producer's row for every span of the nest, so that a context which points at an
    outer span is known to be the same message; `leaf` marks the producer itself.
    """
    is_send = frame.is_role("send")
    sends = frame.rows.select("row").filter(is_send)
    outer = nearest_above(frame.rows, is_send).filter(is_send)
    if outer.null_count() == outer.len():  # none below another
        return sends.with_columns(unit="row", leaf=pl.lit(value=True))
    api = (pl.col("kind") == CLIENT) & pl.col("aws_api")
    above = frame.tell(outer, outer_kind="kind", outer_api="aws_api").select(
        outer_api=(pl.col("outer_kind") == CLIENT) & pl.col("outer_api")
    )
    sends = pl.concat(
        [
            sends.with_columns(outer.alias("outer")),
            frame.tell(sends["row"], "kind", "aws_api").select(api.alias("api")),
            above,
        ],
        how="horizontal",
    ).with_columns((pl.col("api") & ~pl.col("outer_api")).fill_null(value=False).alias("beneath"))
    inner = (
        sends.filter(~pl.col("beneath") & pl.col("outer").is_not_null())
        .group_by("outer")
        .agg(pl.col("row").first().alias("inner"), pl.len().alias("inners"))
        .rename({"outer": "row"})
    )
    sends = sends.join(inner, on="row", how="left", maintain_order="left")
    pointer = (
        pl.when(pl.col("beneath"))
        .then(pl.col("outer"))
        .when(pl.col("inners") == 1)
        .then(pl.col("inner"))
        .otherwise(pl.col("row"))
    )
    steps = frame["row"].clone().scatter(sends["row"], sends.select(pointer).to_series())
    unit = follow(steps)
    return sends.select(
        "row",
        unit[sends["row"]].alias("unit"),
        (~pl.col("beneath") & pl.col("inners").is_null()).alias("leaf"),
    )
