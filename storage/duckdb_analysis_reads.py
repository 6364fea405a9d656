"""What the DuckDB engine tells the analysis of spans: from memory that of which the newest
appends hold every row (duckdb_recent.py), the rest from the file."""

import polars as pl
import pyarrow as pa

from storage.duckdb_database import Database
from storage.duckdb_read import SpanReader
from storage.duckdb_recent import Recent, RecentAppends, join_bare
from storage.duckdb_statements import statement
from storage.join_keys import KINDS
from storage.memory_frames import arrow, read
from storage.results import KEY_HASHES, fit
from storage.schema import BATCH_SCHEMAS, TRACE_IDS, SpanBatch


class AnalysisReader(SpanReader):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._recent = RecentAppends(self._span_places)

    def traces_since(self, generation: int, limit: int) -> tuple[pa.Table, int]:
        recent, limit = self._recent.now(), max(limit, 1)
        self._recent.note_analysed(generation)
        arrived, upto = recent.arrived(generation, limit) or self._stored_since(generation, limit)
        held, others = recent.split(arrived, "trace_lo")
        telling = recent.telling(held)
        if others.height:
            telling = pl.concat([telling, self._stored_telling(others)])
        return arrow(telling, TRACE_IDS), upto

    def _stored_since(self, after: int, limit: int) -> tuple[pl.DataFrame, int]:
        """Traces of the next generations, and the last of these."""
        self._span_places.learn()
        with self._database.read() as session:
            text = statement("complete_generation")
            upto = session.select(text, after=after, limit=limit)[0][0].as_py()
            if upto is None:
                newest = session.select(statement("newest_generation"))[0][0].as_py()
                return read(TRACE_IDS.empty_table()), max(after, newest)
            found = session.select(statement("arrived_traces"), after=after, upto=upto)
        return read(found), upto

    def _stored_telling(self, traces: pl.DataFrame) -> pl.DataFrame:
        wanted = arrow(traces, TRACE_IDS)
        within = self._span_places.within(wanted["trace_lo"])
        text = statement("traces_since", within=within)
        with self._database.read() as session, session.given(wanted=wanted):
            return read(session.select(text, work=KINDS["work"]))

    def related_traces(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        recent = self._recent.now()
        held, others = recent.split(read(traces), "trace_lo")
        keys, other_keys = self._key_hashes_of(recent, held, others)
        related = recent.related(held, keys, hot_key_limit)
        if others.height or other_keys.height:
            wanted, named = arrow(others, TRACE_IDS), arrow(other_keys, KEY_HASHES)
            within = self._span_places.within(wanted["trace_lo"])
            within_keys = self._span_places.within(named["key_hash"])
            text = statement("related_traces", within=within, within_keys=within_keys)
            with self._database.read() as session, session.given(wanted=wanted, named=named):
                found = read(session.select(text, hot_key_limit=hot_key_limit))
            related = pl.concat([related, found]).unique()
        return arrow(related, TRACE_IDS)

    def hot_keys(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        recent = self._recent.now()
        held, others = recent.split(read(traces), "trace_lo")
        keys, other_keys = self._key_hashes_of(recent, held, others)
        hot = recent.hot(keys, hot_key_limit)
        if other_keys.height:
            named = arrow(other_keys, KEY_HASHES)
            text = statement("hot_keys", within_keys=self._span_places.within(named["key_hash"]))
            with self._database.read() as session, session.given(named=named):
                found = read(session.select(text, hot_key_limit=hot_key_limit))
            hot = pl.concat([hot, found])
        return arrow(hot, KEY_HASHES)

    def _key_hashes_of(
        self, recent: Recent, held: pl.DataFrame, others: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Keys of the traces that are `held` and of the others, as `Recent.split` has them."""
        named = recent.key_hashes_of(held)
        if others.height:
            wanted = arrow(others, TRACE_IDS)
            text = statement("key_hashes_of", within=self._span_places.within(wanted["trace_lo"]))
            with self._database.read() as session, session.given(wanted=wanted):
                named = pl.concat([named, read(session.select(text))]).unique()
        return recent.split(named, "key_hash")

    def heated_traces(self, hot: pa.Table, hot_key_limit: int, after: int, upto: int) -> pa.Table:
        text = statement("heated_traces", within_keys=self._span_places.within(hot["key_hash"]))
        with self._database.read() as session, session.given(hot=hot):
            found = session.select(text, hot_key_limit=hot_key_limit, after=after, upto=upto)
        return fit(found, TRACE_IDS)

    def analysis_input(self, traces: pa.Table) -> SpanBatch:
        recent = self._recent.now()
        held, others = recent.split(read(traces), "trace_lo")
        if held.is_empty():
            return self._read_batch(traces, bare=True)
        found = recent.bare_spans_of(held)
        if others.height:
            stored = self._read_batch(arrow(others, TRACE_IDS), bare=True)
            found.append({name: read(getattr(stored, name)) for name in BATCH_SCHEMAS})
        return join_bare(found)
