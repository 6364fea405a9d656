"""Taking rows out of the tables for good. Rows that count are hidden first: nobody sees this."""

import polars as pl

from storage.clickhouse.client import Client
from storage.clickhouse.ddl import local_name, on_cluster
from storage.clickhouse.snapshot import Snapshot
from storage.clickhouse.tables import ANSWERS, KINDS, PARTS
from storage.memory_frames import PART

# Rows that are named in one statement.
_ROWS = 2000


def delete(client: Client, table: str, which: str) -> None:
    database, cluster = client.address.database, client.address.cluster
    name = f"`{database}`.`{local_name(table, cluster)}`"
    client.command(f"DELETE FROM {name}{on_cluster(cluster)} WHERE {which}")


def delete_spans(client: Client, generation: int, spans: pl.DataFrame) -> None:
    """These spans (PART columns) of this generation, with everything under them."""
    columns = ", ".join(PART)
    for start in range(0, spans.height, _ROWS):
        named = ", ".join(str(row) for row in spans.select(PART)[start : start + _ROWS].rows())
        for table in ("links", "events", "messaging", "spans"):
            delete(client, table, f"generation = {generation} AND ({columns}) IN ({named})")


def reclaim(client: Client, snapshot: Snapshot) -> None:
    """What was deleted, and what later answers took the place of."""
    database = client.address.database
    for table in (*PARTS, *ANSWERS):
        delete(client, table, f"generation <= {snapshot.deleted}")
    settled = snapshot.answers.complete
    replaced = f"kind = '{{kind}}' AND by_answer <= {settled}"
    for table, owner in ANSWERS.items():
        named = replaced.format(kind=KINDS[table])
        delete(
            client,
            table,
            f"({', '.join(owner)}, answered) IN "
            f"(SELECT trace_hi, trace_lo, answered FROM `{database}`.superseded WHERE {named})",
        )
    delete(client, "superseded", f"by_answer <= {settled}")
