"""Batches of spans as lean rows: several as one, and as the analysis reads them."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from storage.arrays import ODD, Rows, U64Array, starts_of_runs
from storage.lean_rows import LeanRows, join_rows
from storage.memory_frames import DICTIONARIES, arrow, read
from storage.results import SPAN_ORDER
from storage.schema import BATCH_SCHEMAS, CORRELATION, KEYS, SpanBatch
from storage.trace_sets import are_among, sort_ids

LeanTables = dict[str, LeanRows]
"""Of BATCH_SCHEMAS."""


def read_batch(batch: SpanBatch) -> LeanTables:
    return {name: LeanRows.of_table(getattr(batch, name)) for name in BATCH_SCHEMAS}


def join_tables(parts: Sequence[LeanTables]) -> LeanTables:
    """Of batches that share no spans, one at least; what a batch names by the same id as one
    before it is there once."""
    if len(parts) == 1:
        return parts[0]
    joined = {}
    for name in BATCH_SCHEMAS:
        tables = [part[name] for part in parts]
        if name in DICTIONARIES:
            tables = list(_each_new(tables, DICTIONARIES[name][0]))
        joined[name] = join_rows(tables)
    return joined


def make_batch(rows: LeanTables) -> SpanBatch:
    """As `SpanStore.analysis_input` gives it: spans in order, without keys."""
    made = {name: rows[name].table(columns) for name, columns in BATCH_SCHEMAS.items()}
    once = {name: _each_once(name, rows[name]).table(BATCH_SCHEMAS[name]) for name in DICTIONARIES}
    spans = rows["spans"].at(order_spans(rows["spans"])).table(BATCH_SCHEMAS["spans"])
    return SpanBatch(**(made | once | {"spans": spans, "keys": KEYS.empty_table()}))


def order_spans(spans: LeanRows) -> Rows:
    """The rows in SPAN_ORDER. By numbers that begin with the trace's, which rows are nearly in
    order of as they come: a sixth of what sorting by the columns takes."""
    high, low, start, ids, hashes = (spans.numbers(name) for name in SPAN_ORDER)
    firsts = starts_of_runs(low, high)
    traces = np.repeat(_rank(high[firsts], low[firsts]), np.diff(firsts, append=len(low)))
    starts, bits = _narrow(start, 64 - len(firsts).bit_length())
    keys = traces << bits | starts
    order = np.argsort(keys, kind="stable")
    same = np.diff(keys[order]) == 0
    tied = np.zeros(len(order), np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    rows = order[tied]
    order[tied] = rows[np.lexsort((hashes[rows], ids[rows], keys[rows]))]
    return order


def _narrow(times: npt.NDArray[np.int64], most_bits: int) -> tuple[U64Array, np.uint64]:
    """Numbers in the order of the times, from 1970 on, the same for the same, of so many bits
    each."""
    if not len(times):
        return times.view(np.uint64), np.uint64(0)
    first, last = int(times.min()), int(times.max())
    if (last - first).bit_length() <= most_bits:
        return (times - first).view(np.uint64), np.uint64((last - first).bit_length())
    ranks = _rank(times.view(np.uint64), times.view(np.uint64))
    return ranks, np.uint64(len(times).bit_length())


def _rank(high: U64Array, low: U64Array) -> U64Array:
    """Numbers in the order of these traces, the same for the same."""
    order = np.lexsort((low, high))
    firsts = starts_of_runs(high[order], low[order])
    ranks = np.empty(len(order), np.uint64)
    ranks[order] = np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(order)))
    return ranks


def _each_new(tables: Sequence[LeanRows], key: str) -> Iterator[LeanRows]:
    """Of each the rows with ids that stand in none before."""
    known = sort_ids([])
    for table in tables:
        ids = table.numbers(key)
        new = ~are_among(ids, known)
        yield table if new.all() else table.at(np.flatnonzero(new))
        known = sort_ids([known, ids])


def _each_once(name: str, rows: LeanRows) -> LeanRows:
    """Each row of a dictionary once."""
    ids = rows.numbers(DICTIONARIES[name][0])
    if name != "correlation":
        order = np.argsort(ids)
        once = order[starts_of_runs(ids[order])]
        return rows if len(once) == len(ids) else rows.at(np.sort(once))
    # A set has a row a key. Where no two of these sums are the same, no two rows are.
    sums = ids + rows.codes("key") * ODD
    if len(sort_ids([sums])) == len(sums):
        return rows
    distinct = read(rows.table(CORRELATION)).unique(DICTIONARIES[name])
    return LeanRows.of_table(arrow(distinct, CORRELATION))
