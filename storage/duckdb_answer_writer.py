"""Writing the analyzer's answers into DuckDB."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa

from storage.arrays import U64Array, starts_of_runs
from storage.duckdb_answer_shapes import AnswerShapes
from storage.duckdb_answer_tables import ROWS, own_columns
from storage.duckdb_database import Database, Session
from storage.duckdb_first_stored import first_stored
from storage.duckdb_places import RowPlaces
from storage.duckdb_recent import RecentAppends
from storage.duckdb_schema import ANSWER_TABLES
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import rows_of
from storage.local_partitions import LocalPartitions, PartitionedHere
from storage.partition import WHOLE, Partition
from storage.partition_progress import Place
from storage.schema import U64
from storage.trace_sets import sort_ids


class AnswerWriter(PartitionedHere):
    """Replaces what the analyzer said about some traces."""

    def __init__(
        self, database: Database, spans: RowPlaces, answers: RowPlaces, recent: RecentAppends
    ) -> None:
        self._database, self._span_places, self._answer_places = database, spans, answers
        self._recent = recent
        # Read before any answer is deleted: a number that was used is never used again, or
        # look-ups that know it already would miss what is written with it now.
        with database.read() as session:
            self._answered = int(session.select(statement("newest_answer"))[0][0].as_py())
            analysed = session.select("SELECT analysed_generation FROM state")[0][0].as_py()
            self._answer_shapes = {answers: AnswerShapes(session, answers) for answers in ROWS}
        self._partitions = LocalPartitions(analysed)
        self._replaced: tuple[pa.Table, pa.Table] | None = None
        """Traces whose connections were replaced last, and those of them that may have had
        answers before; None where orphans were replaced since."""

    def replace_connections(
        self,
        traces: pa.Table,
        endpoints: pa.Table,
        connections: pa.Table,
        partition: Partition = WHOLE,
    ) -> None:
        self._learn_answers()
        answered = self._answered_among(traces)
        ends = (connections[f"{end}_trace_lo"] for end in ("consumer", "producer"))
        ids = _ids_of(endpoints["trace_lo"], *ends)
        with self._writing_answers() as session:
            self._delete(session, answered, {"endpoint_rows": "", "connection_rows": "consumer_"})
            number = self._next_number()
            for answers, rows in (("endpoints", endpoints), ("connections", connections)):
                if rows.num_rows:
                    self._insert_answers(session, answers, rows, number)
        self._answer_places.learn_written(ids, number, number)
        self._replaced = traces, answered
        self._partitions.note_answered(partition)

    def replace_orphans(
        self,
        traces: pa.Table,
        orphans: pa.Table,
        generation: int,
        partition: Partition = WHOLE,
    ) -> None:
        replaced, self._replaced = self._replaced, None
        if replaced is not None and replaced[0].equals(traces):
            answered = replaced[1]
        else:
            self._learn_answers()
            answered = self._answered_among(traces)
        recent, ids = self._recent.now(), _ids_of(orphans["trace_lo"])
        with self._database.write() as session:
            self._delete(session, answered, {"orphans": ""})
            if orphans.num_rows:
                stored = first_stored(session, self._span_places, recent, orphans)
                number = self._next_number()
                rows = orphans.append_column("stored_at_unix_nano", pa.array(stored))
                _insert(session, "orphans", rows, number)
            settled = self._partitions.settled_after(partition, generation)
            session.run(statement("set_analysed_generation"), generation=settled)
        self._partitions.note_analysed(partition, generation)
        if orphans.num_rows:
            self._answer_places.learn_written(ids, number, number)

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

    def _insert_answers(self, session: Session, answers: str, told: pa.Table, number: int) -> None:
        shapes = self._answer_shapes[answers].store(session, told)
        rows = own_columns(answers, told).append_column("shape_number", shapes.to_arrow())
        _insert(session, ROWS[answers], rows, number)

    def _delete(self, session: Session, traces: pa.Table, tables: Mapping[str, str]) -> None:
        """Rows of these tables that the traces own; what stands before the names of an owner's
        columns in each."""
        if not traces.num_rows:
            return
        within = self._answer_places.within(traces["trace_lo"])
        with rows_of(session, traces) as rows:
            for table, end in tables.items():
                text = statement(
                    "delete_answers", table=table, within=within, owned=rows.inside(end)
                )
                session.run(text)

    def note_facts_deleted(self) -> None:
        self._partitions.note_deleted()

    def _check_open(self) -> None:
        self._database.check_open()

    def _learn_answers(self) -> None:
        """Have the places tell of all answers; at no cost where they do."""
        if not self._answer_places.knows(self._answered):
            self._answer_places.learn()

    def _answered_among(self, traces: pa.Table) -> pa.Table:
        """Those of the traces that may have answers, by what the places tell: few, as most
        traces are new."""
        new = self._answer_places.are_new(traces["trace_lo"].to_numpy(), self._answered + 1)
        if new is None:
            return traces
        return traces.slice(0, 0) if new.all() else traces.filter(pa.array(~new))

    def _next_number(self) -> int:
        """Of the answer that is being written: larger than of any before."""
        self._answered += 1
        return self._answered


def _ids_of(*columns: "pa.ChunkedArray[pa.UInt64Scalar]") -> U64Array:
    """What these columns, which are those of answer_ids_between.sql, are looked up by."""
    ids = (column.to_numpy() for column in columns)
    return sort_ids(column[starts_of_runs(column)] for column in ids)


def _insert(session: Session, table: str, rows: pa.Table, number: int) -> None:
    answered = pa.repeat(pa.scalar(number, U64), rows.num_rows)
    session.insert(table, rows.append_column("answered", answered))
