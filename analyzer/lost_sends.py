"""Where sends begin: within the work that made them, or as roots beside it.

A send that begins a trace of its own is broken when it belongs to work of its process: a
request that runs (the context was lost between threads, causes P6 and K8), a message with
the same key that was handled before (Kafka Streams and the like, K5). Schedulers, outbox
relays and scripts send roots too; nothing is missing there.
"""

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ends import Ends
from analyzer.frame import SPAN
from analyzer.hot_keys import Hot, leave_out_hot_values
from analyzer.roles import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER
from analyzer.tables import Tables
from analyzer.work_beside import find_work_beside, tell_work
from analyzer.work_with_key import find_work_with_key
from storage.cheap_rows import is_among, stack, where, with_series
from storage.schema import SENDS, SpanBatch

_SENDING = (INTERNAL, CLIENT, PRODUCER)
PLACE = ["environment", "service_namespace", "service_name", "system", "destination"]
SUSPECTED_BY = [*PLACE, "role", "origin", "scope_name"]
"""Columns of ENDPOINTS that tell which places are suspect (find_suspects)."""
_TOLD = ["keyed", "follows", "beside"]
_NO_SENDS = pl.DataFrame(SENDS.empty_table())
_NO_LOST = pl.DataFrame(
    schema={"row": pl.UInt32, "top": pl.UInt32, "origin": pl.String, "beside": pl.String}
)
_ORIGINS = pl.Series("origin", ["entry", "alone", "work"])
RECURRING = "recurring"
# That one send began beside some request is chance. Three such moments are not, if the sends
# there never began otherwise; all messages of one run of a job are one moment.
_LEAST = 3
_APART_NANO = 500_000_000


def ask_for_requests(batch: SpanBatch, owners: pl.DataFrame) -> pl.DataFrame:
    """SENDS: spans of these traces that may be sends without a parent."""
    spans = batch.spans.select([*SPAN, "parent_span_id", "kind", *SENDS.names])
    sending = pa.array(_SENDING, spans.schema.field("kind").type)
    mask = pc.and_(pc.is_null(spans["parent_span_id"]), pc.is_in(spans["kind"], sending))
    if not pc.any(mask).as_py():
        return _NO_SENDS
    roots = pl.DataFrame(spans.filter(mask)).join(owners, on=SPAN[:2], how="semi")
    if roots.is_empty():
        return _NO_SENDS
    marked = pl.DataFrame(batch.messaging.select([*SPAN, "part"])).filter(pl.col("part") == "span")
    return roots.join(marked, on=SPAN, how="semi").select(SENDS.names).unique()


def find_origins(tables: Tables, ends: Ends, hot: Hot) -> pl.DataFrame:
    """(row, origin, operation, beside) of every send: how it began.

    entry    within work that a request or message began, or whose parent is elsewhere;
             `operation` is the name of that work
    work     within other work of its service
    keyed    a root, while its service did work with one of its keys: a request of its
             process, or a message
    follows  a root, soon after a message with one of its keys was handled in its service
    beside   a root, while its process served requests of one name, the `operation`
    amid     a root, while it served several, or so many that any would seem to belong to one
    alone    a root beside nothing that it may have been sent for

    `beside` has the names of all requests and messages that its process handled when a root
    began, one a line. Work that sends to the root's destination itself has what it was to
    send: beside it a timer's message is no lost one, unless they share a key.
    """
    frame, sends = ends.frame, ends.sends["row"]
    found = _begin(ends, sends)
    roots = where(found[["row", "top"]], found["origin"] == "alone")
    if roots.is_empty():
        nothing = pl.Series("beside", [None], pl.String).new_from_index(0, found.height)
        return with_series(found[["row", "origin", "operation"]], nothing)
    work = find_work_beside(frame, roots)
    keyed = find_work_with_key(leave_out_hot_values(tables, hot), ends, roots, work)
    lacking = _without_a_send_there(ends, found, work)
    told = found.join(tell_work(lacking), on="row", how="left", suffix="_beside").join(
        keyed, on="row", how="left"
    )
    at_rest = pl.col("origin") == "alone"
    origin = (
        pl.when(~at_rest)
        .then("origin")
        .when("during")
        .then(pl.lit("keyed"))
        .when(pl.col("during").is_not_null())
        .then(pl.lit("follows"))
        .when(pl.col("operation_beside").is_not_null())
        .then(pl.lit("beside"))
        .when("busy")
        .then(pl.lit("amid"))
        .otherwise("origin")
    )
    return (
        told.with_columns(origin=origin)
        .with_columns(
            operation=pl.when(pl.col("origin") == "beside")
            .then("operation_beside")
            .otherwise("operation")
        )
        .select("row", "origin", "operation", "beside")
    )


