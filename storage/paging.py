"""Page marks: the sort key of a page's last row, opaque to those who carry it.

A mark is a place in the order, not a count of rows: rows that arrive while
someone pages neither repeat nor push out others.
"""

import base64
import json
from collections.abc import Sequence

import pyarrow as pa

from storage.queries import Page, Rows

Key = tuple[int | str, ...]

I64_RANGE = range(-(2**63), 2**63)
_U64_RANGE = range(2**64)
_TRACE = (_U64_RANGE, _U64_RANGE)
_SPAN = (*_TRACE, _U64_RANGE)

# Each order: newest start first, then these ascending. The ranges of the whole key
# (None is text), so that a forged mark never reaches an engine.
TRACE_ORDER = ("trace_hi", "trace_lo")
TRACE_KEY = (I64_RANGE, *_TRACE)
ORPHAN_ORDER = ("trace_hi", "trace_lo", "span_id")
ORPHAN_KEY = (I64_RANGE, *_SPAN)
CONNECTION_ORDER = (
    *(f"consumer_{name}" for name in ORPHAN_ORDER),
    *(f"producer_{name}" for name in ORPHAN_ORDER),
    "rule",
)
CONNECTION_KEY = (I64_RANGE, *_SPAN, *_SPAN, None)


def encode_mark(key: Sequence[int | str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def decode_mark(mark: str, shape: Sequence[range | None]) -> Key:
    """The key in a mark of this shape. Raises ValueError for anything else."""
    try:
        padded = mark.encode("ascii") + b"=" * (-len(mark) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        fits = isinstance(key, list) and len(key) == len(shape)
        if fits and all(_fits(part, bound) for part, bound in zip(key, shape, strict=True)):
            return tuple(key)
    except (ValueError, RecursionError):
        pass
    raise ValueError("not a page mark of this list")


def _fits(part: object, bound: range | None) -> bool:
    if bound is None:
        return isinstance(part, str) and part.isprintable()
    return type(part) is int and part in bound


def within_i64(value: int | None) -> int | None:
    """An instant or duration that fits the columns it is compared with."""
    if value is None:
        return None
    return max(I64_RANGE.start, min(value, I64_RANGE.stop - 1))


def after(order: tuple[str, ...], key: Key | None) -> dict[str, int | str | None]:
    """Values of an SQL statement's conditions that skip everything up to the row with this
    key."""
    names = [f"after_{name}" for name in ("start", *order)]
    return dict(zip(names, key if key is not None else [None] * len(names), strict=True))


def cut(table: pa.Table, page: Page, order: tuple[str, ...], start: str) -> Rows:
    """A page out of up to one row more than it holds."""
    if table.num_rows <= page.limit:
        return Rows(table, None)
    table = table.slice(0, page.limit)
    last = table.slice(page.limit - 1).select([start, *order]).to_pylist()[0]
    return Rows(table, encode_mark(list(last.values())))
