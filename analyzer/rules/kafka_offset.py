"""The same Kafka record: topic, partition and offset on both ends.

The producer knows them after the acknowledgement (Java agent, Go sarama and kotel,
hand-written delivery callbacks).
"""

import polars as pl

from analyzer.rules import (
    EVIDENCE,
    NOTHING,
    compared,
    in_time,
    latest_earlier,
    match_in_portions,
    of_ends,
)

SAME_CLUSTER, UNKNOWN_CLUSTER = 0.99, 0.95

_RECORD = ["kafka_topic", "kafka_partition", "kafka_offset"]


def match_kafka_offsets(
    sends: pl.DataFrame, deliveries: pl.DataFrame, send_ids: pl.DataFrame, ids: pl.DataFrame
) -> pl.DataFrame:
    """EVIDENCE rows, for each record of a delivery the nearest earlier producer of it.

    Never across environments or namespaces, nor across two known clusters.
    """
    here, there = (side.drop_nulls(_RECORD) for side in (ids, send_ids))
    here = of_ends("delivery", here, deliveries, "world", "start", "work_end")
    there = of_ends("send", there, sends, "world", send_start="start")
    if here.is_empty() or there.is_empty():
        return NOTHING
    return match_in_portions(there, here, [*_RECORD, "world"], _match)


def _match(there: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    pairs = here.join(there.rename({"kafka_cluster": "send_cluster"}), on=[*_RECORD, "world"])
    cluster = pl.col("kafka_cluster") == pl.col("send_cluster")
    record = pl.concat_str([pl.col(c) for c in _RECORD], separator=" ")
    field = "messaging.destination.name, partition, messaging.kafka.offset"
    return (
        in_time(pairs)
        .filter(cluster.fill_null(value=True))
        .sort("delivery", *_RECORD, *latest_earlier())
        .unique(["delivery", *_RECORD], keep="first", maintain_order=True)
        .select(
            "delivery",
            "send",
            pl.lit("kafka-offset").alias("rule"),
            pl.when(cluster.fill_null(value=False))
            .then(SAME_CLUSTER)
            .otherwise(UNKNOWN_CLUSTER)
            .alias("confidence"),
            compared(field, record, record).alias("evidence"),
        )
        .cast(EVIDENCE)
    )
