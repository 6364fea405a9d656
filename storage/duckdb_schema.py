"""Tables of the DuckDB engine, and how older files become current.

DDL follows the Arrow schemas. No primary keys, no indexes, no UPDATE on span tables:
in DuckDB a primary key makes appends a quarter as fast and rows seven times as large, and
indexes and updates are where its corruption reports come from. Duplicates are found before
they are written.
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from storage import results, schema
from storage.contract import StoreError
from storage.duckdb_answer_tables import (
    ANSWER_ROWS,
    ANSWERED,
    COMPRESSION,
    create_views,
    drop_views,
)
from storage.duckdb_messages import COMMON, LEAN, ONLY_WHOLE, WHOLE
from storage.duckdb_span_numbers import PARTS
from storage.duckdb_statements import statement
from storage.memory_frames import PART

SCHEMA_VERSION = 5
# Version to the statements (files in sql/) that make it the next one, to the tables that are
# made after these, and to those that get another form, which a statement of that name fills
# from the old one ("old_" before its name).
MIGRATIONS: dict[int, tuple[str, ...]] = {
    2: ("create_settings_notes",),
    3: (),
    4: ("keep_messages_whole",),
}
ADDED: dict[int, tuple[str, ...]] = {4: (LEAN,)}
REWRITTEN: dict[int, dict[str, str]] = {
    3: {"spans": "number_spans"} | dict.fromkeys(PARTS, "name_spans_by_number")
}
# The table that has the form today which such a table got then.
_FORMS = {(3, LEAN): WHOLE}

_GENERATION = pa.field("generation", schema.U64, nullable=False)
_STORED_AT = pa.field("stored_at_unix_nano", schema.I64, nullable=False)
_START = pa.field("start_time_unix_nano", schema.I64, nullable=False)
_DURATION = pa.field("duration_nano", schema.I64, nullable=False)
_NAME = pa.field("name", schema.TEXT, nullable=False)
_NUMBER = pa.field("number", schema.U32, nullable=False)
_SPAN_NUMBER = pa.field("span_number", schema.I64, nullable=False)


def _changed(columns: pa.Schema, **replacements: "pa.Field[pa.DataType]") -> pa.Schema:
    return pa.schema([replacements.get(field.name, field) for field in columns])


def _number_of(name: str) -> "pa.Field[pa.DataType]":
    return pa.field(name, schema.U32, nullable=False)


def _with_number(part: str) -> pa.Schema:
    """What is stored with spans has their generation, so that it is deleted with them: rows
    of one generation lie together."""
    named = set(PART) - set(PARTS[part])
    columns = [field for field in schema.BATCH_SCHEMAS[part] if field.name not in named]
    return pa.schema([*columns, _SPAN_NUMBER, _GENERATION])


_MESSAGES = _changed(_with_number("messaging"), shape_id=_number_of("shape_number"))

TABLES: dict[str, pa.Schema] = {
    **schema.BATCH_SCHEMAS,
    # Rows name these by number (duckdb_numbers.py).
    **{
        name: pa.schema([_NUMBER, *schema.BATCH_SCHEMAS[name]])
        for name in ("resources", "scopes", "shapes")
    },
    "spans": pa.schema(
        [
            *_changed(
                schema.SPANS,
                resource_id=_number_of("resource_number"),
                scope_id=_number_of("scope_number"),
                end_time_unix_nano=_DURATION,
            ),
            _GENERATION,
            _STORED_AT,
            _SPAN_NUMBER,
            # To the number of the parent, which `parent_span_id` does not name then; else 0.
            pa.field("parent_offset", schema.I32, nullable=False),
        ]
    ),
    # Without the linked trace where it is their own.
    "links": _changed(
        _with_number("links"),
        **{name: pa.field(name, schema.U64) for name in ("linked_trace_hi", "linked_trace_lo")},
    ),
    "events": _with_number("events"),
    LEAN: pa.schema([field for field in _MESSAGES if field.name not in ONLY_WHOLE]),
    WHOLE: _MESSAGES,
    "keys": schema.KEYS.append(_GENERATION),
    # With the latest start of the spans that had the set, to tell recent values.
    "correlation": schema.CORRELATION.append(_START).append(_GENERATION),
    **ANSWER_ROWS,
    # When the root was stored, kept here so that lists need no join with all spans.
    "orphans": schema.ORPHANS.append(_STORED_AT).append(ANSWERED),
    # What outlives deleted spans, and the newest generation when they were deleted.
    "losses": schema.TRACE_IDS.append(_GENERATION),
    "past_facts": results.PAST_FACTS.append(_GENERATION),
    # What made what is stored (storage/origins.py): notes, and no row or one.
    "settings_notes": pa.schema((_GENERATION, _NAME)),
    "answering_rules": pa.schema([_NAME]),
}
# Those that are made of others: an older form of them is not migrated but made again.
ANSWER_TABLES = (*ANSWER_ROWS, "orphans", "past_facts", "answering_rules")

_TYPES: dict[pa.DataType, str] = {
    schema.U64: "UBIGINT",
    schema.I64: "BIGINT",
    schema.U32: "UINTEGER",
    schema.U8: "UTINYINT",
    schema.I32: "INTEGER",
    schema.TEXT: "VARCHAR",
    schema.FLAG: "BOOLEAN",
    schema.REAL: "DOUBLE",
}


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of a new file, bring an older one up to date.

    Raises StoreError for a newer version and for a DuckDB file that is not ours.
    """
    tables = connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone()
    if tables == (0,):
        _create(connection)
    else:
        _migrate(connection, _read_version(connection))
        _renew_answers(connection)
        _add_messaging_columns(connection)
        _compare(connection)


