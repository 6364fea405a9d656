"""Rows of frames picked and found without Polars' query engine.

A query of a frame (`filter`, `join`, `unique`, `concat`) is planned and handed to another
thread: 0.1 to 0.5 ms of CPU whatever the frame holds. A pass of the analysis asks hundreds of
them of frames that hold little or nothing. What stands here gives the same rows and works on
columns, on the thread that asks.
"""

import secrets
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from storage.seen import mix

_SALT = np.uint64(secrets.randbits(64))
_FACTOR = np.uint64(secrets.randbits(64) | 1)


def where(frame: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """`frame.filter(mask)`: the rows that a Boolean of the frame's height says, null being
    false."""
    return pl.DataFrame([column.filter(mask) for column in frame.get_columns()])


def at(frame: pl.DataFrame, places: pl.Series | np.ndarray) -> pl.DataFrame:
    """`frame[places]`: the rows at these places (no null among them), in their order."""
    places = pl.Series(places)
    return pl.DataFrame([column[places] for column in frame.get_columns()])


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
    """Boolean: which of the keys stand in `others`, numbers of the same type; null in neither
    is one."""
    if keys.is_empty() or others.is_empty():
        return pl.Series(keys.name, [False], pl.Boolean).new_from_index(0, len(keys))
    found = pc.is_in(_scattered(keys), value_set=_scattered(others), skip_nulls=True)
    return pl.Series(keys.name, found)


def places_among(keys: pl.Series, others: pl.Series) -> pl.Series:
    """Of each key the first place (U32) where it stands in `others`, numbers of the same type;
    null where it does not, and of null."""
    if keys.is_empty() or others.is_empty():
        return pl.Series(keys.name, [None], pl.UInt32).new_from_index(0, len(keys))
    found = pc.index_in(_scattered(keys), value_set=_scattered(others), skip_nulls=True)
    return pl.Series(keys.name, found).cast(pl.UInt32)


def distinct(rows: pl.Series) -> pl.Series:
    """Each number of a row or hash once, in the order of their first places."""
    return rows if rows.is_empty() else pl.Series(rows.name, rows.to_arrow().unique())


def _scattered(ids: pl.Series) -> "pa.Array[Any]":
    """Other numbers for numbers of 64 bits, which senders choose: the same for the same.
    Arrow's tables tell everybody where an id comes to stand; with ids that all come to stand in
    one place looking up 60,000 takes 2 s."""
    told = ids.to_arrow()
    if told.type.bit_width < 64 or told.null_count == len(told):
        return told
    numbers = told.fill_null(0).to_numpy().view(np.uint64)
    mask = None if not told.null_count else told.is_null().to_numpy(zero_copy_only=False)
    return pa.array(mix((numbers ^ _SALT) * _FACTOR), mask=mask)
