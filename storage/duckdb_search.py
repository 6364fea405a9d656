"""How the DuckDB engine finds traces (storage/search_reads.py, storage/search_walk.py)."""

from contextlib import ExitStack

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.correlation_keys import canonical_key
from storage.duckdb_database import Database, Session, Value
from storage.duckdb_places import RowPlaces
from storage.duckdb_read import carriers_of
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import rows_of
from storage.join_keys import hash_key
from storage.paging import TRACE_KEY, decode_mark
from storage.queries import Found, Page, SearchQuery
from storage.results import fit
from storage.search_walk import find_traces, found_page, trace_table
from storage.sql_search import SqlGround, asked_values

_PART = ("trace_hi", "trace_lo", "span_id", "content_hash")


class SearchReader:
    def __init__(self, database: Database, places: RowPlaces) -> None:
        self._database, self._places = database, places

    def search(self, query: SearchQuery, page: Page, scan: int | None = None) -> Found:
        mark = None if page.after is None else decode_mark(page.after, TRACE_KEY)
        with self._database.read() as session, ExitStack() as given:
            asked = self._ask(session, given, query)
            keys, rest = find_traces(asked, mark, page, scan)
            summaries = self._summarise(session, trace_table(keys))
        return found_page(keys, rest, summaries)

    def summaries_of(self, traces: pa.Table) -> pa.Table:
        with self._database.read() as session:
            return self._summarise(session, traces)

    def traces_ending_in(self, trace_lo: int) -> pa.Table:
        within = self._places.within(pa.chunked_array([pa.array([trace_lo], schema.U64)]))
        with self._database.read() as session:
            found = session.select(statement("traces_ending_in", within=within), trace_lo=trace_lo)
        return fit(found, schema.TRACE_IDS)

    def traces_with_message(self, message: str, limit: int) -> pa.Table:
        hashed = hash_key("message", message)
        within = self._places.within(pa.chunked_array([pa.array([hashed], schema.U64)]))
        text = statement("traces_with_key", within=within)
        with self._database.read() as session:
            found = session.select(text, key_hash=hashed, limit=limit)
        return fit(found, schema.TRACE_IDS)

    def _summarise(self, session: Session, traces: pa.Table) -> pa.Table:
        with rows_of(session, traces) as rows:
            source = rows.source("spans", self._rows_within(traces))
            text = statement("trace_summaries", rows=source)
            found = session.select(text)
        return fit(found, results.TRACE_SUMMARIES)

    def _ask(self, session: Session, given: ExitStack, query: SearchQuery) -> SqlGround:
        values = asked_values(query)
        conditions, joins, within = [statement("search_conditions")], "", "true"
        if query.service is not None:
            numbers = session.select(statement("numbers_of_service"), service=query.service)
            conditions.append(_is_one_of("resource_number", numbers))
        keys = _correlation_keys(session) if query.attributes else frozenset()
        carriers: pl.DataFrame | None = None
        for number, (name, value) in enumerate(query.attributes):
            key = canonical_key(name) or (name if name in keys else None)
            if key is None:
                conditions.append(_attribute(session, number, name, value, values))
                continue
            found = pl.DataFrame(carriers_of(session, self._places, key, value))
            carriers = found if carriers is None else carriers.join(found, on=_PART, how="semi")
        if carriers is not None:
            table = carriers.to_arrow()
            given.enter_context(session.given(carriers=table))
            joins = f"SEMI JOIN carriers USING ({', '.join(_PART)})"
            within = self._places.within(table["trace_lo"])
        if query.problem is not None:
            troubled = statement(f"traces_with_{query.problem.replace('-', '_')}")
            joins += f" SEMI JOIN ({troubled}) AS troubled USING (trace_hi, trace_lo)"
        text = " AND ".join([*conditions, within])
        return SqlGround(
            session,
            statement,
            query,
            conditions=text,
            values=values,
            scans=within == "true",
            joins=joins,
            within=self._rows_within,
        )

    def _rows_within(self, traces: pa.Table) -> str:
        return self._places.within(traces["trace_lo"])


def _attribute(
    session: Session, number: int, name: str, value: str, values: dict[str, Value]
) -> str:
    """The condition that the span, its resource or its scope has the attribute; what it
    compares with goes into `values`. Few resources and scopes have it: they are looked up."""
    pointer = _json_pointer(name)
    values |= {f"pointer_{number}": pointer, f"value_{number}": value}
    ways = [f"json_extract_string(attributes, $pointer_{number}) = $value_{number}"]
    for table, column in (("resources", "resource_number"), ("scopes", "scope_number")):
        numbers = session.select(
            statement("numbers_with", table=table), pointer=pointer, value=value
        )
        if numbers.num_rows:
            ways.append(_is_one_of(column, numbers))
    return f"({' OR '.join(ways)})"


def _is_one_of(column: str, numbers: pa.Table) -> str:
    listed = ", ".join(str(number) for number in numbers["number"].to_pylist())
    return f"{column} IN ({listed})" if listed else "false"


def _json_pointer(name: str) -> str:
    """RFC 6901: names with dots, quotes or `$` mean nothing but themselves."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _correlation_keys(session: Session) -> frozenset[str]:
    rows = session.select(statement("correlation_keys")).to_pylist()
    return frozenset(str(row["key"]) for row in rows)
