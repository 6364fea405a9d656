"""Pages of lists: the engine's own marks, or places in a list that it gives whole."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pyarrow as pa

from storage.contract import Page, Rows
from web.errors import ParameterError

_Rows = TypeVar("_Rows", bound=Rows)
_Item = TypeVar("_Item")


def read_page(read: Callable[[Page], _Rows], page: Page) -> _Rows:
    """`read(page)`; ParameterError when the mark is none of this list."""
    try:
        return read(page)
    except ValueError as error:
        raise bad_cursor() from error


def slice_table(table: pa.Table, page: Page) -> Rows:
    """The rows of one page of a table that is short enough to be read whole."""
    start = _place(page)
    end = start + page.limit
    return Rows(table.slice(start, page.limit), str(end) if end < table.num_rows else None)


def slice_list(items: Sequence[_Item], page: Page) -> tuple[Sequence[_Item], str | None]:
    """The same of a list."""
    start = _place(page)
    end = start + page.limit
    return items[start:end], str(end) if end < len(items) else None


def _place(page: Page) -> int:
    if page.after is None:
        return 0
    # longer digits would only be beyond the end
    if not (page.after.isascii() and page.after.isdigit() and len(page.after) < 10):
        raise bad_cursor()
    return int(page.after)


def bad_cursor() -> ParameterError:
    return ParameterError("cursor", "cursor must be the next_cursor of the previous answer.")
