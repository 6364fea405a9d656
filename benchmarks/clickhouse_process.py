"""ClickHouse's engine as a process whose use of the machine is measured: the one that tests
embed (`tests.clickhouse.server`), behind ClickHouse's own protocol. Linux only.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from benchmarks.processes import cpu_clock, resident_bytes
from tests.clickhouse.rig import connected
from tests.clickhouse.server import PASSWORD, USER

_ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 900.0
_LOOK_SECONDS = 0.2


class ClickHouseProcess:
    """One engine over a directory, on a free port."""

    def __init__(self, directory: Path) -> None:
        command = [sys.executable, "-m", "tests.clickhouse.server", str(directory)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise SystemExit("The engine did not start.")
        user = f"{quote(USER, '')}:{quote(PASSWORD, '')}"
        self.server = f"clickhouse://{user}@127.0.0.1:{port}"

    def url(self, database: str) -> str:
        return f"{self.server}/{database}"

    def cpu_seconds(self) -> float:
        return cpu_clock(self._process.pid)

    def resident_bytes(self) -> int:
        return resident_bytes(self._process.pid)

    def run(self, text: str, database: str = "default") -> None:
        """A statement that gives no rows."""
        with connected(self.url(database)) as client:
            client.command(text)

    def insert(self, database: str, table: str, rows: pa.Table) -> None:
        with connected(self.url(database)) as client:
            client.insert_arrow(table, rows)

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        with connected(self.url("default")) as client:
            return [tuple(row) for row in client.query(text).result_rows]

    def settle(self) -> None:
        """Wait until nothing is merged any more: what inserts cost later is paid then."""
        deadline, quiet = time.monotonic() + _PATIENCE_SECONDS, 0
        while quiet < 10:  # two seconds; it looks for merges now and then
            ((merging,),) = self.rows("SELECT count() FROM system.merges")
            quiet = 0 if merging else quiet + 1
            time.sleep(_LOOK_SECONDS)
            if time.monotonic() > deadline:
                raise SystemExit(f"Still merging after {_PATIENCE_SECONDS:.0f} s.")

    def disk_bytes(self, database: str) -> dict[str, int]:
        """By table, of what counts: parts that were merged are about to go."""
        text = (
            "SELECT table, sum(bytes_on_disk) FROM system.parts"
            f" WHERE active AND database = '{database}' GROUP BY table"
        )
        return {str(table): int(size) for table, size in self.rows(text)}

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def running_clickhouse(directory: Path) -> Iterator[ClickHouseProcess]:
    engine = ClickHouseProcess(directory)
    try:
        yield engine
    finally:
        engine.stop()
