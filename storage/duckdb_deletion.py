"""Deleting the oldest spans from DuckDB.

Whole generations: their rows lie together in every table, so that DuckDB finds them by
the min and max of its row groups, drops whole groups, and uses their space for what
comes. The file does not grow while about as much is deleted as is stored.
"""

import pyarrow as pa

from storage import results, schema
from storage.contract import Deleted
from storage.duckdb_answer_tables import ROWS, SHAPES
from storage.duckdb_answer_writer import AnswerWriter
from storage.duckdb_database import Database, Session
from storage.duckdb_messages import LEAN, WHOLE
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import rows_of
from storage.duckdb_write import SpanWriter
from storage.results import fit

_PARTS = ("links", "events", LEAN, WHOLE, "keys", "correlation", "spans")
# Table, and the tables and column that name its rows. They are few, unless somebody makes them up.
_DICTIONARIES = {
    "resources": (("spans",), "resource_number"),
    "scopes": (("spans",), "scope_number"),
    "shapes": ((LEAN, WHOLE), "shape_number"),
    **{SHAPES[answers]: ((ROWS[answers],), "shape_number") for answers in ROWS},
}
# Rows of those tables above which it is worth to look for unnamed ones.
_WORTH_SWEEPING = 50_000


class SpanDeleter:
    def __init__(self, database: Database, writer: SpanWriter, answers: AnswerWriter) -> None:
        self._database, self._writer, self._answers = database, writer, answers
        self._sweep_above = _WORTH_SWEEPING

    def oldest_generations(self, spans: int) -> pa.Table:
        with self._database.read() as session:
            found = session.select(statement("oldest_generations"), spans=max(spans, 1))
        return fit(found, results.GENERATIONS)

    def count_spans(self) -> int:
        with self._database.read() as session:
            return _count(session, "SELECT count(*) FROM spans")

    def traces_until(self, generation: int) -> pa.Table:
        with self._database.read() as session:
            found = session.select(statement("traces_until"), generation=generation)
        return fit(found, schema.TRACE_IDS)

    def delete_until(self, generation: int, touched: pa.Table) -> Deleted:
        with self._writer.between_appends() as newest:
            with self._database.write() as session:
                deleted = _delete(session, generation, newest, touched)
                swept = self._sweep(session)
            self._writer.note_deleted(deleted.spans, generation, renumber=swept)
            self._answers.note_facts_deleted()
        return deleted

    def reclaim(self) -> bool:
        return self._database.checkpoint()

    def losses_of(self, traces: pa.Table) -> pa.Table:
        with self._database.read() as session:
            # Asked in each pass of the analysis, and mostly there are none at all.
            if not session.look_up("SELECT generation FROM losses LIMIT 1").num_rows:
                return schema.TRACE_IDS.empty_table()
            with rows_of(session, traces) as rows:
                text = statement("losses_of", rows=rows.source("losses", within="true"))
                return fit(rows.select(text), schema.TRACE_IDS)

    def past_facts(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select(statement("past_facts")), results.PAST_FACTS)

    def spans_since(self, generation: int, traces: pa.Table) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            found = session.select(statement("spans_since"), generation=generation)
        return fit(found, schema.SPAN_IDS)

    def _sweep(self, session: Session) -> bool:
        """Delete what nothing names any more, once there is much more of it than before."""
        if _count(session, statement("dictionary_rows")) <= self._sweep_above:
            return False
        for table, (naming, column) in _DICTIONARIES.items():
            named = " UNION ALL ".join(f"SELECT {column} FROM {rows}" for rows in naming)
            session.run(statement("sweep", table=table, named=named))
        self._answers.forget_shapes()
        left = _count(session, statement("dictionary_rows"))
        self._sweep_above = max(_WORTH_SWEEPING, 2 * left)
        return True


def _delete(session: Session, generation: int, newest: int, touched: pa.Table) -> Deleted:
    key = ", ".join(results.ENDPOINT_KEY)
    with session.given(
        gone=session.select(statement("gone_spans"), generation=generation), touched=touched
    ):
        session.run(statement("remember_facts", key=key), newest=newest)
        session.run(statement("forget_older_facts", key=key))
        for table, prefix in (
            (ROWS["endpoints"], ""),
            (ROWS["connections"], "consumer_"),
            ("orphans", ""),
        ):
            session.run(statement("delete_gone", table=table, prefix=prefix))
        deleted = 0
        for table in _PARTS:
            deleted = session.change(
                statement("delete_generations", table=table), generation=generation
            )
        session.run(statement("forget_losses"))
        session.run(statement("note_losses"), newest=newest)
    session.run(statement("expire", table="losses"))
    expired = session.change(statement("expire", table="past_facts"))
    session.run(statement("note_generation"), newest=newest)
    return Deleted(deleted, expired)


def _count(session: Session, text: str) -> int:
    return int(session.select(text)[0][0].as_py())
