"""The consuming ends: which span stands for a message that was delivered.

Several spans can be one delivery (`receive` and `process`, a Lambda's SERVER root and
its `process` span, a hand-written `process` inside an instrumented one); the end point
is the process span if there is one, else the receive span or the Lambda root.
"""

import polars as pl

from analyzer.roles import CONSUMER, SERVER
from analyzer.structure import nearest, nearest_above

_RECORD = ["kafka_topic", "kafka_partition", "kafka_offset"]


def _has_context(frame: pl.DataFrame, resolved: pl.DataFrame, missing: pl.DataFrame) -> pl.Series:
    rows = pl.concat([resolved.select("row"), missing.select("row")]).unique()
    return frame["row"].is_in(rows["row"].implode())


def _process_ends(frame: pl.DataFrame, stated: pl.Series) -> pl.Series:
    """Process spans that are deliveries: of nested ones the outer, unless only the
    inner ones state a context (a batch wrapper over one span a message)."""
    process = (frame["role"] == "process").fill_null(value=False)
    above = nearest_above(frame, process)
    inner = process & above.is_not_null()
    speaking_below = above.filter(inner & stated).drop_nulls().unique()
    wrapper = process & ~stated & frame["row"].is_in(speaking_below.implode())
    return process & ~wrapper & (~inner | stated)


def _error_events(frame: pl.DataFrame) -> pl.Series:
    """Kafka error and end-of-partition events (rule N3): a process span below a
    `recv` root that has a partition but no record."""
    kafka = (pl.col("system") == "kafka") & (pl.col("parent_scope").str.contains("confluent"))
    empty = pl.col("kafka_offset").is_null() & pl.col("message_id").is_null()
    nothing = kafka & empty & pl.col("kafka_partition").is_not_null() & ~pl.col("has_children")
    return frame.select(nothing.fill_null(value=False)).to_series()


def _is_filled(frame: pl.DataFrame) -> pl.Series:
    """Receive spans that took something: an id, a record's partition (kafka-python names
    no offset, and makes no span for an empty poll) or work below.

    A receive below a receive is no work: botocore's API call below boto3sqs, which an
    idle poll has too, and the batch wrappers of aiokafka.
    """
    other = (pl.col("role").is_in(["receive", "settle"])).fill_null(value=False)
    busy = frame.select("role", "local_parent").filter(~other)["local_parent"].drop_nulls().unique()
    record = (
        (pl.col("kind") == CONSUMER)
        & pl.col("kafka_partition").is_not_null()
        & pl.col("batch_count").is_null()
    )
    return frame.select(
        pl.col("message_id").is_not_null()
        | pl.col("kafka_offset").is_not_null()
        | record
        | pl.col("row").is_in(busy.implode())
    ).to_series()


def _names_a_sent_message(frame: pl.DataFrame) -> pl.Series:
    """Roots that say nothing but a message's unique id or Kafka position, which a send of
    another trace says too: application spans whose broker call nobody instrumented."""
    keys = [["message_id"], _RECORD]
    told = [name for key in keys for name in key]
    narrow = frame.select(
        "row", "trace", "start", "work_end", "role", "parent_span_id", "marked", *told
    )
    silent = narrow.filter(
        pl.col("role").is_null() & pl.col("parent_span_id").is_null() & pl.col("marked")
    )
    if silent.is_empty():
        return pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    sends = narrow.filter(pl.col("role") == "send").select(*told, sender="trace", sent="start")
    found = [
        silent.drop_nulls(key)
        .join(sends.drop_nulls(key), on=key)
        .filter((pl.col("trace") != pl.col("sender")) & (pl.col("sent") <= pl.col("work_end")))
        .select("row")
        for key in keys
    ]
    return frame["row"].is_in(pl.concat(found)["row"].implode())


def _counts_only(frame: pl.DataFrame, links: pl.DataFrame) -> pl.Series:
    """Polls that took messages (their count says so) and have neither link nor child:
    JavaScript's aws-sdk on messages without context."""
    return (
        frame.select(
            (pl.col("kind") == CONSUMER)
            & (pl.col("batch_count") > 0)
            & pl.col("parent_span_id").is_null()
            & ~pl.col("has_children")
            & ~pl.col("row").is_in(links["row"].implode())
        )
        .to_series()
        .fill_null(value=False)
    )


def _told_elsewhere(frame: pl.DataFrame, process: pl.Series) -> pl.Series:
    """Receive spans without work below whose message has a process span of the same
    service in another trace: one delivery, and the process span stands for it."""
    narrow = frame.select("row", "role", "has_children", "service", "message_id", *_RECORD)
    idle = narrow.filter((pl.col("role") == "receive") & ~pl.col("has_children"))
    if idle.is_empty():
        return pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    told = narrow.filter(process)
    found = [
        idle.drop_nulls(key)
        .join(told.drop_nulls(key), on=["service", *key], how="semi")
        .select("row")
        for key in (["message_id"], _RECORD)
    ]
    return frame["row"].is_in(pl.concat(found)["row"].implode())


def _silent_lambdas(frame: pl.DataFrame) -> pl.Series:
    """Lambda roots without trigger: Python's for an EventBridge or SNS event, and also
    for a timer or a direct call. One that sends is rather where the work entered."""
    sends = (frame["role"] == "send").fill_null(value=False)
    sending = frame["top"].filter(sends).unique()
    return frame.select(
        (
            (pl.col("kind") == SERVER)
            & pl.col("role").is_null()
            & pl.col("invocation_id").is_not_null()
            & pl.col("trigger").is_null()
            & pl.col("parent_span_id").is_null()
            & ~pl.col("row").is_in(sending.implode())
        ).fill_null(value=False)
    ).to_series()


