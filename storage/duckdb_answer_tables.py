"""How the DuckDB engine keeps endpoints and connections: what many of them agree in (all but
ids, times and what one message said) stands once, as a shape, which rows name by number.
Views put both together again, so that statements read `endpoints` and `connections`.
"""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from storage import schema
from storage.duckdb_statements import statement

COMPRESSION = b"compression"
"""Names, in the metadata of a field, how a column of it is stored."""
# What differs from answer to answer.
_OWN = {
    "endpoints": (
        *("trace_hi", "trace_lo", "span_id"),
        *("start_time_unix_nano", "end_time_unix_nano", "kafka_offset"),
    ),
    "connections": (
        *("producer_trace_hi", "producer_trace_lo", "producer_span_id"),
        *("consumer_trace_hi", "consumer_trace_lo", "consumer_span_id"),
        *("evidence", "wait_nano", "consumer_start_time_unix_nano"),
    ),
}
_ANSWERS = {"endpoints": schema.ENDPOINTS, "connections": schema.CONNECTIONS}
ROWS = {"endpoints": "endpoint_rows", "connections": "connection_rows"}
SHAPES = {"endpoints": "endpoint_shapes", "connections": "connection_shapes"}

# What a checkpoint would find out of each column anew, by trying every way: a fifth of what it
# spends on these tables. Of ids of traces it depends on how many rows follow each other.
_COMPRESSION = {
    **dict.fromkeys(("span_id", "consumer_span_id"), "uncompressed"),
    **dict.fromkeys(("start_time_unix_nano", "consumer_start_time_unix_nano"), "bitpacking"),
    **dict.fromkeys(("duration_nano", "wait_nano", "kafka_offset", "shape_number"), "bitpacking"),
    "answered": "rle",
}

# Rows have the duration instead of the end: smaller numbers compress better.
_END, _DURATION = "end_time_unix_nano", pa.field("duration_nano", schema.I64, nullable=False)
TOLD_END = f"start_time_unix_nano + duration_nano AS {_END}"
_NUMBER = pa.field("number", schema.U32, nullable=False)
_SHAPE_NUMBER = pa.field("shape_number", schema.U32, nullable=False)
# Grows with every answer of the analyzer, so that rows of one lie together.
ANSWERED = pa.field("answered", schema.U64, nullable=False)


def shape_columns(answers: str) -> list[str]:
    return [name for name in _ANSWERS[answers].names if name not in _OWN[answers]]


def _rows(answers: str) -> pa.Schema:
    own = (_DURATION if name == _END else _ANSWERS[answers].field(name) for name in _OWN[answers])
    return pa.schema([_compressed(field) for field in (*own, _SHAPE_NUMBER, ANSWERED)])


def _compressed(field: "pa.Field[pa.DataType]") -> "pa.Field[pa.DataType]":
    """As duckdb_schema takes it."""
    name = _COMPRESSION.get(field.name)
    return field if name is None else field.with_metadata({COMPRESSION: name})


def _shapes(answers: str) -> pa.Schema:
    return pa.schema([_NUMBER, *(_ANSWERS[answers].field(n) for n in shape_columns(answers))])


ANSWER_ROWS: dict[str, pa.Schema] = {
    **{ROWS[answers]: _rows(answers) for answers in _ANSWERS},
    **{SHAPES[answers]: _shapes(answers) for answers in _ANSWERS},
}


def own_columns(answers: str, told: pa.Table) -> pa.Table:
    """What a row has of an answer, beside the number of its shape."""
    own = told.select([name for name in _OWN[answers] if name != _END])
    if _END in _OWN[answers]:
        own = own.append_column(_DURATION, pc.subtract(told[_END], told["start_time_unix_nano"]))
    return own


def create_views(connection: duckdb.DuckDBPyConnection) -> None:
    for answers in _ANSWERS:
        names = _ANSWERS[answers].names
        columns = ", ".join(TOLD_END if name == _END else name for name in names)
        connection.execute(
            statement(
                "create_answer_view",
                view=answers,
                columns=columns,
                rows=ROWS[answers],
                shapes=SHAPES[answers],
            )
        )


def drop_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables too, which they were in older stores."""
    for answers in _ANSWERS:
        kind = connection.execute(statement("kind_of_table"), {"name": answers}).fetchone()
        if kind is not None:
            connection.execute(f"DROP {'VIEW' if kind == ('VIEW',) else 'TABLE'} {answers}")
