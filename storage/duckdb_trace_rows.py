"""The rows of given traces, and those with given ids, as parts of statements.

DuckDB hands its scan a condition on one column, which then unpacks the other columns of the
rows it holds for alone. Of a join, and of a plain IN with several values, the scan uses the
range at most, and unpacks every row of the generations that are looked at. A CASE around the
list is handed over whole. So a few traces come as a list, and one as it is: a plain comparison
is handed over, too, and skips row groups whose range does not have the id. That may be some of
them, not most: traces stand in an append as they came. Many are joined, first for the numbers
of their rows by the ids alone, then only those rows are read: joined directly, the attribute
texts of the whole table would be read and unpacked (ten times the time at two million spans).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from storage.duckdb_database import Session, Value
from storage.duckdb_statements import statement

# A list is gone through for each row of the generations: with more than a dozen a join is cheaper.
_FEW = 8
# Of small tables.
_FEW_IDS = 64


class TraceRows:
    def __init__(self, session: Session, traces: pa.Table) -> None:
        """`traces` as of TRACE_IDS."""
        self._session = session
        self._few = traces.num_rows <= _FEW
        self._ids: list[tuple[int, int]] = []
        if self._few:
            columns = (traces[name].to_numpy().tolist() for name in ("trace_hi", "trace_lo"))
            self._ids = list(zip(*columns, strict=True))

    def source(self, table: str, within: str, end: str = "") -> str:
        """To stand behind FROM, named `table`: its rows that meet `within`, a condition as of
        RowPlaces, and are of these traces; of connections the `end` is "producer_" or
        "consumer_"."""
        if not self._few:
            return statement("rows_of_many", table=table, within=within, end=end)
        chosen = self.inside(end)
        if len(self._ids) > 1:
            chosen = f"{self._by_low(end)} AND CASE WHEN {chosen} THEN true END"
        return statement("rows_of_few", table=table, within=within, chosen=chosen)

    def touching(self, table: str, within: str) -> str:
        """A statement: as `source`, of connections with any end in these traces, each once. Of
        few traces in one scan, although it looks at both ends of each row: to plan a second
        one costs more."""
        ends = ("consumer_", "producer_")
        if self._few:
            by_low, inside = (" OR ".join(map(told, ends)) for told in (self._by_low, self.inside))
            chosen = f"CASE WHEN {by_low} THEN true END AND CASE WHEN {inside} THEN true END"
            return f"FROM {statement('rows_of_few', table=table, within=within, chosen=chosen)}"
        # An end at a time: a condition on one is looked at in the scan, one on both is not.
        one, other = (f"FROM {self.source(table, within, end)}" for end in ends)
        return f"{one} UNION ALL {other} WHERE NOT {self.inside(ends[0])}"

    def _by_low(self, end: str) -> str:
        return is_one_of(f"{end}trace_lo", (low for _, low in self._ids))

    def inside(self, end: str = "") -> str:
        """A condition on the rows of a source: whether this end is in these traces."""
        if not self._few:
            return f"({end}trace_hi, {end}trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)"
        each = (f"({end}trace_hi = {high} AND {end}trace_lo = {low})" for high, low in self._ids)
        return f"({' OR '.join(each) or 'false'})"

    def select(self, text: str, **values: Value) -> pa.Table:
        """Of a statement over sources."""
        select = self._session.look_up if self._few else self._session.select
        return select(text, **values)


@contextmanager
def rows_of(session: Session, traces: pa.Table) -> Iterator[TraceRows]:
    """For statements inside the block; `traces` as of TRACE_IDS."""
    if traces.num_rows <= _FEW:
        yield TraceRows(session, traces)
        return
    with session.given(wanted=traces):
        yield TraceRows(session, traces)


class NumberedRows:
    def __init__(self, chosen: str) -> None:
        self._chosen = chosen

    def source(self, table: str, within: str) -> str:
        """As of TraceRows: the rows that name these spans."""
        names = {"table": table, "within": within, "chosen": self._chosen}
        return statement("rows_by_number" if self._chosen else "rows_by_numbers", **names)


@contextmanager
def rows_by_number(
    session: Session, numbers: "pa.ChunkedArray[pa.Int64Scalar]"
) -> Iterator[NumberedRows]:
    """For statements inside the block; of each span its number. Those of a trace's spans follow
    each other in each append: few runs of them come as a list."""
    ordered = np.sort(numbers.to_numpy())
    starts = np.flatnonzero(np.diff(ordered, prepend=-2) != 1)
    if len(starts) > _FEW_IDS:
        with session.given(wanted_numbers=pa.table({"span_number": ordered})):
            yield NumberedRows("")
        return
    ends = np.append(starts, len(ordered))[1:] - 1
    runs = zip(ordered[starts].tolist(), ordered[ends].tolist(), strict=True)
    each = (f"span_number BETWEEN {first} AND {last}" for first, last in runs)
    yield NumberedRows(" OR ".join(each) or "false")


@contextmanager
def chosen_by(session: Session, column: str, ids: "pa.ChunkedArray[Any]") -> Iterator[str]:
    """A condition on rows whose `column` is one of these ids; for statements inside the
    block."""
    found = ids.unique().drop_null()
    if len(found) > _FEW_IDS:
        with session.given(found=pa.table({column: found})):
            yield f"{column} IN (SELECT {column} FROM found)"
        return
    yield is_one_of(column, found.to_pylist())


def is_one_of(column: str, numbers: Iterable[int | None]) -> str:
    """A condition that is looked at in the scan."""
    listed = ", ".join(map(str, numbers)) or "NULL"
    return f"CASE WHEN {column} IN ({listed}) THEN true END"
