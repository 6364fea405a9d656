"""Writing the analyzer's answers into ClickHouse.

An answer's rows are added with its number, and what they take the place of is named in
`superseded`; both count from the answer's commit on.
"""

from collections.abc import Iterable
from contextlib import suppress

import polars as pl
import pyarrow as pa

from storage.clickhouse.copies import drop_copies
from storage.clickhouse.database import Database, Session, Write
from storage.clickhouse.deletes import Reclaimer
from storage.clickhouse.leases import LeaseHolder
from storage.clickhouse.statements import statement
from storage.clickhouse.tables import ANSWERS, KINDS
from storage.contract import StoreError
from storage.memory_frames import SPAN, TRACE, read
from storage.partition import WHOLE, Partition
from storage.partition_progress import Place, analysed, analysed_by, answered, forgotten, judged

# Of an answer about a span that is not stored: no deletion reaches it.
_NEVER = 2**64 - 1
# Answers after which what they took the place of is taken out.
_RECLAIM_EVERY = 250
_OWNED = [*TRACE, "answered"]


class AnswerWriter(LeaseHolder):
    def __init__(self, database: Database, reclaimer: Reclaimer) -> None:
        super().__init__(database)
        self._reclaimer = reclaimer
        self._replaced = 0

    def replace_connections(
        self,
        traces: pa.Table,
        endpoints: pa.Table,
        connections: pa.Table,
        partition: Partition = WHOLE,
    ) -> None:
        self.beat()
        rows = {"endpoints": read(endpoints), "connections": read(connections)}
        with self._database.answer(self.fence(partition)) as write:
            _replace(write, "connections", traces, rows, partition)
            if not partition.is_whole:
                write.detail |= answered(partition)

    def replace_orphans(
        self,
        traces: pa.Table,
        orphans: pa.Table,
        generation: int,
        partition: Partition = WHOLE,
    ) -> None:
        self.beat()
        with self._database.answer(self.fence(partition)) as write:
            _replace(write, "orphans", traces, {"orphans": read(orphans)}, partition)
            if partition.leads:
                before = analysed_by(write.session.snapshot.state, partition)
                drop_copies(self._database, write.session, before, generation)
            write.detail |= analysed(partition, generation)
        self._replaced += 1
        if self._replaced % _RECLAIM_EVERY == 0 and partition.leads:
            with suppress(StoreError):  # next time, then: the answer is stored
                self._reclaimer.reclaim()

    def note_judged(self, partition: Partition, generation: int, places: Iterable[Place]) -> None:
        self.beat()
        self._database.note(self.fence(partition), **judged(partition, generation, places))

    def forget_answers(self, rules: str = "") -> None:
        fence = self.leading_fence(alone=True)
        with self._database.answer(fence) as write:
            state = write.session.snapshot.state
            write.detail |= forgotten(state) | {"forgotten": True, "rules": rules}
        if fence.partition in self._held:
            self._held[fence.partition].began = write.after.began


def _replace(
    write: Write, kind: str, traces: pa.Table, rows: dict[str, pl.DataFrame], partition: Partition
) -> None:
    session = write.session
    tables = [name for name, of in KINDS.items() if of == kind]
    with session.given(wanted=traces):
        old = [
            session.select(statement("answers_of", table=name, owner=", ".join(ANSWERS[name])))
            for name in tables
        ]
    superseded = pl.concat([read(found.rename_columns(_OWNED)) for found in old]).unique()
    if superseded.height:
        named = superseded.with_columns(
            kind=pl.lit(kind), by_answer=pl.lit(write.number, pl.UInt64)
        )
        write.insert("superseded", named)
    for name, frame in rows.items():
        if frame.height:
            owner = ANSWERS[name][0].removesuffix("trace_hi")
            dated = _date(session, frame, [f"{owner}{part}" for part in SPAN])
            if not partition.leads:  # another deletes meanwhile, and would not see these
                dated = dated.filter(pl.col("generation") < _NEVER)
            write.insert(name, dated.with_columns(answered=pl.lit(write.number, pl.UInt64)))


def _date(session: Session, rows: pl.DataFrame, span: list[str]) -> pl.DataFrame:
    """With the generation of each row's span, and when it was stored: of the oldest content,
    whatever the clock said since."""
    ids = rows.select(pl.col(span).name.map(lambda name: SPAN[span.index(name)])).unique()
    with session.given(wanted=ids.to_arrow()):
        first = read(session.select(statement("first_stored")))
    dated = rows.join(first, left_on=span, right_on=SPAN, how="left", maintain_order="left")
    return dated.with_columns(
        pl.col("generation").fill_null(pl.lit(_NEVER, pl.UInt64)),
        pl.col("stored_at_unix_nano").fill_null(0),
    )
