"""Hours of load, questions, restarts and deleting, and what must be true all the time.

Every acknowledged span is there once (as long as nothing old enough was deleted), no
answer fails, the file stays below its limit, memory stays flat, and in the end nothing is
pending.
"""

import random
import signal
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from benchmarks.processes import disk_bytes, resident_bytes
from tests.flow.servers import RunningServer, serving
from tests.interop.restarts import find_free_port
from tests.soak.load import Load, Sent
from tests.soak.questions import Questions

_MOST_RESIDENT_BYTES = 1_500_000_000
# What arrives while the oldest is deleted comes on top of the limit for a moment, mostly as
# raw requests in the request log.
_MOST_ABOVE_LIMIT = 64_000_000
_SAMPLE_SECONDS, _SAMPLED_REQUESTS = 10.0, 20
_SHORTEST_LIFE, _LONGEST_LIFE = 20.0, 120.0
_CATCH_UP_SECONDS = 600.0


@dataclass
class Report:
    complaints: list[str] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    disk: list[int] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    """How the servers were ended, and how long that took."""


class Soak:
    def __init__(
        self,
        directory: Path,
        *,
        spans_per_second: float,
        limit_megabytes: int,
        chance: random.Random,
    ) -> None:
        """The store may take `limit_megabytes`; 0 has no limit."""
        self._directory, self._chance = directory, chance
        self._limit = limit_megabytes
        port = find_free_port()
        self._flags = [f"--grpc-address=127.0.0.1:{port}", f"--max-size={limit_megabytes}MB"]
        self._server: RunningServer | None = None
        self._load = Load(f"127.0.0.1:{port}", spans_per_second)
        self._questions = Questions(self._address, lambda: self._load.sample(3, chance))
        self.report = Report()

    def run(self, minutes: float) -> Report:
        deadline = time.monotonic() + 60 * minutes
        self._load.start()
        self._questions.start()
        while (left := deadline - time.monotonic()) > 0:
            self._live(min(left, self._chance.uniform(_SHORTEST_LIFE, _LONGEST_LIFE)))
        self._finish()
        return self.report

    def _live(self, seconds: float) -> None:
        """One life of a server."""
        begun = time.monotonic()
        with serving(self._directory, *self._flags) as server:
            click.echo(f"started in {time.monotonic() - begun:.1f} s")
            self._server = server
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(left, _SAMPLE_SECONDS))
                self._sample(server)
            self._look_for_some(server, _SAMPLED_REQUESTS)
            self._server = None
            self._end(server)

    def _end(self, server: RunningServer) -> None:
        number = self._chance.choice([signal.SIGKILL, signal.SIGTERM])
        begun = time.monotonic()
        code, said = server.stop(number)
        self.report.ends.append(f"{number.name} in {time.monotonic() - begun:.1f} s")
        if number is signal.SIGTERM and code:
            self._complain(f"SIGTERM ended the server with {code}: {said[-500:]}")

    def _finish(self) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(serving(self._directory, *self._flags))
            self._server = server
            self._load.stop()
            self._questions.stop()
            status = _wait_until_analysed(server)
            if status["pending_spans"]:
                self._complain(f"Still {status['pending_spans']} spans pending at the end")
            deleted = self._load.spans - status["spans"]
            if deleted < 0 or (deleted and not self._limit):
                self._complain(f"{self._load.spans} acknowledged, {status['spans']} stored")
            self._look_for_some(server, 10 * _SAMPLED_REQUESTS)
        self._complain_of(self._load.refused, "refused")
        self._complain_of(self._questions.failures, "answered wrongly")
        click.echo(
            f"{self._load.spans:,} spans acknowledged, {deleted:,} of them deleted since;"
            f" {self._questions.asked:,} questions,"
            f" the slowest {self._questions.slowest_seconds:.1f} s; servers ended by"
            f" {', '.join(self.report.ends)}"
        )

    def _address(self) -> str:
        return "" if self._server is None else self._server.web

    def _sample(self, server: RunningServer) -> None:
        resident = resident_bytes(server.process.pid)
        disk = disk_bytes(self._directory)
        self.report.resident.append(resident)
        self.report.disk.append(disk)
        click.echo(
            f"{time.strftime('%H:%M:%S')} {self._load.spans:,} spans,"
            f" memory {resident / 1e6:.0f} MB, disk {disk / 1e6:.0f} MB"
        )
        if resident > _MOST_RESIDENT_BYTES:
            self._complain(f"{resident / 1e6:.0f} MB of memory")
        if self._limit and disk > self._limit * 1e6 + _MOST_ABOVE_LIMIT:
            self._complain(f"{disk / 1e6:.0f} MB on disk")

    def _look_for_some(self, server: RunningServer, number: int) -> None:
        """The newest have to be there; of the others, the oldest may be deleted."""
        self._look_for(server, self._load.newest(number), may_be_deleted=False)
        some = self._load.sample(number, self._chance)
        self._look_for(server, some, may_be_deleted=self._limit > 0)

    def _look_for(self, server: RunningServer, some: list[Sent], *, may_be_deleted: bool) -> None:
        for sent in some:
            found = _count_spans(server, sent.trace)
            if found != sent.spans and not (may_be_deleted and found == 0):
                self._complain(f"trace {sent.trace}: {sent.spans} acknowledged, {found} there")

    def _complain_of(self, found: list[str], what: str) -> None:
        if found:
            self._complain(f"{len(found)} {what}, such as {found[0]}")

    def _complain(self, sentence: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')} {sentence}", err=True)
        self.report.complaints.append(sentence)


def is_flat(resident: list[int], allowed: float = 1.3) -> bool:
    """Whether the last third takes about what the second third took."""
    third = len(resident) // 3
    if third < 3:
        return True  # too short to tell
    return statistics.median(resident[-third:]) <= allowed * statistics.median(
        resident[third : 2 * third]
    )


def _count_spans(server: RunningServer, trace: str) -> int:
    try:
        return len(server.get(f"/api/v1/traces/{trace}")["trace"]["spans"])
    except AssertionError:  # 404
        return 0


def _wait_until_analysed(server: RunningServer) -> dict[str, int]:
    deadline = time.monotonic() + _CATCH_UP_SECONDS
    while True:
        status: dict[str, int] = server.get("/api/v1/status")
        if not status["pending_spans"] or time.monotonic() > deadline:
            return status
        time.sleep(1)
