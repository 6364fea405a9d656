"""The consuming ends: which span stands for a message that was delivered.

Several spans can be one delivery (`receive` and `process`, a Lambda's SERVER root and
its `process` span, a hand-written `process` inside an instrumented one); the end point
is the process span if there is one, else the receive span or the Lambda root.
"""

import numpy as np
import polars as pl

from analyzer.frame import Frame
from analyzer.idle_polls import idle_polls, polling_loops
from analyzer.kafka_events import RECORD, ends_of_partition, error_events, tells_events
from analyzer.lambda_roots import lambda_roots, silent_lambdas
from analyzer.roles import CONSUMER
from analyzer.structure import nearest, nearest_above
from storage.cheap_rows import is_given, where


def _process_ends(frame: Frame, process: pl.Series, stated: pl.Series) -> pl.Series:
    """Process spans that are deliveries: of nested ones the outer, unless only the
    inner ones state a context (a batch wrapper over one span a message)."""
    if not (process & frame.has_above).any():
        return process
    above = nearest_above(frame.rows, process)
    inner = process & is_given(above)
    wrapper = process & ~stated & frame.flag(above.filter(inner & stated))
    return process & ~wrapper & (~inner | stated)


# Libraries whose receive spans are a callback's or listener's: there is none without a message.
_CALLED_BACK = r"\bpika\b|\baio_pika\b|^org\.springframework\b"


def _filled(frame: Frame, receives: pl.DataFrame) -> pl.Series:
    """Whether receive spans (row, …) took something: an id, a record's partition
    (kafka-python names no offset, and makes no span for an empty poll), a routing key
    (`basic.get` of RabbitMQ) or work below; or their library makes none without a message.

    A receive below a receive is no work: botocore's API call below boto3sqs, which an
    idle poll has too, and the batch wrappers of aiokafka.
    """
    other = frame.is_role("receive") | frame.is_role("settle")
    busy = frame.flag(frame["local_parent"].filter(~other))
    record = (
        (pl.col("kind") == CONSUMER)
        & pl.col("kafka_partition").is_not_null()
        & pl.col("batch_count").is_null()
    )
    return receives.select(
        pl.col("message_id").is_not_null()
        | pl.col("kafka_offset").is_not_null()
        | record
        | (pl.col("routed") & pl.col("batch_count").ne_missing(0)).fill_null(value=False)
        | ((pl.col("kind") == CONSUMER) & pl.col("called_back")).fill_null(value=False)
        | busy[receives["row"]]
    ).to_series()


def _name_a_sent_message(frame: Frame) -> pl.Series:
    """Rows of roots that say nothing but a message's unique id or Kafka position, which a
    send of another trace says too: application spans whose broker call nobody instrumented."""
    keys = [["message_id"], RECORD]
    told = [name for key in keys for name in key]
    silent = frame["row"].filter(
        frame["marked"] & frame.is_role(None) & ~is_given(frame["parent_span_id"])
    )
    if silent.is_empty():
        return silent
    roots = frame.tell(silent, "row", "trace", "work_end", *told)
    roots = where(roots, is_given(roots["message_id"]) | is_given(roots["kafka_offset"]))
    if roots.is_empty():
        return roots["row"]
    sent = frame["row"].filter(frame.is_role("send"))
    sends = frame.tell(sent, *told, sender="trace", sent="start")
    found = [
        roots.drop_nulls(key)
        .join(sends.drop_nulls(key), on=key)
        .filter((pl.col("trace") != pl.col("sender")) & (pl.col("sent") <= pl.col("work_end")))
        .select("row")
        for key in keys
    ]
    return pl.concat(found)["row"]


def _count_only(receives: pl.DataFrame, links: pl.DataFrame) -> pl.Series:
    """Rows of polls that took messages (their count says so) and have neither link nor
    child: JavaScript's aws-sdk on messages without context."""
    return receives.filter(
        (pl.col("kind") == CONSUMER)
        & (pl.col("batch_count") > 0)
        & pl.col("parent_span_id").is_null()
        & ~pl.col("has_children")
        & ~pl.col("row").is_in(links["row"].unique().implode())
    )["row"]


