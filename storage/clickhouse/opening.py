"""Tables of a new store, and how older ones become current. Others' tables are left alone.

Several processes may open one store at the same time: whatever is done here may be done twice.
"""

from collections.abc import Iterable

import pyarrow as pa

from storage import schema
from storage.clickhouse.client import Client
from storage.clickhouse.ddl import (
    column,
    create_journal,
    create_schema,
    create_table,
    elements_of,
    local_name,
    on_cluster,
    type_of,
)
from storage.clickhouse.tables import ANSWERS, TABLES
from storage.contract import StoreError

SCHEMA_VERSION = 2
# Version to the statements that make it the next one, with {database} and {on_cluster}.
MIGRATIONS: dict[int, tuple[str, ...]] = {}

_VERSION = "tracestitch_schema"
Columns = dict[str, dict[str, str]]


def prepare(client: Client) -> None:
    """Raises StoreError for a newer version and for tables that are not ours."""
    database, cluster = client.address.database, client.address.cluster
    present = _columns(client)
    if not present and not _exists(client):
        client.command(f"CREATE DATABASE IF NOT EXISTS `{database}`{on_cluster(cluster)}")
    taken = sorted(present.keys() & {*TABLES, "journal"})
    if taken and _VERSION not in present:
        raise StoreError(
            f"The database {database} has a table {taken[0]} that is not of a tracestitch store; "
            "name another database."
        )
    version = _read_version(client) if _VERSION in present else 0
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The store has schema version {version}, this tracestitch reads up to "
            f"{SCHEMA_VERSION}; run the newer tracestitch that wrote it."
        )
    if version == 0:  # new, or whoever began to create it was stopped
        _create(client)
        return
    for old in range(version, SCHEMA_VERSION):
        _migrate(client, old)
    if _add_columns(client, present) or version < SCHEMA_VERSION:
        present = _columns(client)
    _compare(present)


def _exists(client: Client) -> bool:
    """Creating a database takes a right that a user may lack where it is there."""
    text = "SELECT name FROM system.databases WHERE name = {database:String}"
    return client.select(text, {"database": client.address.database}).num_rows > 0


def _create(client: Client) -> None:
    database, cluster = client.address.database, client.address.cluster
    client.command(create_schema(database, cluster))
    client.command(create_journal(database, cluster))
    for name in TABLES:
        for text in create_table(database, name, cluster):
            client.command(text)
    _note_version(client, SCHEMA_VERSION)


def _migrate(client: Client, old: int) -> None:
    if old not in MIGRATIONS:
        raise StoreError(
            f"The store has schema version {old}, which this tracestitch cannot migrate; "
            "start with a new database."
        )
    database, cluster = client.address.database, client.address.cluster
    for text in MIGRATIONS[old]:
        client.command(text.format(database=database, on_cluster=on_cluster(cluster)))
    _note_version(client, old + 1)


def _note_version(client: Client, version: int) -> None:
    rows = pa.table({"version": pa.array([version], pa.uint32())})
    client.insert(_VERSION, rows, f"version-{version}")


def _read_version(client: Client) -> int:
    text = f"SELECT max(version) AS version FROM `{client.address.database}`.{_VERSION}"
    return int(client.select(text)["version"][0].as_py())


def _add_columns(client: Client, present: Columns) -> bool:
    """A typed column added to attributes.toml needs no new schema version: older rows have it
    null. Nor does a column of answers: those of older rules are made again."""
    added_later: dict[str, Iterable[str]] = {
        "shapes": schema.SHAPE_COLUMNS,
        **{name: TABLES[name].columns.names for name in ANSWERS},
    }
    changes = [
        (table, f"ADD COLUMN IF NOT EXISTS {column(TABLES[table].columns.field(name))}")
        for table, names in added_later.items()
        for name in names
        if table in present and name not in present[table]
    ]
    messaging = TABLES["spans"].columns.field("messaging")
    if _lacks(present.get("spans", {}).get(messaging.name, ""), elements_of(messaging)):
        changes.append(("spans", f"MODIFY COLUMN {messaging.name} {type_of(messaging)}"))
    database, cluster = client.address.database, client.address.cluster
    for table, change in changes:
        for each in dict.fromkeys((local_name(table, cluster), table)):
            client.command(f"ALTER TABLE `{database}`.`{each}`{on_cluster(cluster)} {change}")
    return bool(changes)


def _lacks(type_: str, elements: list[str]) -> bool:
    """Whether this is a list of tuples of some of these elements, in whatever order, not all."""
    held = type_.removeprefix("Array(Tuple(").removesuffix("))").split(", ")
    return {*held} < {*elements}


def _compare(present: Columns) -> None:
    for table, declared in TABLES.items():
        for field in declared.columns:
            if present.get(table, {}).get(field.name) != type_of(field):
                raise StoreError(
                    f"The store's column {table}.{field.name} is missing or of another type; "
                    "restore a backup or start with a new database."
                )


def _columns(client: Client) -> Columns:
    """Table, its columns, their types."""
    found: Columns = {}
    text = "SELECT table, name, type FROM system.columns WHERE database = {database:String}"
    rows = client.select(text, {"database": client.address.database}).to_pylist()
    for row in rows:
        found.setdefault(row["table"], {})[row["name"]] = row["type"]
    return found
