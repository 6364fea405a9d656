"""What the ClickHouse engine says of itself."""

from storage.clickhouse.database import Database
from storage.clickhouse.statements import statement
from storage.contract import StoreError, StoreStatus, StoreUsage

_BYTES = (
    "SELECT toInt64(sum(bytes_on_disk)) AS bytes FROM system.parts "
    "WHERE database = $database AND active"
)


class StateReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def status(self) -> StoreStatus:
        with self._database.read() as session:
            snapshot = session.snapshot
            found = session.select(statement("extent"), analysed=snapshot.analysed).to_pylist()[0]
        return StoreStatus(
            "clickhouse",
            spans=found["spans"],
            traces=found["traces"],
            pending_spans=found["pending_spans"],
            generation=snapshot.spans.complete,
            analysed_generation=snapshot.analysed,
            oldest_unix_nano=found["oldest"],
            newest_unix_nano=found["newest"],
        )

    def generations(self) -> tuple[int, int]:
        snapshot = self._database.look()
        return snapshot.spans.complete, snapshot.analysed

    def usage(self) -> StoreUsage:
        """Of this server; 0 where it does not answer."""
        try:
            with self._database.read() as session:
                database = self._database.client.address.database
                used = int(session.select(_BYTES, database=database)["bytes"][0].as_py())
        except StoreError:
            used = 0
        return StoreUsage(
            file_bytes=used, used_bytes=used, log_bytes=0, checkpoints=0, checkpoint_seconds=0.0
        )

    @property
    def broken(self) -> bool:
        """Never for good: a server that is away may come back."""
        return False

    def check(self) -> None:
        self._database.check()

    def close(self) -> None:
        self._database.close()
