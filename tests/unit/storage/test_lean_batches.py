"""Batches of spans as lean rows: what the engines' own order and joins would give."""

from typing import Any

import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from storage.lean_batches import join_tables, make_batch, order_spans, read_batch
from storage.lean_rows import LeanRows
from storage.results import SPAN_ORDER
from storage.schema import CORRELATION, SpanBatch
from tests.contract.rows import correlated, span
from tests.contract.rows import make_batch as a_batch

_TIMES = st.integers(0, 2) | st.sampled_from([10**18, 2**63 - 1])
_SPANS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), _TIMES, st.integers(0, 2), st.integers(0, 2)),
    max_size=12,
)
_TYPES = (pl.UInt64, pl.UInt64, pl.Int64, pl.UInt64, pl.UInt32)


@given(_SPANS)
def test_spans_are_put_in_the_order_of_their_columns(rows: list[Any]) -> None:
    types = dict(zip(SPAN_ORDER, _TYPES, strict=True))
    frame = pl.DataFrame(rows, types, orient="row")
    table = frame.to_arrow()
    found = frame[order_spans(LeanRows.of_table(table))]
    assert found.rows() == sorted(rows)


def _one(trace: int, resource: int = 1) -> SpanBatch:
    row = span(trace, trace, resource_id=resource)
    return a_batch([row], correlation=[correlated(row, "A"), correlated(row, "B", key="b")])


def _again(batch: SpanBatch, name: str) -> SpanBatch:
    """Which says twice what stands in a table."""
    tables = {each: getattr(batch, each) for each in SpanBatch.__slots__}
    return SpanBatch(**tables | {name: pa.concat_tables([tables[name], tables[name]])})


def test_what_several_batches_name_stands_in_their_join_once() -> None:
    parts = [read_batch(_one(trace)) for trace in (2, 1)]
    joined = make_batch(join_tables(parts))
    assert joined.spans["trace_lo"].to_pylist() == [1, 2]
    whole = make_batch(join_tables(parts[:1]))
    assert joined.resources == whole.resources
    assert joined.correlation == whole.correlation
    assert joined.correlation.num_rows == 2
    assert joined.keys.num_rows == 0


def test_what_a_batch_says_twice_is_told_once() -> None:
    batch = _one(1)
    for name in ("resources", "correlation"):
        told = getattr(make_batch(read_batch(_again(batch, name))), name)
        assert sorted(map(str, told.to_pylist())) == sorted(
            map(str, getattr(batch, name).to_pylist())
        )
    assert make_batch(read_batch(batch)).correlation.schema == CORRELATION
