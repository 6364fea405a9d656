"""What the ClickHouse engine says of itself."""

from storage.clickhouse.database import Database, Session
from storage.clickhouse.leases import is_alive
from storage.clickhouse.statements import statement
from storage.contract import StoreError, StoreStatus, StoreUsage
from storage.extents import Extents
from storage.partition_progress import status_of
from storage.results import Row


class StateReader:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._extents = Extents()
        self._usage = StoreUsage(
            file_bytes=0, used_bytes=0, log_bytes=0, checkpoints=0, checkpoint_seconds=0.0
        )

    def status(self) -> StoreStatus:
        with self._database.read() as session:
            snapshot = session.snapshot
            counts = session.select(statement("status_counts"), analysed=snapshot.analysed)
            row = counts.to_pylist()[0]
            extent = self._extents.find(
                snapshot.spans.newest,
                row["spans"],
                lambda after: _extent(session, after),
            )
        return StoreStatus(
            "clickhouse",
            generation=snapshot.spans.complete,
            analysed_generation=snapshot.analysed,
            traces=extent.traces,
            oldest_unix_nano=extent.oldest,
            newest_unix_nano=extent.newest,
            partitions=status_of(snapshot.state, lambda each: is_alive(snapshot.lease(each))),
            **row,
        )

    def generations(self) -> tuple[int, int]:
        snapshot = self._database.look()
        return snapshot.spans.complete, snapshot.analysed

    def usage(self) -> StoreUsage:
        """Of this server; what was known last where it does not answer. What waits to be taken
        out is not counted as used, by its share of the spans."""
        database = self._database.client.address.database
        try:
            with self._database.read() as session:
                found = session.select(statement("usage"), database=database).to_pylist()[0]
        except StoreError:
            return self._usage
        file, used = found["bytes"], found["bytes"]
        if found["rows"]:
            used = file * min(found["spans"], found["rows"]) // found["rows"]
        self._usage = StoreUsage(
            file_bytes=file, used_bytes=used, log_bytes=0, checkpoints=0, checkpoint_seconds=0.0
        )
        return self._usage

    @property
    def broken(self) -> bool:
        """Never for good: a server that is away may come back."""
        return False

    def check(self) -> None:
        self._database.check()


def _extent(session: Session, after: int) -> Row:
    text = statement("extent" if after else "extent_of_all")
    return session.select(text, after=after).to_pylist()[0]