def _told_elsewhere(frame: Frame, receives: pl.DataFrame, process: pl.Series) -> pl.Series:
    """Rows of receive spans without work below whose message has a process span of the
    same service in another trace: one delivery, and the process span stands for it."""
    idle = receives.filter(~pl.col("has_children"))
    if idle.is_empty():
        return idle["row"]
    told = frame.tell(frame["row"].filter(process), "service", "message_id", *RECORD)
    found = [
        idle.drop_nulls(key)
        .join(told.drop_nulls(key), on=["service", *key], how="semi")
        .select("row")
        for key in (["message_id"], RECORD)
    ]
    return pl.concat(found)["row"]


def _told_by_hand(frame: Frame, process: pl.Series, stated: pl.Series) -> pl.Series:
    """Process spans of a library without context and work, below its receive span, whose
    record a root of another scope of that service tells: the application made a span of its
    own from the headers, and that one stands for the message."""
    empty = process & frame.has_above & ~stated & ~frame["has_children"]
    if not empty.any():
        return empty
    below, roots = (
        frame.tell(frame["row"].filter(which), "row", "service", "scope_name", *RECORD)
        for which in (empty, process & ~frame.has_above)
    )
    twice = below.drop_nulls(RECORD).join(roots, on=["service", *RECORD], suffix="_root")
    return frame.flag(twice.filter(pl.col("scope_name") != pl.col("scope_name_root"))["row"])


def find_deliveries(
    frame: Frame,
    links: pl.DataFrame,
    followed: pl.DataFrame,
    resolved: pl.DataFrame,
    missing: pl.DataFrame,
) -> pl.DataFrame:
    """(row, end): the spans that deliveries end at, and their role there, "process",
    "receive", "invoke" (a Lambda root), "stated" (only a context says so), "polled" (a
    poll that counts messages and tells nothing of them) or "maybe" (a Lambda root that
    does not say what invoked it: a delivery only if an id finds its producer).

    Idle polls (N1), settle calls (N4), API-level receives, error events (N3) and the
    batch wrapper of aiokafka (N6) are none.
    """
    upstream = frame.flag(resolved["row"])
    stated = upstream | frame.flag(missing["row"])
    any_process = frame.is_role("process")
    any_process &= stated | ~polling_loops(frame, any_process)
    process = _process_ends(frame, any_process, stated)
    if tells_events(frame):
        process &= ~error_events(frame, any_process) | upstream
        process &= ~ends_of_partition(frame, process, stated, resolved)
    process &= ~_told_by_hand(frame, process, stated)
    process &= ~idle_polls(frame, process & ~stated)
    open_ = ~frame.flag(_rows_above(frame, any_process))
    functions = lambda_roots(frame)
    named = _name_a_sent_message(frame)
    by_name = frame.flag(functions["row"].filter(is_given(functions["invocation_id"])))[named]
    invoked = functions["row"].filter(functions["trigger"] == "pubsub")
    invoked = pl.concat([invoked, named.filter(by_name)])
    maybe = silent_lambdas(frame, functions)
    unnamed = upstream & open_ & frame.is_role(None)
    return _name_ends(
        frame,
        # What a span is first of all.
        ("process", frame["row"].filter(process)),
        ("process", named.filter(~by_name)),
        *_receives(frame, links, followed, stated, upstream, process, open_),
        ("invoke", invoked.filter(open_[invoked])),
        ("stated", frame["row"].filter(unnamed)),
        ("maybe", maybe.filter((open_ & ~upstream)[maybe])),
    )


def _name_ends(frame: Frame, *ends: tuple[str, pl.Series]) -> pl.DataFrame:
    """(row, end), each row once, named by the first of these that has it."""
    first = np.zeros(frame.rows.height, dtype=np.uint8)
    for place in reversed(range(len(ends))):
        first[ends[place][1].to_numpy()] = place + 1
    rows = np.flatnonzero(first).astype(np.uint32)
    names = pl.Series([end for end, _ in ends])
    return pl.DataFrame({"row": rows, "end": names[first[rows] - 1]})


