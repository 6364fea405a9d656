"""Reading and writing whole generations of a DuckDB store."""

import pyarrow as pa

from storage import results, schema
from storage.duckdb_database import Database
from storage.duckdb_span_numbers import NumberedSpans, with_linked_traces
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import chosen_by
from storage.duckdb_write import SpanWriter
from storage.results import fit
from storage.rewriting import StoredSpans
from storage.schema import SpanBatch


class SpanRewriter:
    def __init__(self, database: Database, writer: SpanWriter) -> None:
        self._database, self._writer = database, writer

    def stored_spans(self, after: int, limit: int) -> StoredSpans:
        with self._database.read() as session:
            upto = session.select(
                statement("complete_generation"), after=after, limit=max(limit, 1)
            )[0][0].as_py()
            between = {"after": after, "upto": after if upto is None else upto}
            numbered = NumberedSpans(session.select(statement("spans_between"), **between))
            spans = numbered.with_parents()
            found = {name: rows.empty_table() for name, rows in schema.BATCH_SCHEMAS.items()}
            found["spans"] = spans
            for name in ("links", "events"):
                parts = session.select(statement("parts_between", table=name), **between)
                found[name] = numbered.with_ids(parts)
            found["links"] = with_linked_traces(found["links"])
            for name, key in (("resources", "resource_id"), ("scopes", "scope_id")):
                with chosen_by(session, key, spans[key]) as chosen:
                    text = statement("numbered", table=name, chosen=chosen)
                    found[name] = session.select(text)
        batch = SpanBatch(**{n: fit(found[n], rows) for n, rows in schema.BATCH_SCHEMAS.items()})
        return StoredSpans(batch, fit(spans, results.STORED), results.KEY_GENERATIONS.empty_table())

    def restore(self, spans: StoredSpans) -> None:
        self._writer.store_again(spans)

    def losses(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select(statement("losses")), results.LOSSES)

    def restore_losses(self, losses: pa.Table) -> None:
        with self._database.write() as session, session.given(incoming=losses):
            session.run("INSERT INTO losses BY NAME SELECT * FROM incoming")
