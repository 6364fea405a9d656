"""The tree inside a trace, where parents run in circles."""

import polars as pl

from analyzer.span_ids import SpanIds
from analyzer.structure import find_parents

LONG = 200_000  # walked once for each of its rows, this circle would take an hour


def _circle(length: int) -> pl.DataFrame:
    """Spans 1 to `length` of one trace, each the parent of the one before, the first one
    that of the last."""
    rows = pl.DataFrame({"row": pl.int_range(length, dtype=pl.UInt32, eager=True)})
    return rows.with_columns(
        trace=pl.lit(0, pl.UInt32),
        trace_hi=pl.lit(7, pl.UInt64),
        trace_lo=pl.lit(0, pl.UInt64),
        span_id=pl.col("row").cast(pl.UInt64) + 1,
        parent_span_id=(pl.col("row").cast(pl.UInt64) + 1) % length + 1,
        service=pl.lit(0, pl.UInt32),
        meaning=pl.lit(0, pl.UInt32),
    )


def _find_parents(rows: pl.DataFrame) -> pl.DataFrame:
    return find_parents(rows, pl.DataFrame({"role": [None]}), SpanIds(rows))


def test_a_circle_is_cut_at_its_first_row_however_long_it_is() -> None:
    for length in (2, 9, LONG):
        circle = _circle(length)
        found = _find_parents(circle)
        assert found.filter(pl.col("parent").is_null())["row"].to_list() == [0]
        assert found["top"].unique().to_list() == [0]
        assert found.filter("cyclic")["row"].to_list() == [0]


def test_every_circle_is_cut_once() -> None:
    one, two = _circle(3), _circle(4)
    other = two.with_columns(
        pl.col("row") + 3, trace=pl.lit(1, pl.UInt32), trace_lo=pl.lit(1, pl.UInt64)
    )
    both = pl.concat([one, other])
    assert _find_parents(both).filter("cyclic")["row"].to_list() == [0, 3]
