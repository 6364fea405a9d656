"""Where engines of SQL search (storage/search_walk.py): spans that meet conditions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from storage.paging import Key, within_i64
from storage.queries import SearchQuery
from storage.search_walk import LATEST, keys_of
from storage.sql_reads import GivingSession, Statement, Value


def asked_values(query: SearchQuery) -> dict[str, Value]:
    """Parameters of the statement `search_conditions`."""
    return {
        "name": query.name,
        "name_contains": query.name_contains,
        "status_code": query.status_code,
        "min_duration": within_i64(query.min_duration_nano),
        "max_duration": within_i64(query.max_duration_nano),
        "start": within_i64(query.start),
        "end": within_i64(query.end),
    }


def _anywhere(_traces: pa.Table) -> str:
    return "true"


@dataclass(frozen=True, slots=True)
class SqlGround:
    """A query as SQL, a `Ground` of search_walk. `joins` stand behind the table of spans."""

    session: GivingSession
    statement: Statement
    query: SearchQuery
    conditions: str
    values: Mapping[str, Value]
    scans: bool
    joins: str = ""
    within: Callable[[pa.Table], str] = _anywhere
    """The condition that bounds the rows in which traces (TRACE_IDS) may be."""

    def count(self) -> int:
        return int(self.session.select("SELECT count(*) AS spans FROM spans")["spans"][0].as_py())

    def sample(self, latest: int, earliest: int, limit: int) -> list[int]:
        text = self.statement("start_sample")
        found = self.session.select(text, latest=latest, earliest=earliest, limit=limit)
        starts: list[int] = found["start"].to_pylist()  # type: ignore[assignment] # never null
        return starts

    def candidates(self, floor: int, mark: Key | None, limit: int) -> list[Key]:
        text = self.statement("search_candidates", conditions=self.conditions, joins=self.joins)
        found = self.session.select(
            text,
            floor=floor,
            after_start=LATEST if mark is None else mark[0],
            after_trace_hi=None if mark is None else mark[1],
            after_trace_lo=None if mark is None else mark[2],
            limit=limit,
            **self.values,
        )
        return keys_of(found)

    def newest(self, traces: pa.Table) -> list[Key]:
        text = self.statement(
            "search_newest",
            conditions=self.conditions,
            joins=self.joins,
            within=self.within(traces),
        )
        with self.session.given(wanted=traces):
            return keys_of(self.session.select(text, **self.values))
