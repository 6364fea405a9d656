"""Many processes over one ClickHouse, any of which dies or hangs at any moment:

    python -m tests.soak.cluster --minutes 10

Two collectors, two analyzers, a web server and the ClickHouse that they share (the engine
that chdb embeds, in a process of its own). Requests are sent until they are acknowledged,
while processes are killed, stopped for a while and started again. In the end every
acknowledged span has to be there once, and everything that is said about them has to be what
a single process says. Exit 1 when it is not.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import click
import httpx

from benchmarks.workload import SPANS_PER_REQUEST, Workload, make_request
from benchmarks.workload import Member as Span
from storage.engines import open_store
from tests.clickhouse.rig import connected, url_of
from tests.golden.recordings import NAMES, read_requests
from tests.soak.members import Member, make_clickhouse, make_member
from tests.soak.sameness import find_differences
from tests.soak.sending import Senders
from tests.waiting import wait_until

_PATIENCE_SECONDS = 120.0
# Of one fault: most are over before an exporter gives up, some are not.
_LONGEST_FAULT_SECONDS = 12.0
_TICK_SECONDS = 0.1
_FAULTS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)


class Cluster:
    """Two collectors, analyzers that share the traces, maybe a web server, and ClickHouse.
    Ends all of its processes with the block."""

    def __init__(self, directory: Path, seed: int, *, analyzers: int = 2, web: bool = True) -> None:
        self._chance = random.Random(seed)
        self.clickhouse = make_clickhouse(directory)
        self.url = f"{url_of(self.clickhouse.ports['http'])}/tracestitch"

        def member(name: str, role: str, *flags: str) -> Member:
            return make_member(name, self.url, directory, f"--role={role}", *flags)

        self.collectors = [member(f"collector{n}", "collector") for n in (1, 2)]
        self.analyzers = [
            member(f"analyzer{n}", "analyzer", "--max-size=0", f"--partition={n}/{analyzers}")
            for n in range(1, analyzers + 1)
        ]
        self.members = [self.clickhouse, *self.collectors, *self.analyzers]
        if web:
            self.members.append(member("web", "web"))
        self.faults: Counter[str] = Counter()

    def __enter__(self) -> "Cluster":
        self.clickhouse.start()
        wait_until(lambda: _answers(self.clickhouse, "http", "/ping"), "ClickHouse serves")
        self._wait_for_all()
        return self

    def __exit__(self, *error: object) -> None:
        for member in self.members:
            member.kill()

    @property
    def collector_urls(self) -> list[str]:
        return [collector.url("http") for collector in self.collectors]

    def tend(self) -> None:
        """Start whoever is gone."""
        for member in self.members:
            member.start()

    def lose(self, member: Member) -> None:
        """For good: the others have to do."""
        member.kill()
        self.members.remove(member)

    def disturb(self, member: Member, fault: signal.Signals, seconds: float) -> None:
        """One fault, over after the seconds. Whoever ends meanwhile, because it cannot go on
        without the others, is started again as an orchestrator would."""
        self.faults[f"{fault.name} {member.name}"] += 1
        if fault is signal.SIGSTOP:
            member.pause()
        else:
            member.signal(fault)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(_TICK_SECONDS)
            for other in self.members:
                if other is not member:
                    other.start()
        member.resume()
        self.tend()

    def disturb_any(self) -> None:
        fault = self._chance.choice(
            [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP]
        )
        seconds = self._chance.expovariate(0.7)
        self.disturb(self._chance.choice(self.members), fault, min(seconds, _LONGEST_FAULT_SECONDS))

    def let_time_pass(self, minutes: int = 10) -> None:
        """As if nothing of what the journal tells had happened in the last minutes: the lease
        of an analyzer that is gone ends, and what a dead collector began is given up."""
        with connected(self.url) as client:
            client.command(
                f"ALTER TABLE journal UPDATE at = at - INTERVAL {minutes} MINUTE WHERE true"
                " SETTINGS mutations_sync = 1"
            )

    def settle(self, patience: float = _PATIENCE_SECONDS) -> None:
        """Returns when everybody runs and everything that is stored is analysed."""
        for member in self.members:
            member.resume()
        self._wait_for_all()
        self.let_time_pass()
        with closing(open_store(self.url)) as store:
            wait_until(
                lambda: store.status().pending_spans == 0, "everything is analysed", patience, 0.5
            )

    def _wait_for_all(self) -> None:
        self.tend()
        for member in self.members[1:]:
            self._wait_for(member)

    def _wait_for(self, member: Member) -> None:
        def ready() -> bool:
            member.start()
            return _answers(member, "web", "/readyz")

        try:
            wait_until(ready, f"{member.name} is ready")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{member.said()}") from None


def run(
    cluster: Cluster, requests: Iterable[bytes], seconds: float, seed: int, journeys: int
) -> tuple[list[str], int]:
    """What is wrong after so much disorder, and how many requests were acknowledged."""
    senders = Senders(cluster.collector_urls, requests, seed)
    senders.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        cluster.disturb_any()
    senders.stop()
    return judge(cluster, senders, journeys), len(senders.acknowledged)


def judge(cluster: Cluster, senders: Senders, journeys: int) -> list[str]:
    """What is wrong once everybody runs again and everything is acknowledged and analysed."""
    cluster.settle()
    complaints = [] if senders.wait(_PATIENCE_SECONDS) else ["some requests are never acknowledged"]
    cluster.settle()
    with closing(open_store(cluster.url)) as store:
        found = find_differences(store, senders.acknowledged, journeys, random.Random(0))
    return complaints + senders.refused + found


def recorded_requests(seed: int, names: Sequence[str] = NAMES, at_once: int = 1) -> list[bytes]:
    """Recordings in one disorder, so many of their requests in each of these."""
    requests = [request for name in names for request in read_requests(name)]
    random.Random(seed).shuffle(requests)
    # Requests one after the other are one request: that is how protobuf merges them.
    starts = range(0, len(requests), at_once)
    return [b"".join(requests[start : start + at_once]) for start in starts]


def made_up_requests(seed: int, pause: float) -> Iterator[bytes]:
    """Whole orders without end."""
    workload, sizes = Workload(seed=seed), random.Random(seed)
    while True:
        spans: list[Span] = []
        while (left := SPANS_PER_REQUEST - len(spans)) > 0:
            size = left if left <= 12 else sizes.randrange(6, min(12, left - 6) + 1)
            spans += workload.next_trace(size)
        time.sleep(pause)
        yield make_request(spans).SerializeToString()


def _answers(member: Member, listener: str, path: str) -> bool:
    try:
        answer = httpx.get(member.url(listener) + path, trust_env=False, timeout=30)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1_000, help="spans a second, at most")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--directory", type=Path, help="an empty one, to keep data and logs in")
    given = parser.parse_args()
    click.echo(f"seed {given.seed}")
    pause = SPANS_PER_REQUEST / given.rate
    requests = chain(recorded_requests(given.seed), made_up_requests(given.seed, pause))
    with tempfile.TemporaryDirectory(prefix="tracestitch-cluster-") as name:
        with Cluster(given.directory or Path(name), given.seed) as cluster:
            complaints, acknowledged = run(cluster, requests, 60 * given.minutes, given.seed, 50)
        starts = {member.name: member.starts for member in cluster.members}
    click.echo(f"{acknowledged} requests acknowledged; starts {starts}; {dict(cluster.faults)}")
    for complaint in complaints:
        click.echo(f"FAILED {complaint}", err=True)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
