"""What the DuckDB engine tells of spans."""

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.contract import StoreStatus
from storage.duckdb_database import Database, Session
from storage.duckdb_dictionaries import Dictionary
from storage.duckdb_few_rows import MOST_ROWS
from storage.duckdb_messages import LEAN, WHOLE, in_stored_order
from storage.duckdb_places import RowPlaces, span_places
from storage.duckdb_span_numbers import NumberedSpans, with_linked_traces
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import chosen_by, rows_by_number, rows_of
from storage.extents import Extents
from storage.join_keys import hash_key
from storage.results import fit
from storage.schema import SpanBatch

_RECENT = 32  # rows of a key to a value that is asked for: spans of work share a value
_ALL_ROWS = 2**62
# Traces that arrived since status was asked for last, which are held in memory.
_MOST_ARRIVED = 2**17


class SpanReader:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._span_places = span_places(database)
        self._resources = Dictionary("resources", "resource_id")
        self._scopes = Dictionary("scopes", "scope_id")
        self._shapes = Dictionary("shapes", "shape_id")
        self._extents = Extents()

    def status(self) -> StoreStatus:
        with self._database.read() as session:
            analysed = session.look_up("SELECT analysed_generation FROM state")[0][0].as_py()
            text = statement("counts")
            counts = session.look_up(text, analysed_generation=analysed).to_pylist()[0]
            extent = self._extents.find(
                counts["generation"],
                counts["spans"],
                lambda after: self._read_extent(session, after),
            )
        return StoreStatus(
            "duckdb",
            traces=extent.traces,
            oldest_unix_nano=extent.oldest,
            newest_unix_nano=extent.newest,
            **counts,
        )

    def _read_extent(self, session: Session, after: int) -> results.Row:
        """Of the spans after a generation (storage/extents.py). Asked every few seconds by each
        page that is open, so traces that may be older are looked for where they may be."""
        within = "true"
        if after:
            text = statement("arrived_ids")
            arrived = session.select(text, after=after, limit=_MOST_ARRIVED)
            if arrived.num_rows < _MOST_ARRIVED:
                within = self._span_places.within(arrived["trace_lo"])
        found = session.look_up(statement("extent", within=within), after=after)
        return found.to_pylist()[0]

    def generations(self) -> tuple[int, int]:
        with self._database.read() as session:
            found = session.select(statement("newest_generation"))
        return found["generation"][0].as_py(), found["analysed_generation"][0].as_py()

    # ---------------------------------------------------------------------- spans

    def spans_of(self, traces: pa.Table, *, keys: bool = True) -> SpanBatch:
        return self._read_batch(traces, bare=False, keys=keys)

    def _read_batch(self, traces: pa.Table, *, bare: bool, keys: bool = False) -> SpanBatch:
        bared = "REPLACE ('{}' AS attributes)" if bare else ""
        within = self._span_places.within(traces["trace_lo"])
        with self._database.read() as session, rows_of(session, traces) as rows:

            def read(name: str, table: str, **names: str) -> pa.Table:
                text = statement(name, rows=rows.source(table, within), **names)
                return rows.select(text)

            spans = read("spans_of", "spans", bared=bared)
            # what is stored with a span has its generation
            within = self._span_places.among(spans["generation"], within)
            tables = {"keys": read("keys_of", "keys") if keys else schema.KEYS.empty_table()}
            numbered_spans = NumberedSpans(spans)
            select = session.look_up if spans.num_rows < MOST_ROWS else session.select
            with rows_by_number(session, spans["span_number"]) as numbered:
                for name in ("links", "events"):
                    text = statement("parts_of", rows=numbered.source(name, within), bared=bared)
                    tables[name] = numbered_spans.with_ids(select(text))
                lean, whole = (numbered.source(name, within) for name in (LEAN, WHOLE))
                messages = in_stored_order(select(statement("messages_of", lean=lean, whole=whole)))
                tables["messaging"] = numbered_spans.with_ids(messages)
            with chosen_by(session, "correlation_id", spans["correlation_id"]) as chosen:
                text = statement("correlation_sets", chosen=chosen, within=within)
                tables["correlation"] = select(text)
            resources = self._resources.named(session, spans["resource_number"])
            scopes = self._scopes.named(session, spans["scope_number"])
            shapes = self._shapes.named(session, tables["messaging"]["shape_number"])
        # here, because DuckDB takes twice as long, of few spans and of very many
        spans = results.in_span_order(numbered_spans.with_parents())
        spans = self._resources.with_ids(spans, "resource_number", resources)
        tables["spans"] = self._scopes.with_ids(spans, "scope_number", scopes)
        tables["messaging"] = self._shapes.with_ids(tables["messaging"], "shape_number", shapes)
        tables["links"] = with_linked_traces(tables["links"])
        tables |= {"resources": resources, "scopes": scopes, "shapes": shapes}
        if bare:
            tables["scopes"] = _bared(scopes)
        fitted = {
            name: fit(tables[name], columns) for name, columns in schema.BATCH_SCHEMAS.items()
        }
        return SpanBatch(**fitted)

    # ------------------------------------------------------------------ look-ups

    def spans_with_correlation(self, key: str, value: str) -> pa.Table:
        with self._database.read() as session:
            found = carriers_of(session, self._span_places, key, value)
        # Contents of one id; pyarrow's own grouping would take 20 ms to load.
        spans = pl.DataFrame(found.select(schema.SPAN_IDS.names)).unique()
        return fit(spans.to_arrow(), schema.SPAN_IDS)

    def traces_with_correlation(self, key: str, value: str) -> pa.Table:
        with self._database.read() as session:
            keyed, _ = keyed_traces(session, self._span_places, key, value)
        return fit(keyed, schema.TRACE_IDS)

    def traces_of_span(self, span_id: int) -> pa.Table:
        with self._database.read() as session:
            found = session.select(statement("traces_of_span"), span_id=span_id)
        return fit(found, schema.TRACE_IDS)

    def correlation_of(self, traces: pa.Table) -> pa.Table:
        within = self._span_places.within(traces["trace_lo"])
        with self._database.read() as session:
            with rows_of(session, traces) as rows:
                text = statement("correlation_held", rows=rows.source("spans", within))
                held = rows.select(text)
            # a set is stored in the generation of the spans that carry it
            within = self._span_places.among(held["generation"], within)
            with session.given(held=held):
                found = session.select(statement("correlation_of", within=within))
        return fit(found, results.TRACE_CORRELATION)

    def recent_correlation(self, key: str, limit: int) -> list[str]:
        with self._database.read() as session:
            found = session.select(statement("recent_correlation"), key=key, rows=_RECENT * limit)
            # the oldest instant may be told in part only
            starts: list[int] = found["newest"].to_pylist()  # type: ignore[assignment] # never null
            if sum(start > starts[-1] for start in starts) < limit:
                found = session.select(statement("recent_correlation"), key=key, rows=_ALL_ROWS)
        return [str(value) for value in found["value"][:limit].to_pylist()]

    def correlation_keys(self) -> list[str]:
        with self._database.read() as session:
            found = session.select(statement("correlation_keys"))
        return [str(key) for key in found.column("key").to_pylist()]

    def services(self) -> list[str]:
        with self._database.read() as session:
            found = session.select(statement("services"))
        return [str(name) for name in found.column("service_name").to_pylist()]


def carriers_of(session: Session, places: RowPlaces, key: str, value: str) -> pa.Table:
    """PART rows of the spans that carry the canonical key with this value. The hash finds
    traces, their sets are looked through for key and value: hashes can be made to collide.
    In two statements: the second is told in which few generations the first found something."""
    keyed, within = keyed_traces(session, places, key, value)
    with rows_of(session, keyed) as rows:
        text = statement("correlation_carriers", rows=rows.source("spans", within), within=within)
        return rows.select(text, key=key, value=value)


def keyed_traces(session: Session, places: RowPlaces, key: str, value: str) -> tuple[pa.Table, str]:
    """Traces by the hash of key and value, with the generations in which they have it, and a
    condition on rows of these generations."""
    hashed = hash_key("correlation", key, value)
    within = places.within(pa.chunked_array([pa.array([hashed], pa.uint64())]))
    keyed = session.look_up(statement("keyed_traces", within=within), key_hash=hashed)
    return keyed, places.among(keyed["generation"], within)


def _bared(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index("attributes")
    return rows.set_column(place, "attributes", pa.array(["{}"] * rows.num_rows, pa.string()))
