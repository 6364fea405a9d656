"""The consuming ends: which span stands for a message that was delivered.

Several spans can be one delivery (`receive` and `process`, a Lambda's SERVER root and
its `process` span, a hand-written `process` inside an instrumented one); the end point
is the process span if there is one, else the receive span or the Lambda root.
"""

import polars as pl

from analyzer.frame import Frame
from analyzer.idle_polls import idle_polls, polling_loops
from analyzer.kafka_events import RECORD, ends_of_partition, error_events
from analyzer.roles import CONSUMER, SERVER
from analyzer.structure import nearest, nearest_above
from analyzer.trace_states import has_epoch_form

# Calls that invoke a function or a state machine, as AWS SDKs' instrumentations name them.
_CALLS = r"^(?:Lambda|SFN|Sfn)\.(?:Invoke|Start\w*Execution)|\S invoke$"


def _process_ends(frame: Frame, process: pl.Series, stated: pl.Series) -> pl.Series:
    """Process spans that are deliveries: of nested ones the outer, unless only the
    inner ones state a context (a batch wrapper over one span a message)."""
    above = nearest_above(frame.rows, process)
    inner = process & above.is_not_null()
    if not inner.any():
        return process
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
    other = pl.col("role").is_in(["receive", "settle"]).fill_null(value=False)
    busy = frame.flag(
        frame.rows.select("role", "local_parent").filter(
            pl.col("local_parent").is_not_null() & ~other
        )["local_parent"]
    )
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
    silent = frame.rows.select("row", "role", "parent_span_id", "marked").filter(
        pl.col("role").is_null() & pl.col("parent_span_id").is_null() & pl.col("marked")
    )["row"]
    if silent.is_empty():
        return silent
    roots = frame.tell(silent, "row", "trace", "work_end", *told)
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
    rows = frame["row"].filter(process)
    told = frame.tell(
        rows, "row", "service", "scope_name", "has_children", "local_parent", *RECORD
    ).drop_nulls(RECORD)
    if told.is_empty():
        return frame.flag(told["row"])
    empty = ~pl.lit(stated).gather(pl.col("row")) & ~pl.col("has_children")
    below = told.filter(empty & pl.col("local_parent").is_not_null())
    roots = told.filter(pl.col("local_parent").is_null())
    twice = below.join(roots, on=["service", *RECORD], suffix="_root").filter(
        pl.col("scope_name") != pl.col("scope_name_root")
    )
    return frame.flag(twice["row"])


def _silent_lambdas(frame: Frame) -> pl.Series:
    """Rows of Lambda roots without trigger: Python's for an EventBridge or SNS event, and
    also for a timer or a direct call. One that sends is rather where the work entered. The
    parent may be missing where it is X-Ray's, which is no producer's: its trace id tells, or
    that the trace sends, for AWS puts segments of its own into any trace. Unless the trace
    holds a call of a function or state machine, which may have invoked it as well."""
    invoked = _lambda_roots(frame)
    if invoked.is_empty():
        return invoked["row"]
    told = frame.tell(
        invoked["row"], "trace", "trace_hi", "parent_missing", start_time_unix_nano="start"
    )
    traces = frame.rows.select("trace", "name").join(told, on="trace", how="semi")
    called = traces.filter(pl.col("name").str.contains(_CALLS))["trace"].unique()
    sends = frame.is_role("send")
    sending_traces = frame["trace"].filter(sends).unique()
    begun = pl.col("parent_span_id").is_null() | (
        pl.col("parent_missing")
        & (has_epoch_form("trace_hi") | pl.col("trace").is_in(sending_traces.implode()))
        & ~pl.col("trace").is_in(called.implode())
    )
    roots = invoked.hstack(told).filter(
        pl.col("invocation_id").is_not_null() & pl.col("trigger").is_null() & begun
    )["row"]
    sending = frame.flag(frame["top"].filter(sends))
    return roots.filter(~sending[roots])


def _lambda_roots(frame: Frame) -> pl.DataFrame:
    """SERVER spans with what tells a function's invocation: `row`, `trigger`, …"""
    rows = frame.rows.select("row", "kind", "role", "marked").filter(
        pl.col("marked") & (pl.col("kind") == SERVER) & pl.col("role").is_null()
    )["row"]
    return frame.tell(rows, "row", "parent_span_id", "trigger", "invocation_id")


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
    process = _process_ends(frame, any_process, stated) & (
        ~error_events(frame, any_process) | upstream
    )
    process &= ~ends_of_partition(frame, process, stated, resolved)
    process &= ~_told_by_hand(frame, process, stated)
    process &= stated | ~idle_polls(frame, process)
    open_ = ~frame.flag(_rows_above(frame, any_process))
    receives = frame.tell(
        frame["row"].filter(frame.is_role("receive") & open_),
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
    functions = _lambda_roots(frame)
    named = _name_a_sent_message(frame)
    by_name = named.is_in(functions.drop_nulls("invocation_id")["row"].implode())
    invoked = functions.filter(pl.col("trigger") == "pubsub")["row"]
    invoked = pl.concat([invoked, named.filter(by_name)])
    maybe = _silent_lambdas(frame)
    # What a span is first of all.
    ends = [
        ("process", frame["row"].filter(process)),
        ("process", named.filter(~by_name)),
        ("receive", rows.filter(taken)),
        ("polled", _count_only(receives, links)),
        ("invoke", invoked.filter(open_[invoked])),
        ("stated", frame["row"].filter(upstream & frame["role"].is_null() & open_)),
        ("maybe", maybe.filter((open_ & ~upstream)[maybe])),
    ]
    found = [pl.DataFrame({"row": rows}).with_columns(end=pl.lit(end)) for end, rows in ends]
    return pl.concat(found).unique("row", keep="first", maintain_order=True).sort("row")


def _rows_above(frame: Frame, wanted: pl.Series) -> pl.Series:
    """Rows that have a wanted row among their local descendants, as far as the next
    receive span or root above it."""
    found = wanted & frame["local_parent"].is_not_null()
    if not found.any():
        return frame["row"].clear()
    above = nearest_above(frame.rows, frame.is_role("receive") | frame["local_parent"].is_null())
    return pl.concat([above.filter(found).drop_nulls(), frame["top"].filter(found)])


def _local_links(frame: Frame, links: pl.DataFrame) -> pl.Series:
    """Receive spans that link to deliveries of their own service."""
    present = links.filter(pl.col("target").is_not_null()).select("row", "target")
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
