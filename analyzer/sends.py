"""The producing ends: which spans stand for a sent message."""

import polars as pl

from analyzer.frame import Frame
from analyzer.roles import CLIENT, PRODUCER
from analyzer.structure import follow, nearest_above
from storage.cheap_rows import where

_CALLS = pl.Schema({"row": pl.UInt32, "creates": pl.UInt32, "create": pl.UInt32})


def find_sends(frame: Frame, links: pl.DataFrame) -> pl.DataFrame:
    """(row, unit, leaf) of every span with role send, by row; `links` as of read_links.

    Nested sends of one message (a hand-written span around an instrumented one, pika's
    two, botocore below boto3sqs) are one producer: the innermost, but not the AWS API
    call below a messaging span, since the message carries the outer context; nor the call
    that carries messages with `create` spans of their own. `unit` is
    that producer's row for every span of the nest, so that a context which points at an
    outer span is known to be the same message; `leaf` marks the producer itself.
    """
    is_send = frame.is_role("send")
    rows = frame["row"].filter(is_send)
    outer = nearest_above(frame.rows, is_send).filter(is_send)
    calls = _sending_calls(frame, links, is_send)
    if outer.null_count() == outer.len() and calls.is_empty():  # none below another
        leaf = pl.Series("leaf", [True]).new_from_index(0, len(rows))
        return pl.DataFrame([rows, rows.alias("unit"), leaf])
    sends = rows.to_frame()
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
    sends = sends.join(calls, on="row", how="left", maintain_order="left").with_columns(
        carries=pl.col("creates").is_not_null()
    )
    inner = (
        sends.filter(~pl.col("beneath") & ~pl.col("carries") & pl.col("outer").is_not_null())
        .group_by("outer")
        .agg(pl.col("row").first().alias("inner"), pl.len().alias("inners"))
        .rename({"outer": "row"})
    )
    sends = sends.join(inner, on="row", how="left", maintain_order="left")
    pointer = (
        pl.when(pl.col("carries"))
        .then(pl.when(pl.col("creates") == 1).then("create").otherwise("row"))
        .when(pl.col("beneath"))
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
        (~pl.col("beneath") & ~pl.col("carries") & pl.col("inners").is_null()).alias("leaf"),
    )


def _sending_calls(frame: Frame, links: pl.DataFrame, is_send: pl.Series) -> pl.DataFrame:
    """(row, creates, create): calls that only carry messages which have a `create` span of
    their own, how many of these they link to, and one of them. Consumers continue the
    `create` spans (messaging conventions, "Span kind" and "Operation types"; Azure, Google).
    """
    ends = where(links[["row", "target"]], is_send[links["row"]])
    if not ends.is_empty():
        ends = ends.drop_nulls().unique()
        ends = where(ends, is_send[ends["target"]])
    if ends.is_empty():
        return pl.DataFrame(schema=_CALLS)
    told = ["kind", "service", "destination", "creating"]
    own, far = (
        frame.tell(ends[end], **{f"{end}_{name}": name for name in told})
        for end in ("row", "target")
    )
    carried = pl.col("target_creating") | (
        (pl.col("row_kind") == CLIENT) & (pl.col("target_kind") == PRODUCER)
    )
    same_place = (pl.col("row_destination") == pl.col("target_destination")).fill_null(value=True)
    return (
        pl.concat([ends, own, far], how="horizontal")
        .filter(
            carried
            & ~pl.col("row_creating")
            & (pl.col("row_service") == pl.col("target_service"))
            & same_place
        )
        .group_by("row")
        .agg(creates=pl.len(), create=pl.col("target").min())
        .cast(_CALLS)
    )
