"""Rows of frames picked and found without Polars' query engine.

A query of a frame (`filter`, `join`, `unique`, `concat`) is planned and handed to another
thread: 0.1 to 0.5 ms of CPU whatever the frame holds. A pass of the analysis asks hundreds of
them of frames that hold little or nothing. What stands here gives the same rows and works on
columns, on the thread that asks.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl
import pyarrow.compute as pc

from storage.arrays import U64Array
from storage.id_table import IdTable


def where(frame: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """`frame.filter(mask)`: the rows that a Boolean of the frame's height says, null being
    false."""
    return pl.DataFrame([column.filter(mask) for column in frame.get_columns()])


def at(frame: pl.DataFrame, places: pl.Series | np.ndarray) -> pl.DataFrame:
    """`frame[places]`: the rows at these places (no null among them), in their order."""
    places = pl.Series(places)
    return pl.DataFrame([pick(column, places) for column in frame.get_columns()])


def pick(column: pl.Series, places: pl.Series) -> pl.Series:
    """`column[places]`, null where a place is. Many columns say nothing anywhere, which takes no
    looking up; and in one that came in parts each place is looked for in all of them."""
    if column.null_count() == len(column) > 0:
        return column.new_from_index(0, len(places))
    return (column.rechunk() if column.n_chunks() > 1 else column)[places]


def is_given(column: pl.Series) -> pl.Series:
    """`column.is_not_null()`."""
    nulls = column.null_count()
    if nulls in {0, len(column)}:
        return pl.Series(column.name, [not nulls], pl.Boolean).new_from_index(0, len(column))
    if column.dtype.is_numeric():
        return pl.Series(column.name, pc.is_valid(column.to_arrow()))
    return column.is_not_null()


def with_series(frame: pl.DataFrame, *columns: pl.Series, **named: pl.Series) -> pl.DataFrame:
    """`frame.with_columns` of columns that are worked out already."""
    given = {column.name: column for column in columns}
    given |= {name: column.alias(name) for name, column in named.items()}
    kept = [given.pop(column.name, column) for column in frame.get_columns()]
    return pl.DataFrame([*kept, *given.values()])


def stack(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """`pl.concat` of frames with the same columns in the same order, of which there is one at
    least. Raises polars.exceptions.PolarsError where those with rows differ."""
    whole, *others = frames
    filled = [frame for frame in others if frame.height]
    if not filled:
        return whole
    if whole.is_empty() and len(filled) == 1 and whole.schema == filled[0].schema:
        return filled[0]
    for frame in filled:
        whole = whole.vstack(frame)
    return whole


def is_among(keys: pl.Series, others: pl.Series) -> pl.Series:
    """Boolean: which of the keys stand in `others`, whole numbers of the same type; null in
    neither is one."""
    if others.null_count():
        others = others.filter(is_given(others))
    if keys.is_empty() or others.is_empty():
        return pl.Series(keys.name, [False], pl.Boolean).new_from_index(0, len(keys))
    _, found = IdTable(_numbers(others)).find(_numbers(keys))
    told = pl.Series(keys.name, found)
    return told & is_given(keys) if keys.null_count() else told


def places_among(keys: pl.Series, others: pl.Series) -> pl.Series:
    """Of each key the first place (U32) where it stands in `others`, whole numbers of the same
    type; null where it does not, and of null."""
    nothing = pl.Series(keys.name, [None], pl.UInt32).new_from_index(0, len(keys))
    given = is_given(others).arg_true() if others.null_count() else None
    if given is not None:
        others = others[given]
    if keys.is_empty() or others.is_empty():
        return nothing
    places, found = IdTable(_numbers(others)).find(_numbers(keys))
    told = pl.Series(keys.name, places)
    if given is not None:
        told = given[told].alias(keys.name)
    if keys.null_count():
        found &= is_given(keys).to_numpy()
    return told if found.all() else told.zip_with(pl.Series(found), nothing)


def pair(first: pl.Series, then: pl.Series) -> pl.Series:
    """One number (U64) for each two of 32 bits, the same for the same pair; null where one is."""
    return first.cast(pl.UInt64) * 2**32 + then.cast(pl.UInt64)


def distinct(rows: pl.Series) -> pl.Series:
    """Each number of a row or hash once, in the order of their first places."""
    return rows if rows.is_empty() else pl.Series(rows.name, rows.to_arrow().unique())


def _numbers(column: pl.Series) -> U64Array:
    """Numbers of 64 bits for whole numbers, null as any."""
    told = column.to_arrow()
    numbers = (told.fill_null(0) if told.null_count else told).to_numpy()
    if numbers.dtype.itemsize == np.dtype(np.uint64).itemsize:
        return numbers.view(np.uint64)
    return numbers.astype(np.uint64)
