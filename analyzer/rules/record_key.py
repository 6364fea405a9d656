"""The same Kafka record key, where it names one record only.

A key orders and places records, and many are shared by all records of a customer. One
that a single earlier send to the topic carries, and a single delivery a consumer group,
tells as much as an id. Where neither end knows the offset of the other (Python's and
JavaScript's producers have none) it is all that is left of a record without headers.
"""

import polars as pl

from analyzer.rules import EVIDENCE, NOTHING, compared, contradicted, in_time, selective
from analyzer.rules.correlation_id import scopes_agree

RECORD_KEY = "messaging.kafka.message.key"
ALONE = 0.8
# A key may come back, and the record it then names have left no span on one of the sides.
WINDOW_NANO = 15 * 60 * 1_000_000_000

_RECORDS = ["world", "destination", "value"]
# What clients write for a record without a key.
_NO_KEYS = ["", "null", "None", "undefined"]


def match_record_keys(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    send_keys: pl.DataFrame,
    keys: pl.DataFrame,
    explained: pl.DataFrame,
) -> pl.DataFrame:
    """EVIDENCE rows for the deliveries that nothing stronger explained; `explained` as for
    correlation ids. Never more than one producer a delivery, nor a second delivery of a
    record to a group that has one already, nor between ends with different business ids."""
    of_record = (pl.col("key") == RECORD_KEY) & ~pl.col("value").is_in(_NO_KEYS)
    kafka = pl.col("system") == "kafka"
    send_records, records = send_keys.filter(of_record), keys.filter(of_record)
    if send_records.is_empty() or records.is_empty():
        return NOTHING
    there = send_records.join(
        sends.filter(kafka).select(
            "row", "world", "destination", send_scope="scope", send_start="start"
        ),
        on="row",
    )
    here = records.join(deliveries.filter(kafka), on="row")
    there, here = selective(
        there.select(*_RECORDS, "send_scope", "send_start", send="row"),
        here.select(
            *(*_RECORDS, "scope", "start", "work_end", "service", "consumer_group"),
            delivery="row",
        ),
        _RECORDS,
    )
    group = ["send", "service", "consumer_group"]
    found = (
        here.join(there, on=_RECORDS)
        .pipe(in_time)
        .filter(scopes_agree(pl.col("scope"), pl.col("send_scope")))
        .filter(
            (pl.col("send").n_unique().over("delivery") == 1)
            & (pl.col("delivery").n_unique().over(group) == 1)
        )
        .filter(pl.col("start") - pl.col("send_start") <= WINDOW_NANO)
        .join(explained, on=group, how="anti", nulls_equal=True)
        .select(
            "delivery",
            "send",
            pl.lit("record-key").alias("rule"),
            pl.lit(ALONE).alias("confidence"),
            compared(RECORD_KEY, pl.col("value"), pl.col("value")).alias("evidence"),
        )
        .cast(EVIDENCE)
    )
    if found.is_empty():
        return found
    others = pl.col("key") != RECORD_KEY
    different = contradicted(found, send_keys.filter(others), keys.filter(others))
    return found.join(different, on=["delivery", "send"], how="anti")