def _begin(ends: Ends, sends: pl.Series) -> pl.DataFrame:
    """(row, top, origin, operation) of sends, roots being `alone`."""
    frame = ends.frame
    top = frame["top"][sends]
    kind, parents, cyclic, operations = frame.tell(
        top, "kind", "parent_span_id", "cyclic", "operation"
    ).get_columns()
    root = ~cyclic
    if parents.null_count() < len(parents):
        root &= parents.is_null()
    begun = (kind == SERVER) | (kind == CONSUMER) | frame.flag(ends.links["row"])[top]
    entry = ~root | begun | ends.delivered[top]
    if not entry.all():
        nothing = operations.clear(len(operations))
        operations = operations.zip_with(entry, nothing)
    origin = np.where(entry.to_numpy(), 0, np.where(ends.sending[top].to_numpy(), 1, 2))
    return pl.DataFrame(
        [sends.alias("row"), top.alias("top"), _ORIGINS[origin.astype(np.uint32)], operations]
    )


def _without_a_send_there(ends: Ends, sends: pl.DataFrame, work: pl.DataFrame) -> pl.DataFrame:
    """Of `work` (row, work, …) beside root sends that which does not send to the destination
    of the root itself. `sends` has (row, top) of all."""
    places = sends.select("row", "top").hstack(
        ends.frame.tell(sends["row"], "system", "destination")
    )
    return (
        work.join(places.select("row", "system", "destination"), on="row")
        .join(
            places.select("system", "destination", work="top"),
            on=["work", "system", "destination"],
            how="anti",
            nulls_equal=True,
        )
        .select(work.columns)
    )


def tell_lost(origins: pl.Series) -> pl.Series:
    """Boolean (null of a delivery): sends that begin as roots beside work, by their origin."""
    return (origins != "entry") & (origins != "work")


def find_suspects(endpoints: pl.DataFrame) -> pl.DataFrame:
    """PLACE of those whose root sends are looked at: others of their sends are part of work,
    or begin beside a request while some begin amid many; or the service computes streams. Of
    rows with the columns SUSPECTED_BY."""
    lost = where(endpoints[PLACE], tell_lost(endpoints["origin"]))
    if lost.is_empty():
        return lost
    lost = lost.unique()
    endpoints = endpoints[SUSPECTED_BY].unique()
    sends = where(endpoints, endpoints["role"] == "send")
    entries, beside, amid = (
        where(sends[PLACE], sends["origin"] == origin) for origin in ("entry", "beside", "amid")
    )
    records = where(lost, lost["system"] == "kafka")
    found = [
        _like(lost, entries, PLACE),
        _like(amid, beside, PLACE),
        _like(records, _streaming(endpoints), PLACE[:3]),
    ]
    return stack(found).unique()


def _like(places: pl.DataFrame, others: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """The places that some of the others are like."""
    if places.is_empty() or others.is_empty():
        return places.clear()
    return places.join(others, on=on, how="semi", nulls_equal=True)


def _streaming(endpoints: pl.DataFrame) -> pl.DataFrame:
    """Services that compute streams, some maybe several times."""
    role = endpoints["role"]
    consuming = where(endpoints, (role == "process") & (endpoints["system"] == "kafka"))
    writes = where(endpoints, role == "send")
    writes = where(writes, writes["destination"].str.contains(INNER_TOPIC))
    scope = where(consuming, consuming["scope_name"].str.contains(STREAMS_SCOPE))
    return stack([scope, _like(writes, consuming, PLACE[:3])])[PLACE[:3]]


# Topics that Kafka Streams makes for itself.
INNER_TOPIC = r"-(?:changelog|repartition)$"
# Kafka Streams, and what computes streams alike in Python, .NET and Go.
STREAMS_SCOPE = r"(?i)kafka[-_.]?streams|\bfaust\b|quix[-_.]?streams|streamiz|\bgoka\b"


def tell_recurring(facts: pl.DataFrame) -> pl.Expr:
    """Boolean of these rows of `SpanStore.endpoint_facts`: they are about work beside which
    root sends begin again and again, at one PLACE."""
    beside = (pl.col("role") == "send") & (pl.col("origin") == "beside")
    if not (facts["origin"] == "beside").any():
        return pl.lit(value=False)
    count, first, last = (
        pl.when(beside).then(name)
        for name in ("count", "first_start_unix_nano", "last_start_unix_nano")
    )
    often = count.sum() >= _LEAST
    apart = (last.max() - first.min() >= _APART_NANO).fill_null(value=False)
    return (often & apart).over(*PLACE, "operation")


def select_lost(
    ends: Ends, endpoints: pl.DataFrame, origins: pl.DataFrame, known: pl.DataFrame | None
) -> pl.DataFrame:
    """(row, top, origin, beside) of the sends that may be broken: whether they are is told by
    what surrounds them. `origins` as find_origins has them, `known` are suspects that the
    endpoints do not show."""
    mask = tell_lost(endpoints["origin"])
    if not mask.any():
        return _NO_LOST
    lost = where(endpoints[["row", "origin", *PLACE]], mask)
    suspects = find_suspects(endpoints)
    if known is not None:
        suspects = stack([suspects, known[suspects.columns]])
    here = _like(lost, suspects, PLACE)
    seen = where(lost, lost["origin"].is_in(_TOLD) | is_among(lost["row"], here["row"]))
    row = seen["row"]
    beside = ends.frame.look_up(origins[["row", "beside"]], row)
    return pl.DataFrame([row, ends.frame["top"][row].alias("top"), seen["origin"], *beside])
