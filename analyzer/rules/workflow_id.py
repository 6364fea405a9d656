"""The same workflow id, where exactly one producer and one delivery are left for it.

A workflow id is shared by all orders and all hops of a workflow: it tells less than a
business id, so it joins only one destination's producer with its delivery, and never ends
that carry different business ids.
"""

import polars as pl

from analyzer.rules import EVIDENCE, contradicted
from analyzer.rules.correlation_id import SINGLE, match_correlation_ids

WORKFLOW = "workflow.id"
ALONE = 0.85
# Of one of several producers that fit: listed beside the delivery.
_SHARE = 0.5


def match_workflow_ids(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    send_keys: pl.DataFrame,
    keys: pl.DataFrame,
    explained: pl.DataFrame,
    missing: pl.DataFrame,
) -> pl.DataFrame:
    """EVIDENCE rows for the deliveries that nothing stronger explained; arguments as for
    correlation ids, keys of every kind."""
    of_flow = pl.col("key") == WORKFLOW
    found = match_correlation_ids(
        sends, deliveries, send_keys.filter(of_flow), keys.filter(of_flow), explained, missing
    )
    if found.is_empty():
        return found
    near = deliveries.select(delivery="row", destination="destination")
    far = sends.select(send="row", send_destination="destination")
    different = contradicted(found, send_keys.filter(~of_flow), keys.filter(~of_flow))
    return (
        found.join(near, on="delivery")
        .join(far, on="send")
        .filter(pl.col("destination") == pl.col("send_destination"))
        .join(different, on=["delivery", "send"], how="anti")
        .with_columns(
            pl.lit("workflow-id").alias("rule"),
            pl.when(pl.col("confidence") == SINGLE)
            .then(ALONE)
            .otherwise(pl.col("confidence") * _SHARE)
            .alias("confidence"),
        )
        .select(list(EVIDENCE))
        .cast(EVIDENCE)
    )