def _read_version(connection: duckdb.DuckDBPyConnection) -> int:
    try:
        row = connection.execute("SELECT schema_version FROM state").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise StoreError(
            "The file is a DuckDB database but not a tracestitch store; name another file."
        )
    version = int(row[0])
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The store has schema version {version}, this tracestitch reads up to "
            f"{SCHEMA_VERSION}; run the newer tracestitch that wrote it."
        )
    return version


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.begin()
    for name in TABLES:
        _create_table(connection, name)
    create_views(connection)
    connection.execute(statement("create_state"))
    connection.execute(statement("insert_state"), {"schema_version": SCHEMA_VERSION})
    connection.commit()


def _create_table(
    connection: duckdb.DuckDBPyConnection, name: str, form: str | None = None
) -> None:
    """In the form of another table, if one is named."""
    lines = ", ".join(_column(name, field) for field in TABLES[form or name])
    connection.execute(f"CREATE TABLE {name} ({lines})")


def _migrate(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    """One transaction a version: an interrupted migration goes on where it stopped."""
    for old in range(version, SCHEMA_VERSION):
        if old not in MIGRATIONS:
            raise StoreError(
                f"The store has schema version {old}, which this tracestitch cannot migrate; "
                "start with a new data directory."
            )
        connection.begin()
        for name in MIGRATIONS[old]:
            connection.execute(statement(name))
        for name in ADDED.get(old, ()):
            _create_table(connection, name)
        _rewrite(connection, old)
        connection.execute("UPDATE state SET schema_version = $version", {"version": old + 1})
        connection.commit()


def _rewrite(connection: duckdb.DuckDBPyConnection, old: int) -> None:
    tables = REWRITTEN.get(old, {})
    if not tables:
        return
    for table in tables:
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        _create_table(connection, table, _FORMS.get((old, table)))
    for after, upto in _steps(connection):
        for table, filling in tables.items():
            dropped = ", ".join(name for name in PART if name not in PARTS.get(table, PART))
            text = statement(filling, table=table, dropped=dropped)
            connection.execute(text, {"after": after, "upto": upto})
    for table in tables:
        connection.execute(f"DROP TABLE old_{table}")


def _steps(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, int]]:
    """Generations, after and up to, of about a row group of spans: joins of more need more
    memory than a store may use."""
    spans = after = 0
    counts = connection.execute(statement("old_span_counts")).fetchall()
    for generation, count in counts:
        spans += count
        if spans >= schema.ROW_GROUP or generation == counts[-1][0]:
            yield after, generation
            spans, after = 0, generation


def _renew_answers(connection: duckdb.DuckDBPyConnection) -> None:
    """Answers in tables of another form are forgotten, and made again by the analysis."""
    if all(_columns(connection, name) == _types_of(name) for name in ANSWER_TABLES):
        return
    connection.begin()
    drop_views(connection)
    for name in ANSWER_TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
        _create_table(connection, name)
    create_views(connection)
    connection.execute(statement("set_analysed_generation"), {"generation": 0})
    connection.commit()


def _add_messaging_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """A typed column added to attributes.toml needs no new schema version: older rows
    have it null."""
    for table, names in (
        (LEAN, COMMON),
        (WHOLE, schema.MESSAGE_COLUMNS),
        ("shapes", schema.SHAPE_COLUMNS),
    ):
        present = _columns(connection, table)
        for name in names:
            if name not in present:
                field = TABLES[table].field(name)
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {_column(table, field)}")


def _compare(connection: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        present = _columns(connection, table)
        for name, type_ in _types_of(table).items():
            if present.get(name) != type_:
                raise StoreError(
                    f"The store's column {table}.{name} is missing or of another type; "
                    "restore a backup or start with a new data directory."
                )


def _types_of(table: str) -> dict[str, str]:
    return {field.name: _TYPES[field.type] for field in TABLES[table]}


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    rows = connection.execute(statement("columns_of"), {"table": table}).fetchall()
    return dict(rows)


def _column(table: str, field: "pa.Field[pa.DataType]") -> str:
    """Column definition. Attribute texts are most of a file: zstd makes them four times
    smaller than what DuckDB would pick and is faster to write. Those of links are few
    different ones, of which zstd stores the length of each. Some fields name their own."""
    null = "" if field.nullable else " NOT NULL"
    chosen = (field.metadata or {}).get(COMPRESSION, b"").decode()
    if field.name == "attributes" and table != "links":
        chosen = "zstd"
    using = f" USING COMPRESSION {chosen}" if chosen else ""
    return f'"{field.name}" {_TYPES[field.type]}{null}{using}'
