"""How the ClickHouse engine finds traces (storage/search_reads.py, storage/search_walk.py)."""

import pyarrow as pa

from storage import results, schema
from storage.clickhouse.database import Database, Session
from storage.clickhouse.statements import statement
from storage.correlation_keys import canonical_key
from storage.join_keys import hash_key
from storage.paging import TRACE_KEY, decode_mark
from storage.queries import Found, Page, SearchQuery
from storage.results import fit
from storage.search_walk import find_traces, found_page, trace_table
from storage.sql_search import SqlGround, asked_values


class SearchReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, query: SearchQuery, page: Page, scan: int | None = None) -> Found:
        mark = None if page.after is None else decode_mark(page.after, TRACE_KEY)
        with self._database.read() as session:
            asked = _ask(session, query)
            keys, rest = find_traces(asked, mark, page, scan)
            summaries = _summarise(session, trace_table(keys))
        return found_page(keys, rest, summaries)

    def summaries_of(self, traces: pa.Table) -> pa.Table:
        with self._database.read() as session:
            return _summarise(session, traces)

    def traces_ending_in(self, trace_lo: int) -> pa.Table:
        with self._database.read() as session:
            found = session.select(statement("traces_ending_in", within="true"), trace_lo=trace_lo)
        return fit(found, schema.TRACE_IDS)

    def traces_with_message(self, message: str, limit: int) -> pa.Table:
        hashed = hash_key("message", message)
        with self._database.read() as session:
            text = statement("traces_with_key", within="true")
            found = session.select(text, key_hash=hashed, limit=limit)
        return fit(found, schema.TRACE_IDS)


def _summarise(session: Session, traces: pa.Table) -> pa.Table:
    with session.given(wanted=traces):
        return fit(session.select(statement("trace_summaries")), results.TRACE_SUMMARIES)


def _ask(session: Session, query: SearchQuery) -> SqlGround:
    values = asked_values(query)
    conditions, scans = [statement("search_conditions")], True
    if query.service is not None:
        conditions.append(_named("resources", "service_name = $service"))
        values["service"] = query.service
    keys = _correlation_keys(session) if query.attributes else frozenset()
    for number, (name, value) in enumerate(query.attributes):
        key = canonical_key(name) or (name if name in keys else None)
        given = {"key": f"key_{number}", "value": f"value_{number}"}
        values |= {given["key"]: key or name, given["value"]: value}
        if key is None:
            has = statement("has_attribute", **given)
            ways = [has, _named("resources", has), _named("scopes", has)]
            conditions.append(f"({' OR '.join(ways)})")
        else:
            scans = False
            values[f"hash_{number}"] = hash_key("correlation", key, value)
            conditions.append(statement("carries", hash=f"hash_{number}", **given))
    if query.problem is not None:
        troubled = statement(f"traces_with_{query.problem.replace('-', '_')}")
        conditions.append(f"(trace_hi, trace_lo) IN ({troubled})")
    return SqlGround(
        session, statement, query, conditions=" AND ".join(conditions), values=values, scans=scans
    )


def _named(table: str, condition: str) -> str:
    """The condition that the span's resource or scope meets this one; they are few."""
    key = f"{table[:-1]}_id"
    return f"{key} IN (SELECT {key} FROM {table} WHERE {condition})"


def _correlation_keys(session: Session) -> frozenset[str]:
    rows = session.select(statement("correlation_keys")).to_pylist()
    return frozenset(str(row["key"]) for row in rows)
