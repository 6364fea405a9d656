"""Writing the analyzer's answers into DuckDB."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa

from storage.duckdb_answer_shapes import AnswerShapes
from storage.duckdb_answer_tables import ROWS, own_columns
from storage.duckdb_database import Database, Session
from storage.duckdb_places import RowPlaces
from storage.duckdb_schema import ANSWER_TABLES, TABLES
from storage.duckdb_statements import statement
from storage.local_partitions import LocalPartitions, PartitionedHere
from storage.partition import WHOLE, Partition
from storage.partition_progress import Place


class AnswerWriter(PartitionedHere):
    """Replaces what the analyzer said about some traces."""

    def __init__(self, database: Database, spans: RowPlaces, answers: RowPlaces) -> None:
        self._database, self._span_places, self._answer_places = database, spans, answers
        # Read before any answer is deleted: a number that was used is never used again, or
        # look-ups that know it already would miss what is written with it now.
        with database.read() as session:
            self._answered = int(session.select(statement("newest_answer"))[0][0].as_py())
            analysed = session.select("SELECT analysed_generation FROM state")[0][0].as_py()
            self._answer_shapes = {answers: AnswerShapes(session, answers) for answers in ROWS}
        self._partitions = LocalPartitions(analysed)

    def replace_connections(
        self,
        traces: pa.Table,
        endpoints: pa.Table,
        connections: pa.Table,
        partition: Partition = WHOLE,
    ) -> None:
        within = self._places_of(traces)
        with self._writing_answers() as session:
            with session.given(wanted=traces):
                session.run(statement("delete_endpoints", within=within))
                session.run(statement("delete_connections", within=within))
            number = self._next_number()
            for answers, rows in (("endpoints", endpoints), ("connections", connections)):
                if rows.num_rows:
                    self._insert_answers(session, answers, pl.DataFrame(rows), number)
        ends = (connections[f"{end}_trace_lo"] for end in ("consumer", "producer"))
        self._learn_written(number, endpoints["trace_lo"], *ends)
        self._partitions.note_answered(partition)

    def replace_orphans(
        self,
        traces: pa.Table,
        orphans: pa.Table,
        generation: int,
        partition: Partition = WHOLE,
    ) -> None:
        within = self._places_of(traces)
        with (
            self._database.write() as session,
            session.given(wanted=traces, incoming_orphans=orphans),
        ):
            session.run(statement("delete_orphans", within=within))
            if orphans.num_rows:
                spans = self._span_places.within(orphans["trace_lo"])
                text = statement("insert_orphans", within=spans)
                number = self._next_number()
                session.run(text, answered=number)
            settled = self._partitions.settled_after(partition, generation)
            session.run(statement("set_analysed_generation"), generation=settled)
        self._partitions.note_analysed(partition, generation)
        if orphans.num_rows:
            self._learn_written(number, orphans["trace_lo"])

    def forget_answers(self, rules: str = "") -> None:
        with self._writing_answers() as session:
            for table in ANSWER_TABLES:
                session.run(f"DELETE FROM {table}")
            self.forget_shapes()
            session.run("INSERT INTO answering_rules VALUES ($rules)", rules=rules)
            session.run(statement("set_analysed_generation"), generation=0)
        self._partitions.note_forgotten()

    def note_judged(self, partition: Partition, generation: int, places: Iterable[Place]) -> None:
        super().note_judged(partition, generation, places)
        with self._database.write() as session:
            settled = self._partitions.settled
            session.run(statement("set_analysed_generation"), generation=settled)

    def forget_shapes(self) -> None:
        """Shapes are being deleted; in the transaction that does it."""
        for shapes in self._answer_shapes.values():
            shapes.forget()

    @contextmanager
    def _writing_answers(self) -> Iterator[Session]:
        """A transaction that may store shapes."""
        try:
            with self._database.write() as session:
                yield session
        except BaseException:
            self.forget_shapes()
            raise

    def _insert_answers(
        self, session: Session, answers: str, told: pl.DataFrame, number: int
    ) -> None:
        rows = own_columns(answers, told).with_columns(
            self._answer_shapes[answers].store(session, told).alias("shape_number"),
            pl.lit(number, pl.UInt64).alias("answered"),
        )
        table = ROWS[answers]
        with session.given(incoming=rows.select(TABLES[table].names).to_arrow()):
            session.run(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")

    def note_facts_deleted(self) -> None:
        self._partitions.note_deleted()

    def _check_open(self) -> None:
        self._database.check_open()

    def _newest(self) -> int:
        with self._database.read() as session:
            return int(session.select(statement("newest_generation"))["generation"][0].as_py())

    def _places_of(self, traces: pa.Table) -> str:
        """A condition on the answers that these traces may have."""
        if not self._answer_places.knows(self._answered):
            self._answer_places.learn()
        return self._answer_places.within(traces["trace_lo"])

    def _learn_written(self, number: int, *columns: "pa.ChunkedArray[pa.UInt64Scalar]") -> None:
        """The columns are those of answer_ids_between.sql."""
        ids = pl.concat([pl.Series("id", column) for column in columns])
        self._answer_places.learn_written(ids.unique().to_numpy(), number, number)

    def _next_number(self) -> int:
        """Of the answer that is being written: larger than of any before."""
        self._answered += 1
        return self._answered
