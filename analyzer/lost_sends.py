"""Where sends begin: within the work that made them, or as roots beside it.

A send that begins a trace of its own is broken when it belongs to work of its process: a
request that runs (the context was lost between threads, causes P6 and K8), a message with
the same key that was handled before (Kafka Streams and the like, K5). Schedulers, outbox
relays and scripts send roots too; nothing is missing there.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.frame import Frame, read_table
from analyzer.hot_keys import Hot, leave_out_hot_values
from analyzer.roles import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER
from storage.request_reads import RequestBounds
from storage.schema import SENDS, SpanBatch

_SECOND = 1_000_000_000
# How long after the beginning of a request a send is still looked for in it, and how long
# after its end: what a pool of threads took over may start when the answer is out.
WITHIN_NANO = 2 * _SECOND
AFTER_NANO = 50_000_000
# Among more requests at once any root would seem to be part of one.
MOST = 3
# The latest ones that are looked at (SpanStore.requests_beside).
LATEST = 16
BOUNDS = RequestBounds(WITHIN_NANO, AFTER_NANO, LATEST)
_ROOTS_AT_ONCE = 500
# How long after a message a send with its key can be a result of it.
_FOLLOWS_NANO = 5 * _SECOND
_SENDING = (INTERNAL, CLIENT, PRODUCER)
PLACE = ["environment", "service_namespace", "service_name", "system", "destination"]
_TOLD = ["beside", "follows"]
_LOST = ["alone", "amid", *_TOLD]


def ask_for_requests(batch: SpanBatch, owners: pl.DataFrame) -> pl.DataFrame:
    """SENDS: spans of these traces that may be sends without a parent."""
    roots = read_table(batch, "spans").filter(
        pl.col("parent_span_id").is_null() & pl.col("kind").is_in(_SENDING)
    )
    marked = read_table(batch, "messaging").filter(pl.col("part") == "span")
    trace = ["trace_hi", "trace_lo"]
    return (
        roots.join(marked, on=[*trace, "span_id"], how="semi")
        .join(owners, on=trace, how="semi")
        .select(SENDS.names)
        .unique()
    )


def find_origins(batch: SpanBatch, ends: Ends, hot: Hot) -> pl.DataFrame:
    """(row, origin) of every send: how it began.

    entry    within work that a request or message began, or whose parent is elsewhere
    work     within other work of its service
    beside   a root, while a request of its process ran, or a message with one of its keys
             was handled
    follows  a root, soon after a message with one of its keys was handled in its service
    amid     a root, while so many requests ran that any would seem to belong to one
    alone    a root beside nothing
    """
    frame, sends = ends.frame, ends.sends["row"]
    top = frame["top"].gather(sends)
    told = frame.tell(top, "kind", "parent_span_id", "cyclic").with_columns(
        row=sends,
        top=top,
        sending=frame.flag(ends.units["row"]).gather(top),
        linked=frame.flag(ends.links["row"]).gather(top),
        delivered=frame.flag(ends.deliveries["row"]).gather(top),
    )
    root = pl.col("parent_span_id").is_null() & ~pl.col("cyclic")
    entry = (
        ~root | pl.col("kind").is_in([SERVER, CONSUMER]) | pl.any_horizontal("linked", "delivered")
    )
    origin = pl.when(entry).then(pl.lit("entry")).when("sending").then(pl.lit("alone"))
    found = told.select("row", "top", origin.otherwise(pl.lit("work")).alias("origin"))
    roots = found.filter(pl.col("origin") == "alone").select("row", "top")
    if roots.is_empty():
        return found.select("row", "origin")
    keyed = _after_messages(leave_out_hot_values(batch, hot), ends, roots)
    requests = _beside_requests(frame, roots)
    beside = pl.concat([requests.filter("few")["row"], keyed.filter("during")["row"]])
    follows = keyed["row"]
    return found.select(
        "row",
        pl.when(pl.col("row").is_in(beside.unique().implode()))
        .then(pl.lit("beside"))
        .when(pl.col("row").is_in(follows.unique().implode()))
        .then(pl.lit("follows"))
        .when(pl.col("row").is_in(requests["row"].implode()))
        .then(pl.lit("amid"))
        .otherwise("origin")
        .alias("origin"),
    )


def _beside_requests(frame: Frame, roots: pl.DataFrame) -> pl.DataFrame:
    """(row, few) of the roots that begin while a request of their process runs, or else just
    after, and whether there are few such."""
    asked = pl.DataFrame(
        {
            "row": roots["row"],
            "resource": frame["resource"].gather(roots["top"]),
            "sent": frame["start"].gather(roots["top"]),
        }
    )
    requests = (
        frame.rows.filter(
            (pl.col("kind") == SERVER) & pl.col("resource").is_in(asked["resource"].implode())
        )
        .sort(
            *("start", "trace_hi", "trace_lo", "span_id"),
            descending=[True, False, False, False],
        )
        .select("resource", "top", "start", "end", second=pl.col("start") // _SECOND)
        .with_row_index("place")
    )
    # A part at a time: many sends and requests of one second are very many pairs.
    latest = pl.concat([_find_latest(part, requests) for part in asked.iter_slices(_ROOTS_AT_ONCE)])
    now = pl.col("sent") <= pl.col("end")
    counted = latest.group_by("row").agg(
        running=pl.col("top").filter(now).n_unique(), ended=pl.col("top").filter(~now).n_unique()
    )
    few = pl.when(pl.col("running") > 0).then("running").otherwise("ended") <= MOST
    return counted.select("row", few=few)


def _find_latest(asked: pl.DataFrame, requests: pl.DataFrame) -> pl.DataFrame:
    """(row, top, sent, end) of the latest requests, which come first, beside these roots."""
    back = range(WITHIN_NANO // _SECOND + 1)
    seconds = pl.concat([asked.with_columns(second=pl.col("sent") // _SECOND - n) for n in back])
    since = pl.col("sent") - pl.col("start")  # no sum of times may leave their range
    return (
        seconds.join(requests, on=["resource", "second"])
        .filter(since.is_between(0, WITHIN_NANO) & (pl.col("sent") - pl.col("end") <= AFTER_NANO))
        .sort("row", "place")
        .group_by("row", maintain_order=True)
        .head(LATEST)
        .select("row", "top", "sent", "end")
    )


def _after_messages(batch: SpanBatch, ends: Ends, roots: pl.DataFrame) -> pl.DataFrame:
    """(row, during) of the roots before which a message with the same key was handled by
    their service, and whether it still was."""
    frame = ends.frame
    values = read_table(batch, "correlation")
    keys = frame.rows.select("top", "service", "world", "correlation_id").drop_nulls()
    keys = keys.unique().join(values, on="correlation_id").drop("correlation_id").unique()
    mine = roots.join(keys, on="top").with_columns(
        sent=pl.lit(frame["start"]).gather(pl.col("top"))
    )
    handled = (
        ends.deliveries.select("top")
        .unique()
        .join(keys, on="top")
        .with_columns(
            kind=pl.lit(frame["kind"]).gather(pl.col("top")),
            began=pl.lit(frame["start"]).gather(pl.col("top")),
            ended=pl.lit(frame["work_end"]).gather(pl.col("top")),
        )
        .filter(pl.col("kind") == CONSUMER)
    )
    return (
        mine.join(handled, on=["service", "key", "value"])
        .filter(
            (pl.col("began") <= pl.col("sent"))
            & (pl.col("sent") - pl.col("ended") <= _FOLLOWS_NANO)
        )
        .select("row", during=pl.col("sent") <= pl.col("ended") + AFTER_NANO)
        .group_by("row")
        .agg(pl.col("during").any())
    )


def find_suspects(endpoints: pl.DataFrame) -> pl.DataFrame:
    """PLACE of those whose root sends are looked at: others of their sends are part of work,
    or begin beside a request while some begin amid many; or the service computes streams. Of
    rows with the columns of ENDPOINTS."""
    sends = endpoints.filter(pl.col("role") == "send")
    lost = sends.filter(pl.col("origin").is_in(_LOST)).select(PLACE).unique()
    if lost.is_empty():
        return lost
    entries = sends.filter(pl.col("origin") == "entry").select(PLACE).unique()
    beside = sends.filter(pl.col("origin") == "beside").select(PLACE).unique()
    amid = sends.filter(pl.col("origin") == "amid").select(PLACE).unique()
    mixed = pl.concat(
        [
            lost.join(entries, on=PLACE, how="semi", nulls_equal=True),
            amid.join(beside, on=PLACE, how="semi", nulls_equal=True),
        ]
    )
    streams = lost.join(_streaming(endpoints), on=PLACE[:3], how="semi", nulls_equal=True).filter(
        pl.col("system") == "kafka"
    )
    return pl.concat([mixed, streams]).unique()


def _streaming(endpoints: pl.DataFrame) -> pl.DataFrame:
    """Services that compute streams."""
    consuming = endpoints.filter((pl.col("role") == "process") & (pl.col("system") == "kafka"))
    writes = endpoints.filter(pl.col("role") == "send").filter(
        pl.col("destination").str.contains(INNER_TOPIC)
    )
    scope = consuming.filter(pl.col("scope_name").str.contains(STREAMS_SCOPE))
    own = writes.join(consuming, on=PLACE[:3], how="semi", nulls_equal=True)
    return pl.concat([scope.select(PLACE[:3]), own.select(PLACE[:3])]).unique()


# Topics that Kafka Streams makes for itself.
INNER_TOPIC = r"-(?:changelog|repartition)$"
STREAMS_SCOPE = r"kafka[-_.]streams"


def select_lost(ends: Ends, endpoints: pl.DataFrame, known: pl.DataFrame | None) -> pl.DataFrame:
    """(row, top, origin) of the sends that may be broken: whether they are is told by what
    surrounds them. `known` are suspects that the endpoints do not show."""
    lost = endpoints.filter(pl.col("origin").is_in(_LOST))
    if lost.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, "top": pl.UInt32, "origin": pl.String})
    suspects = find_suspects(endpoints)
    if known is not None:
        suspects = pl.concat([suspects, known.select(suspects.columns)]).unique()
    here = lost.join(suspects, on=PLACE, how="semi", nulls_equal=True)
    seen = lost.filter(pl.col("origin").is_in(_TOLD) | pl.col("row").is_in(here["row"].implode()))
    return seen.select("row", ends.frame["top"].gather(seen["row"]).alias("top"), "origin")
