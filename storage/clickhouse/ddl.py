"""The text that makes the tables, of `tables`: on one server, or on a cluster.

On a cluster each table is two: `NAME_local`, replicated, holds a shard's rows, and `NAME`,
Distributed, is what is written and read. A table without a shard key, and the journal above
all, is one replicated table that every server has.
"""

from typing import Any

import pyarrow as pa

from storage import schema
from storage.clickhouse.client import TYPES
from storage.clickhouse.journal import COLUMNS as JOURNAL
from storage.clickhouse.tables import GRANULE, REPEATED, TABLES, Table

# How many tokens of inserts a table remembers.
_TOKENS = 10_000
# When rows were stored, in days: the partitions.
DAY_NANO = 86_400_000_000_000
DAY = f"intDiv(stored_at_unix_nano, {DAY_NANO})"
# Bytes that are compressed together.
_LARGE = 524_288
_BEFORE_ZSTD = {
    "start_time_unix_nano": "Delta(8), ",  # that of its neighbours is near
    "key_hash": "Delta(8), ",  # in their order
    "duration_nano": "T64, ",
}
# Left on a disk that spans have filled: deleting the oldest begins with a row in the journal,
# and what is stored is still analysed.
_FREE_BYTES = 2**30


def create_schema(database: str, cluster: str) -> str:
    """The table that says which version the others are of."""
    columns = "version UInt32, at DateTime64(3) DEFAULT now64(3)"
    return _create(database, "tracestitch_schema", columns, "version", cluster)


def create_journal(database: str, cluster: str) -> str:
    at = "at DateTime64(3) DEFAULT now64(3)"
    columns = ", ".join([*(column(field) for field in JOURNAL), at])
    return _create(database, "journal", columns, "series, number", cluster)


def create_table(database: str, name: str, cluster: str) -> list[str]:
    """The statements that create one of the TABLES where it is not there."""
    table = TABLES[name]
    columns = ",\n    ".join([*(column(field) for field in table.columns), *_besides(table)])
    order = ", ".join(table.order)
    how: dict[str, Any] = {"partition": DAY if table.generations else "", "granule": table.granule}
    if not (cluster and table.shard):
        return [_create(database, name, columns, order, cluster, **how)]
    shard = f"cityHash64({', '.join(table.shard)})"
    return [
        _create(database, local_name(name, cluster), columns, order, cluster, **how, sharded=True),
        f"CREATE TABLE IF NOT EXISTS `{database}`.`{name}` ON CLUSTER `{cluster}` "
        f"AS `{database}`.`{local_name(name, cluster)}` "
        f"ENGINE = Distributed(`{cluster}`, `{database}`, `{local_name(name, cluster)}`, {shard})",
    ]


def local_name(name: str, cluster: str) -> str:
    """The table that holds the rows: the one that is altered and deleted from."""
    sharded = cluster and name in TABLES and TABLES[name].shard
    return f"{name}_local" if sharded else name


def on_cluster(cluster: str) -> str:
    return f" ON CLUSTER `{cluster}`" if cluster else ""


def column(field: "pa.Field[pa.DataType]") -> str:
    """A column's definition."""
    before = _BEFORE_ZSTD.get(field.name, "")
    # Attribute texts are most of what is stored, and texts of other traces are like them.
    more = f" SETTINGS (min_compress_block_size = {_LARGE})" if field.name == "attributes" else ""
    return f"`{field.name}` {type_of(field)} CODEC({before}ZSTD(1)){more}"


def type_of(field: "pa.Field[pa.DataType]") -> str:
    if isinstance(field.type, pa.ListType):
        return f"Array(Tuple({', '.join(elements_of(field))}))"
    type_ = TYPES[field.type]
    type_ = f"Nullable({type_})" if field.nullable else type_
    repeated = field.type == schema.TEXT and field.name in REPEATED
    return f"LowCardinality({type_})" if repeated else type_


def elements_of(field: "pa.Field[pa.DataType]") -> list[str]:
    """Names and types of what a list of tuples holds."""
    items: pa.StructType = field.type.value_type  # type: ignore[attr-defined] # of a list
    return [f"{item.name} {type_of(item)}" for item in items]


def _besides(table: Table) -> list[str]:
    ranges = [f"INDEX range_{name} {name} TYPE minmax GRANULARITY 1" for name in table.ranges]
    if table.other_order:
        order = ", ".join(table.other_order)
        kept = ", ".join((*table.other_order, *table.other_columns))
        ranges.append(f"PROJECTION other_end (SELECT {kept} ORDER BY {order})")
    return ranges


def _create(
    database: str,
    name: str,
    columns: str,
    order: str,
    cluster: str,
    *,
    partition: str = "",
    granule: int = GRANULE,
    sharded: bool = False,
) -> str:
    engine, settings = "MergeTree", f"non_replicated_deduplication_window = {_TOKENS}"
    if cluster:
        shard = "{shard}" if sharded else "all"
        path = f"/clickhouse/tables/{database}/{name}/{shard}"
        engine = f"ReplicatedMergeTree('{path}', '{{shard}}-{{replica}}')"
        settings = f"replicated_deduplication_window = {_TOKENS}"
    if partition:
        settings += f", min_free_disk_bytes_to_perform_insert = {_FREE_BYTES}"
    by = f"PARTITION BY {partition}\n" if partition else ""
    return (
        f"CREATE TABLE IF NOT EXISTS `{database}`.`{name}`{on_cluster(cluster)}"
        f" (\n    {columns}\n)\n"
        f"ENGINE = {engine}\n{by}ORDER BY ({order})\n"
        f"SETTINGS {settings}, index_granularity = {granule},"
        " lightweight_mutation_projection_mode = 'rebuild'"
    )
