"""Rows of frames found by id, and put in order, where an append has a hundred thousand.

Both are half of what Polars' joins and sorts, or a look-up of Arrow's, take for the same.
"""

import secrets

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from storage.cheap_rows import places_among
from storage.seen import mix

# Fewer ids are looked up by Arrow: a pass over all of them in numpy costs more to ask for.
_FEW = 4096
# Ids at random need five or six.
_TABLES = 8
_ODD = np.uint64(0x9E3779B97F4A7C15)
# Senders choose ids: without a secret they could choose colliding ones.
_SECRETS = [np.uint64(secrets.randbits(64) | 1) for _ in range(2)]
# Of the numbers that `order_of` takes.
_ROW_BITS = 31

Rows = npt.NDArray[np.int64]
U64Array = npt.NDArray[np.uint64]


def rows_of(keys: U64Array, ids: U64Array) -> Rows:
    """Of each key a row of `ids` that holds it, -1 where none does. Of an id that stands in
    several rows any of them may be given, and now and then -1 although one holds it (of many
    that stand in one place of all tables): whoever has to know looks those up in another way."""
    if len(ids) >= _FEW:
        return _look_up(keys, ids, _ODD, _TABLES)
    places = places_among(pl.Series(keys), pl.Series(ids)).cast(pl.Int64)
    return places.fill_null(-1).to_numpy()


def _look_up(keys: U64Array, ids: U64Array, factor: np.uint64, tables: int) -> Rows:
    """In a table that is half full at most, and where ids come to stand in the same place, of
    which it holds one, in another one."""
    bits = (2 * len(ids)).bit_length()
    shift = np.uint64(64 - bits)
    rows = np.arange(len(ids))
    slots = (ids * factor >> shift).view(np.int64)
    table = np.zeros(1 << bits, np.int64)
    table[slots] = rows
    given = table.take((keys * factor >> shift).view(np.int64))
    right = ids.take(given) == keys
    found = np.where(right, given, -1)
    missed, left = np.flatnonzero(~right), np.flatnonzero(table.take(slots) != rows)
    if tables > 1 and len(missed) and len(left):
        others = _look_up(keys[missed], ids[left], np.multiply(factor, _ODD), tables - 1)
        found[missed] = np.where(others < 0, -1, left.take(others))
    return found


def order_of(rows: Rows) -> Rows:
    """Where the rows, from 0 on, stand in their order: `np.argsort`, and equal ones in theirs.
    Numpy sorts numbers four times as fast as it finds their order."""
    numbers = rows << 32 | np.arange(len(rows))
    numbers.sort()
    return numbers & 0xFFFFFFFF


def by_trace(traces: pl.DataFrame, kinds: U64Array | None = None) -> Rows:
    """Rows (trace_hi, trace_lo) in an order in which those of one trace stand beside each other,
    and of these those of a kind (hashes of 64 bits), all as they come. What came together stays
    together: texts are read nearly in the order in which they lie in memory, which makes an
    append a ninth cheaper, and times and counted ids compress better. With very many kinds some
    stand between each other."""
    high, low = (traces[name].to_numpy() for name in ("trace_hi", "trace_lo"))
    # Two traces whose numbers are the same would only stand between each other.
    order = _as_met(high * _SECRETS[0] + low)
    if kinds is not None:
        bits = max(_ROW_BITS - len(order).bit_length(), 0)
        order = order << bits | _as_met(kinds) & (1 << bits) - 1
    return order_of(order)


def _as_met(ids: U64Array) -> Rows:
    """Numbers from 0 on, in the order in which the ids are met first, the same for the same."""
    numbered = pa.array(mix(ids * _SECRETS[1])).dictionary_encode()
    return numbered.indices.to_numpy().astype(np.int64)


def in_order(frame: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    """`frame[rows]`, of rows that occur once each. Columns that say nothing are not moved: most
    of what may be told of a message never is."""
    # As Polars counts rows: else it would convert them for each column.
    places = pl.Series(rows.astype(np.uint32))
    return pl.DataFrame(
        [
            column.slice(0, len(places)) if column.null_count() == frame.height else column[places]
            for column in frame.get_columns()
        ]
    )
