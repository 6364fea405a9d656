"""Columns of numbers as numpy has them: runs of equal neighbours, ranges, pairs in one number."""

import numpy as np
import numpy.typing as npt

U64Array = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
"""Of other columns."""
Mask = npt.NDArray[np.bool_]

ODD = np.uint64(0x9E3779B97F4A7C15)
"""A factor: of 64 bits, half of them set."""

_BITS = 64


def begin_runs(*columns: npt.NDArray[np.generic]) -> Mask:
    """Which rows differ from the one before; the first one does."""
    new = np.zeros(len(columns[0]), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new


def starts_of_runs(*columns: npt.NDArray[np.generic]) -> Rows:
    """Rows that differ from the one before, the first one too."""
    return np.flatnonzero(begin_runs(*columns))


def ranges(first: Rows, counts: Rows) -> Rows:
    """From each of the first numbers on so many."""
    ends = np.cumsum(counts)
    return np.repeat(first - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)


def order_of_pairs(
    first: npt.NDArray[np.uint32], then: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint32]:
    """Places of the pairs in their order, of same ones the earlier. With their places in one
    number where that has room, which numpy sorts three times as fast as it finds an order."""
    places = np.arange(len(first), dtype=np.uint32)
    most = [int(column.max(initial=0)).bit_length() for column in (first, then, places)]
    if sum(most) > _BITS:
        return np.lexsort((then, first)).astype(np.uint32)
    numbers = first.astype(np.uint64)
    for column, bits in ((then, most[1]), (places, most[2])):
        numbers <<= np.uint64(bits)
        numbers |= column
    numbers.sort()
    return (numbers & np.uint64((1 << most[2]) - 1)).astype(np.uint32)
