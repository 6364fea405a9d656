"""The text of ClickHouse's tables. On a cluster it is checked as text only: the engine that
tests have knows no replicas."""

import re
from typing import cast

import pytest

from storage import results, schema
from storage.clickhouse.client import Client
from storage.clickhouse.ddl import create_journal, create_table, local_name
from storage.clickhouse.deletes import delete
from storage.clickhouse.nesting import NESTED, span_columns
from storage.clickhouse.tables import ANSWERS, KINDS, PARTS, TABLES
from storage.clickhouse.url import parse_url
from storage.memory_frames import PART

ANSWER_SCHEMAS = {
    "endpoints": schema.ENDPOINTS,
    "connections": schema.CONNECTIONS,
    "orphans": results.ORPHAN_ROWS,
}


@pytest.mark.parametrize(
    "name", [*(name for name in schema.BATCH_SCHEMAS if name not in NESTED), *ANSWER_SCHEMAS]
)
def test_a_table_has_every_column_of_its_schema(name: str) -> None:
    declared = (schema.BATCH_SCHEMAS | ANSWER_SCHEMAS)[name]
    stored = span_columns() if name == "spans" else declared
    for field in stored:
        assert TABLES[name].columns.field(field.name) == field
    (text,) = create_table("traces", name, "")
    assert "Replicated" not in text
    for column, field in zip(stored, declared, strict=False):
        type_ = re.search(rf"`{column.name}` (\S+)", text)
        assert type_ is not None
        assert ("Nullable(" in type_[1]) == field.nullable, field.name


@pytest.mark.parametrize("table", NESTED)
def test_what_belongs_to_a_span_is_a_list_in_its_row(table: str) -> None:
    (text,) = create_table("traces", "spans", "")
    (elements,) = re.findall(rf"`{table}` Array\(Tuple\((.*)\)\) CODEC", text)
    types = dict(element.split(" ") for element in elements.split(", "))
    declared = [field for field in schema.BATCH_SCHEMAS[table] if field.name not in PART]
    assert len(types) == len(declared)
    for type_, field in zip(types.values(), declared, strict=True):
        assert ("Nullable(" in type_) == field.nullable, field.name


def test_every_table_has_an_order_out_of_its_columns() -> None:
    for name, table in TABLES.items():
        wanted = {
            *table.order,
            *table.shard,
            *table.ranges,
            *table.other_order,
            *table.other_columns,
        }
        assert wanted <= set(table.columns.names), name
        # what is deleted by days has a day
        assert not table.generations or "stored_at_unix_nano" in table.columns.names


def test_on_one_server_a_table_is_one_table() -> None:
    for name in TABLES:
        (text,) = create_table("traces", name, "")
        assert text.startswith(f"CREATE TABLE IF NOT EXISTS `traces`.`{name}` (")
        assert "ON CLUSTER" not in text
        assert "ENGINE = MergeTree\n" in text
        assert "non_replicated_deduplication_window" in text


def test_on_a_cluster_spans_are_replicated_and_sharded_by_their_trace() -> None:
    local, distributed = create_table("traces", "spans", "main")
    assert local.startswith("CREATE TABLE IF NOT EXISTS `traces`.`spans_local` ON CLUSTER `main` (")
    path = "/clickhouse/tables/traces/spans_local/{shard}"
    assert f"ENGINE = ReplicatedMergeTree('{path}', '{{shard}}-{{replica}}')" in local
    assert "replicated_deduplication_window" in local
    assert distributed == (
        "CREATE TABLE IF NOT EXISTS `traces`.`spans` ON CLUSTER `main` AS `traces`.`spans_local` "
        "ENGINE = Distributed(`main`, `traces`, `spans_local`, cityHash64(trace_hi, trace_lo))"
    )


def test_what_belongs_to_a_trace_lies_on_its_shard() -> None:
    for name in ("spans", "endpoints", "orphans"):
        assert TABLES[name].shard == ("trace_hi", "trace_lo")
    assert TABLES["connections"].shard == ("consumer_trace_hi", "consumer_trace_lo")
    for name, owner in ANSWERS.items():
        assert TABLES[name].shard == owner


@pytest.mark.parametrize("name", ["resources", "scopes", "shapes", "superseded", "losses"])
def test_what_every_server_needs_is_replicated_to_all(name: str) -> None:
    (text,) = create_table("traces", name, "main")
    assert f"ReplicatedMergeTree('/clickhouse/tables/traces/{name}/all'" in text
    assert local_name(name, "main") == name


def test_the_journal_is_one_for_all_shards() -> None:
    text = create_journal("traces", "main")
    assert "ReplicatedMergeTree('/clickhouse/tables/traces/journal/all'" in text
    assert "ORDER BY (series, number)" in text


def test_spans_leave_room_on_the_disk_for_what_deletes_them() -> None:
    limited = {n for n in TABLES if "min_free_disk_bytes" in create_table("traces", n, "main")[0]}
    assert limited == {*PARTS}
    assert "min_free_disk_bytes" not in create_journal("traces", "")


def test_every_answer_and_part_is_a_table() -> None:
    assert {*ANSWERS, *PARTS, *KINDS} <= TABLES.keys()
    assert ANSWERS.keys() == KINDS.keys()


def test_what_is_looked_up_by_something_else_than_its_trace_lies_by_that() -> None:
    for name, first in {
        "linked": ("linked_trace_hi", "linked_trace_lo"),
        "keys": ("key_hash",),
    }.items():
        assert TABLES[name].order[: len(first)] == TABLES[name].shard == first


def test_connections_are_found_from_their_other_end() -> None:
    (connections,) = create_table("traces", "connections", "")
    kept = "consumer_trace_hi, consumer_trace_lo, answered, generation"
    order = "producer_trace_hi, producer_trace_lo"
    assert f"(SELECT {order}, {kept} ORDER BY {order})" in connections


class Recorder:
    """A client that is told statements only."""

    def __init__(self, url: str) -> None:
        self.address, self.told = parse_url(url), list[str]()

    def command(self, text: str) -> None:
        self.told.append(text)


def test_on_a_cluster_rows_are_deleted_where_they_lie() -> None:
    client = Recorder("clickhouse://ch/traces?cluster=main")
    for table in ("endpoints", "superseded"):
        delete(cast(Client, client), table, "answered = 1")
    assert client.told == [
        "DELETE FROM `traces`.`endpoints_local` ON CLUSTER `main` WHERE answered = 1",
        "DELETE FROM `traces`.`superseded` ON CLUSTER `main` WHERE answered = 1",
    ]


def test_on_one_server_rows_are_deleted_from_the_one_table() -> None:
    client = Recorder("clickhouse://ch/traces")
    delete(cast(Client, client), "endpoints", "answered = 1")
    assert client.told == ["DELETE FROM `traces`.`endpoints` WHERE answered = 1"]
