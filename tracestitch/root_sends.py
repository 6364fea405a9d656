"""What the analysis of sends that begin traces needs from the store beside shared keys: the
requests that ran beside them, and earlier sends like them.

Requests share no key with the roots that lost them. A key a request would cost every trace
a row; asked for by process and time, they cost something only where there are such roots
(docs/adr/0019).
"""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa

from analyzer.lost_sends import PLACE, SUSPECTED_BY, ask_for_requests, find_suspects, tell_lost
from analyzer.work_beside import BOUNDS
from storage.contract import EndpointQuery, SpanStore
from storage.memory_frames import arrow
from storage.schema import BATCH_SCHEMAS, SENDS, TRACE_IDS, SpanBatch

# Root sends that are looked at again at once.
_AT_ONCE = 10_000


def find_disturbed(
    store: SpanStore, facts: pl.DataFrame, after: int, upto: int, traces: pa.Table
) -> pa.Table:
    """TRACE_IDS of stored root sends beside which a request arrived with these generations, or
    one of these traces ran, to which something arrived: maybe its own send."""
    if not ((facts["role"] == "send") & facts["is_root"]).any():
        return TRACE_IDS.empty_table()
    return store.sends_beside(after, upto, traces, BOUNDS)


def add_requests(
    store: SpanStore, batch: SpanBatch, traces: pa.Table, owners: pa.Table
) -> SpanBatch:
    """The spans of `traces` that the batch has, and those of the requests beside the root sends
    of the owners."""
    asked = ask_for_requests(batch, pl.DataFrame(owners))
    if asked.is_empty():
        return batch
    beside = pl.DataFrame(store.requests_beside(arrow(asked, SENDS), BOUNDS))
    others = beside.join(pl.DataFrame(traces), on=TRACE_IDS.names, how="anti")
    if others.is_empty():
        return batch
    more = store.analysis_input(arrow(others, TRACE_IDS))
    return SpanBatch(
        **{
            name: pa.concat_tables([getattr(batch, name), getattr(more, name)])
            for name in BATCH_SCHEMAS
        }
    )


def find_new_suspects(
    facts: pl.DataFrame, known: pl.DataFrame, endpoints: pa.Table
) -> pl.DataFrame:
    """Places whose root sends may be broken, beside the `known` ones by the facts before a
    pass, with the endpoints of the pass."""
    if not any(tell_lost(pl.Series(rows["origin"])).any() for rows in (facts, endpoints)):
        return known[:0]
    told = pl.DataFrame(endpoints.select(SUSPECTED_BY))
    both = find_suspects(pl.concat([facts.select(SUSPECTED_BY), told]))
    return both.join(known, on=PLACE, how="anti", nulls_equal=True)


def earlier_sends(store: SpanStore, places: pl.DataFrame) -> Iterator[pa.Table]:
    """TRACE_IDS of the stored root sends of these places, a part at a time."""
    for place in places.iter_rows(named=True):
        end = None
        while True:
            query = EndpointQuery(role="send", end=end, **place)
            found = pl.DataFrame(store.endpoints(query, _AT_ONCE))
            roots = found.filter("is_root").select(TRACE_IDS.names).unique()
            if not roots.is_empty():
                yield arrow(roots, TRACE_IDS)
            # of those that began at the last instant some may be left
            last = found["start_time_unix_nano"].min()
            if found.height < _AT_ONCE or not isinstance(last, int) or last + 1 == end:
                break
            end = last + 1