def _receives(
    frame: Frame,
    links: pl.DataFrame,
    followed: pl.DataFrame,
    stated: pl.Series,
    upstream: pl.Series,
    process: pl.Series,
    open_: pl.Series,
) -> list[tuple[str, pl.Series]]:
    """The receive spans among the ends: "receive" and "polled"."""
    asked = frame.is_role("receive") & open_
    if not asked.any():
        return []
    receives = frame.tell(
        frame["row"].filter(asked),
        *("row", "kind", "service", "parent_span_id", "has_children", "api_receive", "routed"),
        *("message_id", "batch_count", *RECORD),
        called_back="scope_name",
    )
    receives = receives.filter(~pl.col("api_receive")).with_columns(
        pl.col("called_back").str.contains(_CALLED_BACK)
    )
    told_by_link = frame.flag(followed["receive"])
    wrapper = (frame.flag(_local_links(frame, links)) & ~upstream) | told_by_link
    told_elsewhere = frame.flag(_told_elsewhere(frame, receives, process)) & ~stated
    rows = receives["row"]
    taken = (stated[rows] | _filled(frame, receives)) & ~(wrapper | told_elsewhere)[rows]
    return [("receive", rows.filter(taken)), ("polled", _count_only(receives, links))]


def _rows_above(frame: Frame, wanted: pl.Series) -> pl.Series:
    """Rows that have a wanted row among their local descendants, as far as the next
    receive span or root above it."""
    found = wanted & frame.has_above
    if not found.any():
        return frame["row"].clear()
    above = nearest_above(frame.rows, frame.is_role("receive") | ~frame.has_above)
    return pl.concat([above.filter(found).drop_nulls(), frame["top"].filter(found)])


def _local_links(frame: Frame, links: pl.DataFrame) -> pl.Series:
    """Receive spans that link to deliveries of their own service."""
    present = links[["row", "target"]].drop_nulls()
    ends = frame.tell(present["row"], "row", "role", "service").with_columns(
        frame.tell(present["target"], far_role="role", far_service="service", far_kind="kind")
    )
    return ends.filter(
        (pl.col("role") == "receive")
        & (pl.col("service") == pl.col("far_service"))
        & pl.col("far_role").is_in(["receive", "process"])
        & (pl.col("far_kind") == CONSUMER)
    )["row"]


def place_contexts(frame: Frame, deliveries: pl.DataFrame, contexts: pl.DataFrame) -> pl.DataFrame:
    """Contexts (row, …) moved to the delivery they are about.

    A delivery without a context of its own takes those of the nearest local ancestor
    that has any (a `receive` span, a Lambda root). Where such a holder has several
    contexts and several deliveries, each delivery takes the one whose link names its
    message id; what stays over remains at the holder, which so becomes a delivery of its
    own. Contexts that no delivery holds remain where they are.
    """
    if contexts.is_empty():
        return contexts
    columns = [c for c in contexts.columns if c != "row"]
    holder = nearest(frame.rows, frame.flag(contexts["row"]))
    if _hold_their_own(frame, holder, deliveries["row"], contexts["row"]):
        if contexts["row"].is_sorted():
            return contexts
        return contexts.sort("row", maintain_order=True)
    held = deliveries.select("row", holder[deliveries["row"]].alias("holder")).drop_nulls()
    given = contexts.rename({"row": "holder"}).with_row_index("context")
    crowded = held["holder"].is_duplicated()
    # Never every delivery with every context: that is unbounded, and wrong.
    placed = [held.filter(~crowded).join(given, on="holder")]
    if crowded.any():
        crowd = held.filter(crowded)
        several = given["holder"].is_duplicated()
        named = crowd.with_columns(frame.tell(crowd["row"], own_id="message_id")).join(
            given.filter(several).with_columns(own_id="message_id"), on=["holder", "own_id"]
        )
        placed += [crowd.join(given.filter(~several), on="holder"), named.drop("own_id")]
    taken = pl.concat(placed)
    left = given.filter(~pl.col("context").is_in(taken["context"].unique().implode()))
    return pl.concat(
        [taken.select("row", *columns), left.select(pl.col("holder").alias("row"), *columns)]
    ).sort("row", *columns)


def _hold_their_own(
    frame: Frame, holder: pl.Series, deliveries: pl.Series, contexts: pl.Series
) -> bool:
    """Whether all contexts are at deliveries, and each delivery has its own or none."""
    holders = holder[deliveries]
    own = (holders == deliveries).sum() == len(deliveries) - holders.null_count()
    return own and bool(frame.flag(deliveries)[contexts].all())
