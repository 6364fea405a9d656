"""Taking rows out of the tables for good. Rows that count are hidden first: nobody sees this."""

import time

import polars as pl

from storage.clickhouse.client import Client
from storage.clickhouse.database import Database
from storage.clickhouse.ddl import DAY, DAY_NANO, local_name, on_cluster
from storage.clickhouse.snapshot import within
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
        delete(client, "spans", f"generation = {generation} AND ({columns}) IN ({named})")


class Reclaimer:
    """Takes out what was deleted and what later answers took the place of, some time after:
    whoever began to read before that still finds it."""

    grace_seconds = 300.0  # longer than any read

    def __init__(self, database: Database) -> None:
        self._database, self._client = database, database.client
        self._dropped = (0, 0)

    def reclaim(self) -> None:
        with self._database.open():
            self._reclaim()

    def _reclaim(self) -> None:
        earlier = self._database.journal.look_back(self.grace_seconds)
        self._drop_days(earlier.deleted)
        counts, name = within("by_answer", 0, earlier.answers), self._client.address.database
        for table, owner in ANSWERS.items():
            which = f"kind = '{KINDS[table]}' AND {counts}"
            replaced = f"SELECT trace_hi, trace_lo, answered FROM `{name}`.superseded WHERE {which}"
            old = f"({', '.join(owner)}, answered) IN ({replaced})"
            gone = f"generation <= {earlier.deleted} OR answered <= {earlier.forgotten}"
            delete(self._client, table, f"{gone} OR {old}")
        delete(self._client, "superseded", counts)
        old = "step IN ('beaten', 'checked') AND at < now64(3) - INTERVAL 1 HOUR"
        delete(self._client, "journal", f"{self._database.journal.shorten(earlier)} OR {old}")

    def _drop_days(self, deleted: int) -> None:
        """The parts of days that are over for a day, so that nobody adds to them any more, and
        of which no span is left on any shard. Others stay whole: deleting rows of a part does
        not make it smaller until it is merged."""
        today = time.time_ns() // DAY_NANO
        if self._dropped == (deleted, today):
            return
        name, cluster = self._client.address.database, self._client.address.cluster
        for table in PARTS:
            local = f"`{name}`.`{local_name(table, cluster)}`"
            days = self._client.select(
                f"SELECT {DAY} AS day FROM `{name}`.`{table}` GROUP BY day"
                f" HAVING max(generation) <= {deleted} AND day < {today - 1}"
            )
            for day in days["day"].to_pylist():
                self._client.command(
                    f"ALTER TABLE {local}{on_cluster(cluster)} DROP PARTITION {day}"
                )
        self._dropped = (deleted, today)
