"""Deleting the oldest spans from ClickHouse.

One number in the state says up to which generation everything is deleted; rows of those
count no more, answers about their spans neither. What takes room is taken out later
(`reclaim`): whole days of it at once, by dropping their parts.
"""

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.clickhouse.appending import SpanWriter
from storage.clickhouse.database import Database, Session
from storage.clickhouse.deletes import Reclaimer
from storage.clickhouse.leases import LeaseHolder
from storage.clickhouse.statements import statement
from storage.contract import Deleted
from storage.memory_frames import TRACE, read
from storage.results import fit

_KEY = ", ".join(results.ENDPOINT_KEY)


class SpanDeleter:
    def __init__(
        self, database: Database, writer: SpanWriter, holder: LeaseHolder, reclaimer: Reclaimer
    ) -> None:
        self._database, self._writer, self._holder = database, writer, holder
        self._reclaimer = reclaimer

    def oldest_generations(self, spans: int) -> pa.Table:
        with self._database.read() as session:
            found = session.select(statement("oldest_generations"), spans=max(spans, 1))
        return fit(found, results.GENERATIONS)

    def count_spans(self) -> int:
        with self._database.read() as session:
            return _count(session, "SELECT count() AS found FROM spans")

    def traces_until(self, generation: int) -> pa.Table:
        text = "SELECT DISTINCT trace_hi, trace_lo FROM spans WHERE generation <= $generation"
        with self._database.read() as session:
            return fit(session.select(text, generation=generation), schema.TRACE_IDS)

    def delete_until(self, generation: int, touched: pa.Table) -> Deleted:
        # Of whoever analyses: a pass of another would answer what is deleted meanwhile.
        self._holder.beat()
        with (
            self._writer.between_appends(),
            self._database.answer(self._holder.leading_fence()) as write,
        ):
            session = write.session
            newest = session.snapshot.spans.newest
            # An append that goes on has a number too: it is not deleted before it is there.
            generation = min(generation, session.snapshot.spans.complete)
            text = "SELECT count() AS found FROM spans WHERE generation <= $generation"
            gone = _count(session, text, generation)
            known = _count(session, statement("count_facts", key=_KEY), generation)
            stamps = (
                pl.lit(newest, pl.UInt64).alias("generation"),
                pl.lit(write.number, pl.UInt64).alias("answered"),
            )
            facts = session.select(statement("facts_of_deleted", key=_KEY), generation=generation)
            with session.given(touched=touched):
                lost = session.select(statement("losses_of_deleted"), generation=generation)
            for name, found in (("past_facts", facts), ("losses", lost)):
                if found.num_rows:
                    write.insert(name, read(found).with_columns(stamps))
            write.detail["deleted"] = max(generation, session.snapshot.deleted)
        with self._database.read() as session:
            left = _count(session, "SELECT count() AS found FROM past_facts")
        return Deleted(gone, known - left)

    def reclaim(self) -> bool:
        self._reclaimer.reclaim()
        return True

    def losses_of(self, traces: pa.Table) -> pa.Table:
        text = (
            "SELECT trace_hi, trace_lo FROM losses "
            "WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)"
        )
        with self._database.read() as session, session.given(wanted=traces):
            return fit(session.select(text), schema.TRACE_IDS)

    def past_facts(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select("SELECT * FROM past_facts"), results.PAST_FACTS)

    def spans_since(self, generation: int, traces: pa.Table) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            found = session.select(statement("spans_since"), generation=generation)
        return fit(found, schema.SPAN_IDS)

    def losses(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select("SELECT * FROM losses"), results.LOSSES)

    def restore_losses(self, losses: pa.Table) -> None:
        noted = read(losses)
        with self._database.answer() as write:
            if noted.height:
                number = pl.lit(write.number, pl.UInt64).alias("answered")
                write.insert("losses", noted.select(*TRACE, "generation", number))


def _count(session: Session, text: str, generation: int = 0) -> int:
    return int(session.select(text, generation=generation)["found"][0].as_py())
