"""What was seen on an orphan root itself, as evidence: JSON text."""

from functools import cache

import polars as pl


@cache
def tell_evidence() -> pl.Expr:
    """JSON array of {field, value, meaning: a sentence}, of rows as analyzer.root_facts tells
    them."""

    def item(field: pl.Expr, value: pl.Expr, meaning: pl.Expr) -> pl.Expr:
        return pl.struct(
            field.alias("field"), value.cast(pl.String).alias("value"), meaning.alias("meaning")
        ).struct.json_encode()

    no_parent = item(
        pl.lit("parent_span_id"),
        pl.lit("none"),
        pl.lit("No context arrived: the span has neither a parent nor a link."),
    )
    missing = item(
        pl.col("missing"),
        pl.lit("not stored"),
        pl.lit("A context arrived, and it points at a span that is not stored here."),
    )
    message = item(
        pl.lit("messaging.message.id"), pl.col("message_id"), pl.lit("This id names the message.")
    )
    receive = item(
        pl.lit("receive span"),
        pl.col("delivery_name"),
        pl.lit("A receive span of the same process ended right before this root began."),
    )
    offset = item(
        pl.lit("messaging.kafka.offset"),
        pl.col("kafka_offset"),
        pl.lit("This offset names the record."),
    )
    sender_name = pl.concat_str(
        pl.col("producer_span_name"),
        pl.lit(" in "),
        pl.coalesce("producer_service_name", pl.lit("an unnamed service")),
    )
    sender = item(
        pl.lit("producer"),
        sender_name,
        pl.concat_str(
            pl.lit("The message was sent by "),
            sender_name,
            pl.when(pl.col("rule") == "same-trace")
            .then(pl.lit(", which stands in the same trace."))
            .otherwise(
                pl.concat_str(
                    pl.lit(", found by its "),
                    pl.col("rule").str.replace_many(
                        {"-": " ", "kafka": "Kafka", "eventbridge": "EventBridge"}
                    ),
                    pl.lit("."),
                )
            ),
        ),
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
