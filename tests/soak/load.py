"""Orders sent without pause, each request until it is acknowledged, and what was sent."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.load_file import list_spans, move_times
from benchmarks.workload import SPANS_PER_REQUEST, Member, Workload, make_request
from collector.otlp_client import OtlpClient, ReceiverUnreachable, RequestRefused

_SENDERS = 4
_PAUSE_SECONDS = 0.5
_KEPT_REQUESTS = 20_000


@dataclass(frozen=True, slots=True)
class Sent:
    """An acknowledged request: one of its traces, to look for."""

    trace: str
    spans: int
    order: str


@dataclass
class Load:
    """Threads that send from `start` to `stop`, whether or not a server is there."""

    address: str
    spans_per_second: float
    acknowledged: int = 0
    """Requests of SPANS_PER_REQUEST spans."""
    refused: list[str] = field(default_factory=list)
    """Answers that no exporter would meet with another try: there should be none."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = self._generate()
        self._kept: list[Sent] = []
        self._stopping = threading.Event()
        self._client = OtlpClient(self.address)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_SENDERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when everything taken up is acknowledged; a server has to be there."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    @property
    def spans(self) -> int:
        return self.acknowledged * SPANS_PER_REQUEST

    def sample(self, number: int, chance: random.Random) -> list[Sent]:
        with self._lock:
            return chance.sample(self._kept, min(number, len(self._kept)))

    def newest(self, number: int) -> list[Sent]:
        with self._lock:
            return self._kept[-number:]

    def _generate(self) -> Iterator[tuple[bytes, Sent]]:
        """Whole orders; every id once."""
        workload = Workload(seed=time.time_ns())
        sizes = random.Random(0)
        while True:
            members: list[Member] = []
            while (left := SPANS_PER_REQUEST - len(members)) > 0:
                size = left if left <= 12 else sizes.randrange(6, min(12, left - 6) + 1)
                members += workload.next_trace(size)
            first = members[0][2]
            spans = sum(span.trace_id == first.trace_id for _, _, span in members)
            order = next(a.value.string_value for a in first.attributes if a.key == "order.id")
            request = make_request(members)
            newest = max(span.end_time_unix_nano for span in list_spans(request))
            move_times(request, time.time_ns() - newest)
            yield request.SerializeToString(), Sent(first.trace_id.hex(), spans, order)

    def _run(self) -> None:
        interval = SPANS_PER_REQUEST * _SENDERS / self.spans_per_second
        due = time.monotonic()
        while not self._stopping.is_set():
            with self._lock:
                payload, sent = next(self._requests)
            if self._deliver(payload):
                with self._lock:
                    self.acknowledged += 1
                    self._kept.append(sent)
                    del self._kept[:-_KEPT_REQUESTS]
            due = max(due + interval, time.monotonic() - interval)
            self._stopping.wait(max(0.0, due - time.monotonic()))

    def _deliver(self, payload: bytes) -> bool:
        """Tries again for as long as it takes, as exporters and Collectors do."""
        while True:
            try:
                rejected = self._client.send(payload)
            except ReceiverUnreachable:
                time.sleep(_PAUSE_SECONDS)
            except RequestRefused as error:
                self.refused.append(str(error))
                return False
            else:
                if rejected:
                    self.refused.append(f"{rejected} spans were rejected")
                return True
