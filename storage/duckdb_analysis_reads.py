"""What the DuckDB engine tells the analysis of spans: from memory that of which the newest
appends hold every row (duckdb_recent.py), the rest from the file."""

import pyarrow as pa

from storage.arrays import U64Array
from storage.duckdb_database import Database
from storage.duckdb_read import SpanReader
from storage.duckdb_recent import Recent, RecentAppends
from storage.duckdb_statements import statement
from storage.join_keys import KINDS
from storage.lean_batches import join_tables, make_batch, read_batch
from storage.results import KEY_HASHES, fit
from storage.schema import TRACE_IDS, SpanBatch
from storage.trace_sets import (
    Traces,
    TraceSet,
    read_traces,
    sort_ids,
    stack_traces,
    trace_table,
)


class _Asked:
    """Traces, of which some have all their rows in memory."""

    def __init__(self, recent: Recent, traces: TraceSet) -> None:
        self.recent, self.traces = recent, traces
        held = recent.holds(traces.low)
        self.held, self.others = traces.where(held), traces.where(~held)
        self.keys: tuple[U64Array, U64Array] | None = None
        """Those that have all their rows in memory, and others; None before they are found."""


class AnalysisReader(SpanReader):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._recent = RecentAppends(self._span_places)
        self._last_asked = self._nothing = _Asked(Recent(), stack_traces([]).distinct)

    def traces_since(self, generation: int, limit: int) -> tuple[pa.Table, int]:
        recent, limit = self._recent.now(), max(limit, 1)
        self._recent.note_analysed(generation)
        arrived, upto = recent.arrived(generation, limit) or self._stored_since(generation, limit)
        asked = self._asked_about(recent, arrived)
        telling: Traces = recent.telling(asked.held)
        if len(asked.others):
            telling = stack_traces([telling, self._stored_telling(asked.others)])
        if not len(telling):  # nothing else will be asked
            self._last_asked = self._nothing
        return trace_table(telling), upto

    def _asked_about(self, recent: Recent, traces: TraceSet) -> _Asked:
        """Whoever analyses asks several times in a row about the same traces. With anything that
        is stored or deleted `recent` is another."""
        asked = self._last_asked
        if asked.recent is not recent or not asked.traces.equals(traces):
            asked = self._last_asked = _Asked(recent, traces)
        return asked

    def _stored_since(self, after: int, limit: int) -> tuple[TraceSet, int]:
        """Traces of the next generations, and the last of these."""
        self._span_places.learn()
        with self._database.read() as session:
            text = statement("complete_generation")
            upto = session.select(text, after=after, limit=limit)[0][0].as_py()
            if upto is None:
                newest = session.select(statement("newest_generation"))[0][0].as_py()
                return stack_traces([]).distinct, max(after, newest)
            found = session.select(statement("arrived_traces"), after=after, upto=upto)
        return read_traces(found).distinct, upto

    def _stored_telling(self, traces: TraceSet) -> Traces:
        wanted = trace_table(traces)
        within = self._span_places.within(wanted["trace_lo"])
        text = statement("traces_since", within=within)
        with self._database.read() as session, session.given(wanted=wanted):
            return read_traces(session.select(text, work=KINDS["work"]))

    def related_traces(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        asked = self._asked_about(self._recent.now(), read_traces(traces).distinct)
        keys, other_keys = self._keys_of(asked)
        related = asked.recent.related(asked.held, keys, hot_key_limit)
        if len(asked.others) or len(other_keys):
            wanted, named = trace_table(asked.others), _key_table(other_keys)
            within = self._span_places.within(wanted["trace_lo"])
            within_keys = self._span_places.within(named["key_hash"])
            text = statement("related_traces", within=within, within_keys=within_keys)
            with self._database.read() as session, session.given(wanted=wanted, named=named):
                found = read_traces(session.select(text, hot_key_limit=hot_key_limit))
            related = stack_traces([related, found]).distinct
        return trace_table(related)

    def hot_keys(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        asked = self._asked_about(self._recent.now(), read_traces(traces).distinct)
        keys, other_keys = self._keys_of(asked)
        hot = _key_table(asked.recent.hot(keys, hot_key_limit))
        if len(other_keys):
            named = _key_table(other_keys)
            text = statement("hot_keys", within_keys=self._span_places.within(named["key_hash"]))
            with self._database.read() as session, session.given(named=named):
                found = session.select(text, hot_key_limit=hot_key_limit)
            hot = pa.concat_tables([hot, fit(found, KEY_HASHES)])
        return hot

    def _keys_of(self, asked: _Asked) -> tuple[U64Array, U64Array]:
        """Keys of the traces: those that have all their rows in memory, and others."""
        if asked.keys is None:
            keys = asked.recent.keys_of(asked.held)
            if len(asked.others):
                wanted = trace_table(asked.others)
                within = self._span_places.within(wanted["trace_lo"])
                with self._database.read() as session, session.given(wanted=wanted):
                    found = session.select(statement("key_hashes_of", within=within))
                keys = sort_ids([keys, found["key_hash"].to_numpy()])
            held = asked.recent.holds(keys)
            asked.keys = keys[held], keys[~held]
        return asked.keys

    def heated_traces(self, hot: pa.Table, hot_key_limit: int, after: int, upto: int) -> pa.Table:
        text = statement("heated_traces", within_keys=self._span_places.within(hot["key_hash"]))
        with self._database.read() as session, session.given(hot=hot):
            found = session.select(text, hot_key_limit=hot_key_limit, after=after, upto=upto)
        return fit(found, TRACE_IDS)

    def analysis_input(self, traces: pa.Table) -> SpanBatch:
        asked = self._asked_about(self._recent.now(), read_traces(traces).distinct)
        # The last question as a rule: appends that are let go are not held on to here.
        self._last_asked = self._nothing
        if not len(asked.held):
            return self._read_batch(traces, bare=True)
        found = asked.recent.bare_rows_of(asked.held)
        if len(asked.others):
            found.append(read_batch(self._read_batch(trace_table(asked.others), bare=True)))
        if not found:  # keys or links were told of them, and no spans
            return self._read_batch(TRACE_IDS.empty_table(), bare=True)
        return make_batch(join_tables(found))


def _key_table(keys: U64Array) -> pa.Table:
    return pa.Table.from_arrays([pa.array(keys)], schema=KEY_HASHES)
