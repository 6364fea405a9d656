"""`tracestitch serve` as a process whose use of the machine is measured."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import cpu_seconds, disk_bytes, resident_bytes, thread_seconds

_PATIENCE_SECONDS = 600.0
_SAMPLE_SECONDS = 0.25
# Each answer costs the server a little, which counts as its own.
_ASK_SECONDS = 0.5


@dataclass
class Samples:
    """Memory and disk over time, from a thread that looks now and then."""

    pid: int
    directory: Path
    resident: list[int] = field(default_factory=list)
    disk_peak: int = 0

    def __post_init__(self) -> None:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            if resident := resident_bytes(self.pid):
                self.resident.append(resident)
            self.disk_peak = max(self.disk_peak, disk_bytes(self.directory))


class Server:
    """Started in a data directory, on free ports. Linux only."""

    def __init__(self, directory: Path, *, module: str = "tracestitch", **environment: str) -> None:
        self.directory = directory
        flags = [f"--{name}-address=127.0.0.1:0" for name in ("grpc", "http", "web")]
        plain = {k: v for k, v in os.environ.items() if not k.startswith("TRACESTITCH_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, "serve", f"--data-dir={directory}", *flags],
            stdout=subprocess.PIPE,
            text=True,
            env=plain | environment,
        )
        self.pid = self._process.pid
        self._addresses: dict[str, str] = {}
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, address = line.strip().partition(" on ")
            self._addresses[name] = address
            if "web" in self._addresses:
                break
        else:
            raise SystemExit("The server did not start.")
        self._client = httpx.Client(base_url=self._addresses["web"], timeout=60)
        self.samples = Samples(self.pid, directory)

    @property
    def grpc(self) -> str:
        return self._addresses["OTLP/gRPC"]

    @property
    def web(self) -> str:
        return self._addresses["web"]

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def thread_seconds(self) -> dict[str, float]:
        return thread_seconds(self.pid)

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.get("/api/v1/status").json()
        return answer

    def wait_until_analysed(self, spans: int) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status = self.status()
            if status["spans"] >= spans and status["pending_spans"] == 0:
                return
            time.sleep(_ASK_SECONDS)
        raise SystemExit(f"Not analysed within {_PATIENCE_SECONDS:.0f} s: {status}")

    def stop(self) -> float:
        """Ends it as an operator does, which also moves everything into the store's file;
        CPU seconds of its whole life."""
        self._client.close()
        self.samples.stop()
        self._process.send_signal(signal.SIGTERM)
        _, code, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(code)
        if self._process.returncode:
            raise SystemExit(f"The server ended with {self._process.returncode}.")
        return usage.ru_utime + usage.ru_stime

    def abandon(self) -> None:
        """Ends it at once if it still runs."""
        if self._process.poll() is None:
            self.samples.stop()
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def running_server(directory: Path, **options: str) -> Iterator[Server]:
    server = Server(directory, **options)
    try:
        yield server
    finally:
        server.abandon()
