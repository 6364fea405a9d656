"""The processes of a server that is several: each can be killed, stopped for a while, and
started again in its place.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.flow.servers import SERVE
from tests.interop.restarts import find_free_port

_ROOT = Path(__file__).parents[2]
_SAID = 2_000  # characters of its last words


@dataclass
class Member:
    name: str
    command: list[str]
    log: Path
    ports: dict[str, int] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Does nothing where it runs."""
        if self.runs:
            return
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, cwd=_ROOT, env=_plain_environment()
            )

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.runs:
            self.process.send_signal(number)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Also where it is paused. Returns when it is gone."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def url(self, listener: str) -> str:
        return f"http://127.0.0.1:{self.ports[listener]}"

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")[-_SAID:] if self.log.exists() else ""


def make_clickhouse(directory: Path) -> Member:
    """The engine that chdb embeds, on its own data directory."""
    port = find_free_port()
    command = [sys.executable, "-m", "tests.clickhouse.server", str(directory / "data"), str(port)]
    return Member("clickhouse", command, directory / "clickhouse.log", {"http": port})


def make_member(name: str, store: str, directory: Path, *flags: str) -> Member:
    """A `serve` with these flags. Its ports stay the same when it is started again."""
    ports = {listener: find_free_port() for listener in ("grpc", "http", "web")}
    addresses = [f"--{listener}-address=127.0.0.1:{port}" for listener, port in ports.items()]
    command = [*SERVE, *addresses, f"--store={store}", *flags]
    return Member(name, command, directory / f"{name}.log", ports)


def _plain_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("TRACESTITCH_")}
