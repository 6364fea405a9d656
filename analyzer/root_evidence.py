"""What was seen on an orphan root itself, as evidence: JSON text."""

import polars as pl


def tell_evidence() -> pl.Expr:
    """JSON array of {field, value, meaning}, of rows as analyzer.root_facts tells them."""

    def item(field: pl.Expr, value: pl.Expr, meaning: pl.Expr) -> pl.Expr:
        return pl.struct(
            field.alias("field"), value.cast(pl.String).alias("value"), meaning.alias("meaning")
        ).struct.json_encode()

    no_parent = item(
        pl.lit("parent_span_id"), pl.lit("none"), pl.lit("no context arrived as parent or link")
    )
    missing = item(
        pl.col("missing"),
        pl.lit("not stored"),
        pl.lit("a context arrived and points at a span that the store does not hold"),
    )
    message = item(
        pl.lit("messaging.message.id"), pl.col("message_id"), pl.lit("names the message")
    )
    receive = item(
        pl.lit("receive span"),
        pl.col("delivery_name"),
        pl.lit("of this process ended right before this root began"),
    )
    offset = item(
        pl.lit("messaging.kafka.offset"), pl.col("kafka_offset"), pl.lit("names the record")
    )
    sender = item(
        pl.lit("producer"),
        pl.concat_str(
            pl.col("producer_span_name"),
            pl.lit(" in "),
            pl.coalesce("producer_service_name", pl.lit("an unnamed service")),
        ),
        pl.concat_str(pl.lit("found by "), pl.col("rule")),
    )
    return pl.concat_str(
        pl.lit("["),
        pl.concat_str(
            pl.when(pl.col("missing").is_null()).then(no_parent).otherwise(missing),
            pl.when(pl.col("part") == "body").then(receive),
            pl.when(pl.col("message_id").is_not_null()).then(message),
            pl.when(pl.col("kafka_offset").is_not_null()).then(offset),
            pl.when(pl.col("rule").is_not_null()).then(sender),
            separator=",",
            ignore_nulls=True,
        ),
        pl.lit("]"),
    )
