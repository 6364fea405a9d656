"""`tracestitch serve` as a process of its own, on free ports."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

SERVE = (sys.executable, "-m", "tracestitch", "serve")
FREE_PORTS = [f"--{name}-address=127.0.0.1:0" for name in ("grpc", "http", "web")]
_PATIENCE_SECONDS = 60


@dataclass
class RunningServer:
    process: subprocess.Popen[str]
    said: list[str]

    def address(self, start: str) -> str:
        """What a line with this start says after it."""
        return next(line.removeprefix(start) for line in self.said if line.startswith(start))

    @property
    def grpc(self) -> str:
        return self.address("OTLP/gRPC on ")

    @property
    def http(self) -> str:
        return self.address("OTLP/HTTP on ")

    @property
    def web(self) -> str:
        return self.address("web on ")

    def get(self, path: str, **parameters: str) -> Any:
        # Without reading certificates, which takes longer than the answer.
        answer = httpx.get(
            f"{self.web}{path}", params=parameters, trust_env=False, verify=False, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_for_spans(self, spans: int) -> dict[str, Any]:
        """The status once so many spans are stored and analysed."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status: dict[str, Any] = self.get("/api/v1/status")
            if status["spans"] >= spans and status["pending_spans"] == 0:
                return status
            time.sleep(0.05)
        raise AssertionError(f"still {status}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit code, and everything it said to the end on both streams."""
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=_PATIENCE_SECONDS)
        return self.process.returncode, rest + errors

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=_PATIENCE_SECONDS)


@contextmanager
def serving(data: Path | str | None, *flags: str) -> Iterator[RunningServer]:
    """A server on the data directory, the store of a URL, or in memory; it ends with the
    block at the latest."""
    store = [f"--data-dir={data}" if isinstance(data, Path) else f"--store={data or 'memory:'}"]
    process = subprocess.Popen(
        [*SERVE, *FREE_PORTS, *store, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_plain_environment(),
    )
    server = RunningServer(process, [])
    try:
        assert process.stdout is not None
        for line in process.stdout:
            server.said.append(line.rstrip("\n"))
            if line.startswith(("decoder ", "role ")):
                break
        else:
            raise AssertionError(f"it did not start: {process.communicate(timeout=5)[1]}")
        yield server
    finally:
        process.kill()
        process.communicate(timeout=_PATIENCE_SECONDS)


def run_serve(*flags: str) -> subprocess.CompletedProcess[str]:
    """A server that is expected to end by itself."""
    return subprocess.run(
        [*SERVE, *FREE_PORTS, "--store=memory:", *flags],
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
        env=_plain_environment(),
    )


def run_command(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "tracestitch", *arguments],
        input=given,
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
        env=_plain_environment(),
    )


def _plain_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("TRACESTITCH_")}
