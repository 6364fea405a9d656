"""Reading and writing whole generations of a ClickHouse store."""

import pyarrow as pa

from storage import results, schema
from storage.clickhouse.appending import SpanWriter
from storage.clickhouse.database import Database
from storage.clickhouse.span_reads import read_parts
from storage.clickhouse.statements import statement
from storage.results import fit
from storage.rewriting import StoredSpans
from storage.schema import SpanBatch


class SpanRewriter:
    def __init__(self, database: Database, writer: SpanWriter) -> None:
        self._database, self._writer = database, writer

    def stored_spans(self, after: int, limit: int) -> StoredSpans:
        with self._database.read() as session:
            values = {"after": after, "complete": session.snapshot.spans.newest}
            text = statement("complete_generation")
            upto = session.select(text, limit=max(limit, 1), **values)["generation"][0].as_py()
            between = {"after": after, "upto": after if upto is None else upto}
            columns = ", ".join([*schema.SPANS.names, *results.STORED.names])
            spans = session.select(statement("spans_between", columns=columns), **between)
            found = {name: rows.empty_table() for name, rows in schema.BATCH_SCHEMAS.items()}
            found["spans"] = spans
            which = "generation > {after} AND generation <= {upto}".format(**between)
            for name in ("links", "events"):
                found[name] = read_parts(session, name, which)
            for name, key in (("resources", "resource_id"), ("scopes", "scope_id")):
                columns = ", ".join(schema.BATCH_SCHEMAS[name].names)
                text = statement("rows_named", table=name, columns=columns, key=key)
                with session.given(found=spans.select([key])):
                    found[name] = session.select(text)
        batch = SpanBatch(**{n: fit(found[n], rows) for n, rows in schema.BATCH_SCHEMAS.items()})
        empty: pa.Table = results.KEY_GENERATIONS.empty_table()
        return StoredSpans(batch, fit(spans, results.STORED), empty)

    def restore(self, spans: StoredSpans) -> None:
        self._writer.store_again(spans)
