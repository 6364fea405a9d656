"""A large ClickHouse store out of a small one: its spans and answers again and again, copied
inside the engine, with traces and correlation values of their own, over several days.

Attribute texts stay as they are, so only what is looked up differs.
"""

import numpy as np
import pyarrow as pa

from benchmarks.clickhouse_process import ClickHouseProcess
from storage import schema
from storage.clickhouse.database import Database
from storage.clickhouse.ddl import DAY_NANO
from storage.clickhouse.snapshot import put_rows
from storage.clickhouse.tables import ANSWERS, PARTS, TABLES
from storage.join_keys import KINDS, hash_key

DAYS = 7
# Others are stored as how long after these they are, and links by how their traces differ.
_TIMES = ("start_time_unix_nano", "end_time_unix_nano", "consumer_start_time_unix_nano")
_TRACE_PREFIXES = ("", "linked_", "producer_", "consumer_")
_TRACES = {f"{prefix}trace_{half}" for prefix in _TRACE_PREFIXES for half in ("hi", "lo")}
_RENAMED = "renamed_keys"


def copied_value(value: str, number: int) -> str:
    """What a correlation value is called in copy `number`; 0 is what was copied."""
    return f"{value}-{number}" if number else value


def append_copies(engine: ClickHouseProcess, name: str, copies: int, apart_nano: int) -> None:
    """What the database `name` holds is there `copies` times afterwards, each copy `apart_nano`
    later than the one before."""
    database = Database(engine.url(name))
    try:
        base = database.look()
        rows = base.rows(name)
        with database.read() as session:
            values = session.select("SELECT DISTINCT key, value FROM correlation").to_pylist()
        for number in range(1, copies):
            _rename_keys(engine, name, values, number)
            with database.write("spans") as write:
                generation = write.number
                for table in PARTS:
                    text = _copy(table, number, apart_nano, generation=generation)
                    engine.run(put_rows(text, rows), name)
            with database.write("answers") as write:
                for table in ANSWERS:
                    told = {"generation": generation, "answered": write.number}
                    engine.run(put_rows(_copy(table, number, apart_nano, **told), rows), name)
                write.detail["analysed"] = generation
        engine.run(f"DROP TABLE IF EXISTS {_RENAMED}", name)
    finally:
        database.close()


def _rename_keys(
    engine: ClickHouseProcess, name: str, values: list[dict[str, str]], number: int
) -> None:
    """A table of the hashes of correlation values as they are, and as they are in a copy."""
    told = [(value["key"], value["value"]) for value in values]
    old = [hash_key("correlation", key, value) for key, value in told]
    new = [hash_key("correlation", key, copied_value(value, number)) for key, value in told]
    columns = "old UInt64, new UInt64"
    engine.run(
        f"CREATE OR REPLACE TABLE {_RENAMED} ({columns}) ENGINE = Join(ANY, LEFT, old)", name
    )
    table = pa.table({"old": pa.array(old, schema.U64), "new": pa.array(new, schema.U64)})
    engine.insert(name, _RENAMED, table)


def _copy(table: str, number: int, apart_nano: int, **numbers: int) -> str:
    """The statement that adds copy `number`, with these `numbers` in the columns of their names."""
    names = TABLES[table].columns.names
    told = [str(numbers[n]) if n in numbers else _copied(n, number, apart_nano) for n in names]
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(told)} FROM {table}"


def _copied(column: str, number: int, apart_nano: int) -> str:
    if column in _TRACES or column == "correlation_id":
        return f"bitXor({column}, {_mask(number, column)})"
    if column in _TIMES:
        return f"{column} + {number * apart_nano}"
    if column == "stored_at_unix_nano":
        return f"{column} + {number % DAYS * DAY_NANO}"
    if column == "value":
        return f"concat(value, '-{number}')"
    if column == "key_hash":
        mask, renamed = _mask(number, column), f"joinGet({_RENAMED}, 'new', key_hash)"
        return f"if(kind = {KINDS['correlation']}, {renamed}, bitXor(key_hash, {mask}))"
    return column


def _mask(number: int, column: str) -> int:
    """The same for the same half of a trace's id, whatever table it stands in."""
    half = np.uint64(0x9E3779B97F4A7C15 if column.endswith("_hi") else 0xC2B2AE3D27D4EB4F)
    with np.errstate(over="ignore"):
        return int(np.uint64(number) * half)
