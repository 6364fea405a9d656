"""One exporter through a restart of the server: did everything arrive, once?"""

import json
import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.flow.servers import RunningServer, serving
from tests.interop.clients import COLLECTOR, PYTHON, Client, NotRun

PROTOCOLS = ("grpc", "http")
SPANS, PAUSE_MILLISECONDS = 400, 15
_BEFORE_SECONDS, _DOWN_SECONDS = 2.0, 1.0
_CLIENT_SECONDS, _ARRIVAL_SECONDS = 120.0, 60.0
_OWN_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Of SPANS spans that were sent."""

    missing: int
    twice: int
    down_seconds: float
    """How long nobody listened."""
    said: str
    """By the client, on its standard error."""

    @property
    def complete(self) -> bool:
        return (self.missing, self.twice) == (0, 0)


def send_through_restart(
    client: Client, command: list[str], protocol: str, directory: Path, stop: signal.Signals
) -> Arrival:
    """The client sends all the time; the server ends with the signal meanwhile, is away
    for a second and comes back on the same ports and data."""
    ports = {name: find_free_port() for name in ("grpc", "http")}
    flags = [f"--{name}-address=127.0.0.1:{port}" for name, port in ports.items()]
    target = f"127.0.0.1:{ports[protocol]}"
    with ExitStack() as stack:
        with serving(directory / "store", *flags) as server:
            sender = stack.enter_context(_running(client, command, protocol, target, directory))
            time.sleep(_BEFORE_SECONDS)
            stopped = time.monotonic()
            server.stop(stop)
        time.sleep(_DOWN_SECONDS)
        again = stack.enter_context(serving(directory / "store", *flags))
        down = time.monotonic() - stopped
        trace, errors = sender.communicate(timeout=_CLIENT_SECONDS)
        missing, twice = (SPANS, 0) if sender.returncode else _judge(again, trace.split()[-1])
        return Arrival(missing, twice, down, errors.strip()[-1_000:])


def find_free_port() -> int:
    """One that no system gives to whoever asks for any: it stays free until it is used, and
    while its server is away, whatever runs beside."""
    for port in random.sample(_OWN_PORTS, len(_OWN_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("every port is taken")


@contextmanager
def _running(
    client: Client, command: list[str], protocol: str, target: str, directory: Path
) -> Iterator["subprocess.Popen[str]"]:
    """The client, or the Python exporter with the Collector between it and the server."""
    with ExitStack() as stack:
        if client is COLLECTOR:
            entry = f"127.0.0.1:{find_free_port()}"
            config = directory / "collector.yaml"
            config.write_text(json.dumps(_configure(entry, protocol, target)), "utf-8")
            collector = stack.enter_context(_process([*command, f"--config=file:{config}"]))
            _wait_until_listening(collector, entry)
            command, protocol, target = PYTHON.command(directory), "grpc", entry
        arguments = [protocol, target, str(SPANS), str(PAUSE_MILLISECONDS)]
        yield stack.enter_context(_process([*command, *arguments]))


@contextmanager
def _process(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _wait_until_listening(process: "subprocess.Popen[str]", address: str) -> None:
    host, _, port = address.rpartition(":")
    while process.poll() is None:
        try:
            socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise NotRun(f"ended at once: {process.communicate()[1].strip()[-300:]}")


def _configure(entry: str, protocol: str, target: str) -> dict[str, object]:
    """JSON is YAML. Retries are on by default and only made quicker."""
    name = f"otlp_{protocol}"
    exporter = {
        "endpoint": target if protocol == "grpc" else f"http://{target}",
        "tls": {"insecure": True},
        "compression": "gzip",
        "retry_on_failure": {"initial_interval": "500ms", "max_interval": "2s"},
    }
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": entry}}}},
        "exporters": {name: exporter},
        "service": {
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": [name]}},
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
        },
    }


def _judge(server: RunningServer, trace: str) -> tuple[int, int]:
    """How many spans are missing, and how many are there once too often."""
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while time.monotonic() < deadline and server.get("/api/v1/status")["spans"] < SPANS:
        time.sleep(0.2)  # the Collector has a queue
    # The whole store holds only this trace; the flow through the analysis does not matter.
    stored = server.get("/api/v1/status")["spans"]
    told = server.get(f"/api/v1/traces/{trace}")["trace"]["spans"] if stored else []
    names = Counter(span["name"] for span in told)
    expected = {f"span {number}" for number in range(1, SPANS + 1)}
    twice = sum(times - 1 for times in names.values()) + stored - len(told)
    return len(expected - set(names)), twice
