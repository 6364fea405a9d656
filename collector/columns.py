"""Columns under construction: one list a column, one table a request."""

from typing import Any

import pyarrow as pa

from storage.schema import BATCH_SCHEMAS, SpanBatch


class Columns:
    """Appends rows to the columns of one table. A row is given in the schema's order."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._columns: list[list[Any]] = [[] for _ in schema]
        self._add = [column.append for column in self._columns]

    def append(self, *row: Any) -> None:
        for add, value in zip(self._add, row, strict=True):
            add(value)

    def __len__(self) -> int:
        return len(self._columns[0])

    def table(self) -> pa.Table:
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(self._columns, self.schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


class BatchColumns:
    """The tables of a SpanBatch under construction."""

    def __init__(self) -> None:
        self._tables = {name: Columns(schema) for name, schema in BATCH_SCHEMAS.items()}

    def __getitem__(self, name: str) -> Columns:
        return self._tables[name]

    def batch(self) -> SpanBatch:
        return SpanBatch(**{name: columns.table() for name, columns in self._tables.items()})