def find_deliveries(
    frame: pl.DataFrame, links: pl.DataFrame, resolved: pl.DataFrame, missing: pl.DataFrame
) -> pl.DataFrame:
    """(row, end): the spans that deliveries end at, and their role there, "process",
    "receive", "invoke" (a Lambda root), "stated" (only a context says so), "polled" (a
    poll that counts messages and tells nothing of them) or "maybe" (a Lambda root that
    does not say what invoked it: a delivery only if an id finds its producer).

    Idle polls (N1), settle calls (N4), API-level receives, error events (N3) and the
    batch wrapper of aiokafka (N6) are none.
    """
    stated = _has_context(frame, resolved, missing)
    upstream = frame["row"].is_in(resolved["row"].unique().implode())
    process = _process_ends(frame, stated) & ~(_error_events(frame) & ~upstream)
    any_process = (frame["role"] == "process").fill_null(value=False)
    covered = frame["row"].is_in(_rows_above(frame, any_process).implode())
    receive = (frame["role"] == "receive").fill_null(value=False) & ~frame["api_receive"]
    filled = _is_filled(frame)
    wrapper = frame["row"].is_in(_local_links(frame, links).implode()) & ~upstream
    receives = receive & ~covered & ~wrapper & (stated | filled)
    trigger = frame.select(
        (
            (pl.col("kind") == SERVER) & pl.col("role").is_null() & (pl.col("trigger") == "pubsub")
        ).fill_null(value=False)
    ).to_series()
    invoked = trigger & ~covered
    only_stated = upstream & frame["role"].is_null() & ~covered
    receives = receives & ~(_told_elsewhere(frame, process) & ~stated)
    polled = receive & ~covered & _counts_only(frame, links)
    process = process | _names_a_sent_message(frame)
    end = (
        pl.when(process)
        .then(pl.lit("process"))
        .when(receives)
        .then(pl.lit("receive"))
        .when(polled)
        .then(pl.lit("polled"))
        .when(invoked)
        .then(pl.lit("invoke"))
        .when(only_stated)
        .then(pl.lit("stated"))
        .when(_silent_lambdas(frame) & ~covered & ~stated)
        .then(pl.lit("maybe"))
    )
    return frame.select("row", end.alias("end")).drop_nulls("end").sort("row")


def _rows_above(frame: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """Rows that have a wanted row among their local descendants, as far as the next
    receive span or root above it."""
    receive_or_top = (frame["role"] == "receive").fill_null(value=False) | frame[
        "local_parent"
    ].is_null()
    above = nearest_above(frame, receive_or_top)
    tops = frame["top"]
    found = wanted & frame["local_parent"].is_not_null()
    return pl.concat([above.filter(found).drop_nulls(), tops.filter(found)]).unique()


def _local_links(frame: pl.DataFrame, links: pl.DataFrame) -> pl.Series:
    """Receive spans that link to deliveries of their own service."""
    here = frame.select("row", "role", "service")
    there = frame.select(target="row", far_role="role", far_service="service", far_kind="kind")
    return (
        links.filter(pl.col("target").is_not_null())
        .select("row", "target")
        .join(here.filter(pl.col("role") == "receive"), on="row")
        .join(there, on="target")
        .filter(
            (pl.col("service") == pl.col("far_service"))
            & pl.col("far_role").is_in(["receive", "process"])
            & (pl.col("far_kind") == CONSUMER)
        )["row"]
        .unique()
    )


def place_contexts(
    frame: pl.DataFrame, deliveries: pl.DataFrame, contexts: pl.DataFrame
) -> pl.DataFrame:
    """Contexts (row, …) moved to the delivery they are about.

    A delivery without a context of its own takes those of the nearest local ancestor
    that has any (a `receive` span, a Lambda root). Where such a holder has several
    contexts and several deliveries, each delivery takes the one whose link names its
    message id; what stays over remains at the holder, which so becomes a delivery of its
    own. Contexts that no delivery holds remain where they are.
    """
    with_context = frame["row"].is_in(contexts["row"].unique().implode())
    holder = nearest(frame, with_context)
    held = (
        deliveries.select("row", pl.lit(holder).gather(pl.col("row")).alias("holder"))
        .drop_nulls("holder")
        .join(frame.select("row", own_id="message_id"), on="row")
        .with_columns(pl.len().over("holder").alias("deliveries"))
    )
    given = contexts.rename({"row": "holder"}).with_columns(
        pl.len().over("holder").alias("contexts")
    )
    # Never every delivery with every context: that is unbounded, and wrong.
    alone = pl.concat(
        [
            held.filter(pl.col("deliveries") == 1).join(given, on="holder"),
            held.filter(pl.col("deliveries") > 1).join(
                given.filter(pl.col("contexts") == 1), on="holder"
            ),
        ]
    )
    named = held.filter(pl.col("deliveries") > 1).join(
        given.filter(pl.col("contexts") > 1).with_columns(own_id="message_id"),
        on=["holder", "own_id"],
    )
    columns = ["row", *_context_columns(contexts), "holder"]
    placed = pl.concat([alone.select(columns), named.select(columns)])
    taken = placed.select("holder", *_context_columns(contexts))
    left = given.join(
        taken, on=["holder", *_context_columns(contexts)], how="anti", nulls_equal=True
    )
    return pl.concat(
        [
            placed.drop("holder"),
            left.select(pl.col("holder").alias("row"), *_context_columns(contexts)),
        ]
    ).sort("row", *_context_columns(contexts))


def _context_columns(contexts: pl.DataFrame) -> list[str]:
    return [c for c in contexts.columns if c != "row"]
