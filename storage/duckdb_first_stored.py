"""When spans were stored first: of a trace that is in memory as a whole by the generation that
its span came with, which one time belongs to; of others by their rows in the file."""

import numpy as np
import polars as pl
import pyarrow as pa

from storage.arrays import Numbers
from storage.cheap_rows import is_among, stack, where
from storage.duckdb_database import Session
from storage.duckdb_places import RowPlaces
from storage.duckdb_recent import Recent
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import chosen_by
from storage.held_append import HeldAppend
from storage.memory_frames import SPAN

_STORED_AT = "stored_at_unix_nano"


def first_stored(session: Session, places: RowPlaces, recent: Recent, spans: pa.Table) -> Numbers:
    """Of each of the spans (SPAN) when it was stored; 0 where it is not. `places` are those of
    spans, and what is in `recent` was stored before the session began."""
    wanted = pl.DataFrame(spans.select(SPAN))
    held = recent.holds(wanted["trace_lo"].to_numpy())
    if not held.any():
        return _of_stored(session, places, wanted)
    if held.all():
        return _of_held(session, recent, wanted)
    told = np.zeros(wanted.height, np.int64)
    told[held] = _of_held(session, recent, where(wanted, pl.Series(held)))
    told[~held] = _of_stored(session, places, where(wanted, pl.Series(~held)))
    return told


def _of_held(session: Session, recent: Recent, wanted: pl.DataFrame) -> Numbers:
    """Of spans whose traces are in memory."""
    # The oldest append wins, whatever the clock said since: they are in order.
    found = stack(_generations(append, wanted) for append in recent.appends)
    first = found.unique(SPAN, keep="first", maintain_order=True)
    generations = wanted.join(first, on=SPAN, how="left", maintain_order="left")["generation"]
    named = sorted(set(first["generation"].to_list()))
    text = statement("generations_dated", generations=", ".join(map(str, named)) or "NULL")
    columns = session.look_up(text).columns
    dated = dict(zip(*(column.to_pylist() for column in columns), strict=True))
    return np.array([dated.get(generation, 0) for generation in generations], np.int64)


def _generations(append: HeldAppend, wanted: pl.DataFrame) -> pl.DataFrame:
    """SPAN and generation of rows that may be of one of the spans."""
    ids = {name: append.rows["spans"].numbers(name) for name in SPAN}
    rows = np.flatnonzero(is_among(pl.Series(ids["span_id"]), wanted["span_id"]).to_numpy())
    ends = np.cumsum(list(append.spans.values()))
    generations = np.array(list(append.spans), np.uint64)
    of = generations[np.searchsorted(ends, rows, side="right")]
    return pl.DataFrame({name: column[rows] for name, column in ids.items()} | {"generation": of})


def _of_stored(session: Session, places: RowPlaces, wanted: pl.DataFrame) -> Numbers:
    """By the file."""
    spans = wanted.to_arrow()
    within = places.within(spans["trace_lo"])
    with chosen_by(session, "span_id", spans["span_id"]) as chosen:
        found = session.look_up(statement("first_stored", within=within, chosen=chosen))
    told = wanted.join(pl.DataFrame(found), on=SPAN, how="left", maintain_order="left")
    return told[_STORED_AT].fill_null(0).to_numpy()
