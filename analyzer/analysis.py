"""The whole analysis as two pure functions of the stored spans.

`analyse` reads top to bottom: normalise names and assign roles (frame), find the ends of
hand-overs, collect evidence in order of strength (stitching), keep what was found
(answers, orphans). `judging.judge` then names the causes.
"""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from analyzer.answers import connection_rows, endpoint_rows
from analyzer.ends import find_ends
from analyzer.hot_keys import Hot
from analyzer.lost_sends import find_origins, select_lost
from analyzer.orphans import ROOTS, orphan_rows
from analyzer.remarks import add_remarks
from analyzer.stitching import stitch
from analyzer.tables import Tables
from analyzer.verdict_rows import JUDGED
from storage.cheap_rows import with_series
from storage.memory_frames import as_views
from storage.schema import CONNECTIONS, ENDPOINTS, ORPHANS, SpanBatch


@dataclass(frozen=True, slots=True)
class Answers:
    """Tables of the schemas of the same name, whose texts may be views; `orphans` still without
    verdicts."""

    endpoints: pa.Table
    connections: pa.Table
    orphans: pl.DataFrame


def analyse(
    batch: SpanBatch,
    owners: pa.Table | None = None,
    hot: Hot = frozenset(),
    suspects: pl.DataFrame | None = None,
) -> Answers:
    """Endpoints, connections and orphan roots owned by the traces `owners` (TRACE_IDS, each
    once; None for all), given everything around them. Values whose key is `hot` join nothing.
    `suspects` are further places whose root sends may be broken
    (analyzer.lost_sends.find_suspects) than those that the batch shows.

    A pure function of the set of spans: order, batching and repetition change nothing.
    Never raises on data.
    """
    tables = Tables(batch)
    ends = find_ends(tables, hot)
    connections = connection_rows(ends, add_remarks(tables, ends, stitch(tables, ends, hot)))
    origins = find_origins(tables, ends, hot)
    endpoints = endpoint_rows(ends, connections, origins)
    lost = select_lost(ends, endpoints, origins, suspects)
    orphans = orphan_rows(tables, ends, connections, lost)
    if owners is not None:
        owned = ends.frame.is_in_traces(pl.DataFrame(owners))
        if not owned.all():
            endpoints = endpoints.filter(owned[endpoints["row"]])
            orphans = orphans.filter(owned[orphans["row"]])
            mine = owned[connections["delivery"]]
            connections = connections[CONNECTIONS.names].filter(mine)
    unjudged = with_series(
        orphans,
        *(
            pl.Series(name, [None], ROOTS[name]).new_from_index(0, orphans.height)
            for name in JUDGED
            if name not in orphans.columns
        ),
    )
    return Answers(
        endpoints=as_views(endpoints, ENDPOINTS),
        connections=as_views(connections, CONNECTIONS),
        orphans=unjudged[ORPHANS.names],
    )
