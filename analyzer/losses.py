"""What traces keep that have lost something: deleting never makes an orphan.

Looked at again, a trace whose producer, rival or explanation is deleted would lose its
connection or get another cause. So what was said of it stays, and only what is about a
span that just arrived is taken from the new answers: a late producer still finds its
consumer, and a late consumer is judged by what is stored.
"""

import polars as pl
import pyarrow as pa

from analyzer.analysis import Answers
from analyzer.frame import SPAN
from analyzer.rules import DRAWN
from storage.memory_frames import arrow
from storage.schema import CONNECTIONS, ENDPOINTS

_TRACE = SPAN[:2]
_PRODUCER = [f"producer_{name}" for name in SPAN]
_CONSUMER = [f"consumer_{name}" for name in SPAN]
_CONSUMER_TRACE = _CONSUMER[:2]
_PAIR = _PRODUCER + _CONSUMER


def keep_answers(new: Answers, old: Answers, lost: pa.Table, arrived: pa.Table) -> Answers:
    """The new answers, but for the traces `lost` (TRACE_IDS).

    `old` are the stored answers of those traces; `arrived` (SPAN_IDS) are the spans, of
    those traces and of the traces of their producers, that were not analysed before.
    """
    traces, spans = pl.DataFrame(lost), pl.DataFrame(arrived)
    connections = pl.DataFrame(new.connections)
    mine = connections.join(traces, left_on=_CONSUMER_TRACE, right_on=_TRACE, how="semi")
    before = pl.DataFrame(old.connections)
    fresh = _find_fresh(mine, before, spans)
    kept = _keep_connections(before, mine, fresh, spans)
    other_connections = connections.join(
        traces, left_on=_CONSUMER_TRACE, right_on=_TRACE, how="anti"
    )
    return Answers(
        endpoints=_keep_endpoints(new.endpoints, old.endpoints, traces, fresh, spans),
        connections=arrow(pl.concat([other_connections, kept, fresh]), CONNECTIONS),
        orphans=_keep_orphans(new.orphans, old.orphans, traces, fresh, spans),
    )


def _find_fresh(new: pl.DataFrame, old: pl.DataFrame, arrived: pl.DataFrame) -> pl.DataFrame:
    """Connections of which an end arrived. Not a stitch of a consumer whose producer is
    gone: beside that one, the new producer might not have been chosen."""
    late = new.join(arrived, left_on=_CONSUMER, right_on=SPAN, how="semi")
    gone = old.filter(pl.col("confidence") >= DRAWN).join(new, on=_PAIR, how="anti")
    sent = new.join(arrived, left_on=_PRODUCER, right_on=SPAN, how="semi")
    doubtful = sent.filter(pl.col("relation") == "stitch").join(gone, on=_CONSUMER, how="semi")
    return pl.concat([late, sent.join(doubtful, on=_PAIR, how="anti")]).unique(_PAIR)


def _keep_connections(
    old: pl.DataFrame, new: pl.DataFrame, fresh: pl.DataFrame, arrived: pl.DataFrame
) -> pl.DataFrame:
    """The old ones, except those of consumers that arrived (told anew after a crash),
    stitches of a consumer that is connected by parent or link now, and those whose
    delivery moved to a span that arrived below."""
    stated = fresh.filter(pl.col("relation") != "stitch")
    over = [
        fresh,
        old.join(arrived, left_on=_CONSUMER, right_on=SPAN, how="semi"),
        old.filter(pl.col("relation") == "stitch").join(stated, on=_CONSUMER, how="semi"),
        old.join(new, on=_PAIR, how="anti").join(
            fresh, on=[*_PRODUCER, *_CONSUMER_TRACE], how="semi"
        ),
    ]
    return old.join(pl.concat(rows.select(_PAIR) for rows in over), on=_PAIR, how="anti")


def _keep_endpoints(
    new: pa.Table, old: pa.Table, lost: pl.DataFrame, fresh: pl.DataFrame, arrived: pl.DataFrame
) -> pa.Table:
    """New rows of spans that arrived or got a connection, old ones of the others."""
    ends = pl.DataFrame(new)
    told = pl.concat(
        [arrived, fresh.select(_CONSUMER).rename(lambda name: name.removeprefix("consumer_"))]
    )
    rows = [
        ends.join(lost, on=_TRACE, how="anti"),
        ends.join(lost, on=_TRACE, how="semi").join(told, on=SPAN, how="semi"),
        pl.DataFrame(old).join(told, on=SPAN, how="anti"),
    ]
    return arrow(pl.concat(rows), ENDPOINTS)


def _keep_orphans(
    new: pl.DataFrame,
    old: pl.DataFrame,
    lost: pl.DataFrame,
    fresh: pl.DataFrame,
    arrived: pl.DataFrame,
) -> pl.DataFrame:
    """New rows of roots that arrived or whose producer was found now, old ones of the
    others, but not of a root that is none any more while its trace is connected now. The
    facts of the new ones say that something is lost."""
    mine = new.join(lost, on=_TRACE, how="semi").with_columns(
        pl.col("facts").str.replace('"lost":false', '"lost":true', literal=True)
    )
    told = pl.concat(
        [
            mine.join(arrived, on=SPAN, how="semi"),
            mine.join(
                fresh,
                left_on=[*_TRACE, *_PRODUCER],
                right_on=[*_CONSUMER_TRACE, *_PRODUCER],
                how="semi",
            ),
        ]
    ).unique(SPAN)
    connected = fresh.filter(pl.col("relation") != "stitch").select(_CONSUMER_TRACE)
    healed = old.join(mine, on=SPAN, how="anti").join(
        connected, left_on=_TRACE, right_on=_CONSUMER_TRACE, how="semi"
    )
    over = pl.concat(rows.select(SPAN) for rows in (told, arrived, healed))
    return pl.concat(
        [new.join(lost, on=_TRACE, how="anti"), told, old.join(over, on=SPAN, how="anti")]
    )
