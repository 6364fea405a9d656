"""How the DuckDB engine finds traces (storage/search_reads.py).

A search goes back in time in steps that get longer: what is asked for often is found in the
newest spans, and who looks for something rare is told how far the search came
(docs/adr/0023).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.correlation_keys import canonical_key
from storage.duckdb_database import Database, Session, Value
from storage.duckdb_places import RowPlaces
from storage.duckdb_read import carriers_of, fit
from storage.duckdb_statements import statement
from storage.join_keys import hash_key
from storage.paging import (
    I64_RANGE,
    TRACE_KEY,
    TRACE_ORDER,
    Key,
    decode_mark,
    encode_mark,
    within_i64,
)
from storage.queries import Found, Page, SearchQuery

_SAMPLED = 1_024  # one span in so many is in start_sample.sql
_FIRST_STEP, _LONGER = 2**16, 4
_PART = ("trace_hi", "trace_lo", "span_id", "content_hash")
_LAST_TRACE = (2**64 - 1, 2**64 - 1)

_Each = TypeVar("_Each")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as SQL. `within` bounds the rows that may meet it."""

    query: SearchQuery
    conditions: str
    joins: str
    within: str
    values: dict[str, Value]

    @property
    def scans(self) -> bool:
        """Whether all rows may meet it."""
        return self.within == "true"


class SearchReader:
    def __init__(self, database: Database, places: RowPlaces) -> None:
        self._database, self._places = database, places

    def search(self, query: SearchQuery, page: Page, scan: int | None = None) -> Found:
        mark = None if page.after is None else decode_mark(page.after, TRACE_KEY)
        with self._database.read() as session, ExitStack() as given:
            asked = self._ask(session, given, query)
            keys, back_to = self._find(session, asked, mark, page.limit + 1, scan)
            rest: Key | None = None
            if len(keys) > page.limit:
                keys = keys[: page.limit]
                rest = keys[-1]
            elif back_to is not None:
                rest = (back_to, *_LAST_TRACE)
            summaries = self._summarise(session, _trace_table(keys))
        order = {key[1:]: number for number, key in enumerate(keys)}
        ids = zip(*(summaries[name].to_pylist() for name in TRACE_ORDER), strict=True)
        places = sorted(range(summaries.num_rows), key=[order[each] for each in ids].__getitem__)
        table = summaries.take(pa.array(places, pa.int64()))
        if rest is None:
            return Found(table, None)
        return Found(table, encode_mark(rest), int(rest[0]))

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
        within = self._places.within(traces["trace_lo"])
        with session.given(wanted=traces):
            found = session.select(statement("trace_summaries", within=within))
        return fit(found, results.TRACE_SUMMARIES)

    # ------------------------------------------------------------------- the query

    def _ask(self, session: Session, given: ExitStack, query: SearchQuery) -> _Asked:
        values: dict[str, Value] = {
            "name": query.name,
            "name_contains": query.name_contains,
            "status_code": query.status_code,
            "min_duration": within_i64(query.min_duration_nano),
            "max_duration": within_i64(query.max_duration_nano),
            "start": within_i64(query.start),
            "end": within_i64(query.end),
        }
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
        return _Asked(query, " AND ".join([*conditions, within]), joins, within, values)

    # ---------------------------------------------------------------- going back

    def _find(
        self, session: Session, asked: _Asked, mark: Key | None, limit: int, scan: int | None
    ) -> tuple[list[Key], int | None]:
        """Keys of the order behind the mark, and the instant at which the search ended
        before it had found so many or looked at everything."""
        found: list[Key] = []
        floor = None
        for floor in self._floors(session, asked, mark, scan):
            more = True
            while more and len(found) < limit:
                room = limit - len(found)
                candidates = self._candidates(session, asked, floor, mark, room)
                more = len(candidates) == room
                if candidates:
                    found += self._without_newer(session, asked, candidates, first=mark is None)
                    mark = candidates[-1]
            if len(found) >= limit:
                return found, None
            if floor is not None:
                mark = (floor, *_LAST_TRACE)
        return found, floor

    def _floors(
        self, session: Session, asked: _Asked, mark: Key | None, scan: int | None
    ) -> Iterator[int | None]:
        """Starts (ns) that a step goes back to; None where all is left that there is."""
        if not asked.scans or _count(session) <= _FIRST_STEP:
            yield None
            return
        budget = None if scan is None else max(scan // _SAMPLED, 1)
        sample = session.select(
            statement("start_sample"),
            latest=_latest(asked.query, mark),
            earliest=_or(within_i64(asked.query.start), I64_RANGE.start),
            limit=_or(budget, I64_RANGE.stop - 1),
        )["start"].to_pylist()
        step, at = _FIRST_STEP // _SAMPLED, 0
        while True:
            at += step
            last = budget is not None and at >= budget
            at = min(at, budget) if budget is not None else at
            if at > len(sample):
                yield None
                return
            yield sample[at - 1]
            if last:
                return
            step *= _LONGER

    def _candidates(
        self, session: Session, asked: _Asked, floor: int | None, mark: Key | None, limit: int
    ) -> list[Key]:
        text = statement("search_candidates", conditions=asked.conditions, joins=asked.joins)
        found = session.select(
            text,
            floor=_or(floor, I64_RANGE.start),
            after_start=I64_RANGE.stop - 1 if mark is None else mark[0],
            after_trace_hi=None if mark is None else mark[1],
            after_trace_lo=None if mark is None else mark[2],
            limit=limit,
            **asked.values,
        )
        return _keys(found)

    def _without_newer(
        self, session: Session, asked: _Asked, candidates: list[Key], *, first: bool
    ) -> list[Key]:
        """Those that have no newer span which is asked for: they stood before the mark."""
        if first:
            return candidates
        traces = _trace_table(candidates)
        within = self._places.within(traces["trace_lo"])
        text = statement(
            "search_newest", conditions=asked.conditions, joins=asked.joins, within=within
        )
        with session.given(wanted=traces):
            newest = set(_keys(session.select(text, **asked.values)))
        return [key for key in candidates if key in newest]


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


def _count(session: Session) -> int:
    return int(session.select("SELECT count(*) FROM spans")[0][0].as_py())


def _latest(query: SearchQuery, mark: Key | None) -> int:
    """The newest start that is left to look at."""
    newest = I64_RANGE.stop - 1 if mark is None else int(mark[0])
    end = within_i64(query.end)
    return newest if end is None else min(newest, max(end - 1, I64_RANGE.start))


def _or(value: _Each | None, otherwise: _Each) -> _Each:
    return otherwise if value is None else value


def _keys(table: pa.Table) -> list[Key]:
    columns = (table[name].to_pylist() for name in ("newest", *TRACE_ORDER))
    return list(zip(*columns, strict=True))


def _trace_table(keys: Sequence[Key]) -> pa.Table:
    columns = [[key[place] for key in keys] for place in (1, 2)]
    return pa.table(columns, schema=schema.TRACE_IDS)
