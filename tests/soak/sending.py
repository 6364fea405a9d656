"""Requests that are sent until a collector acknowledges them, whichever that is."""

import random
import threading
from collections.abc import Iterable, Sequence

import httpx

_THREADS = 4
_TIMEOUT_SECONDS = 8.0  # an exporter has ten, then it gives up and sends again
_PAUSE_SECONDS = 0.2
# What an exporter sends again.
_AGAIN = {429, 502, 503, 504}
_HEADERS = {"Content-Type": "application/x-protobuf"}


class Senders:
    """Threads that send every request to one collector after the other, until it is
    acknowledged. Some of them go to two at the same time, as they do when an answer is late."""

    def __init__(self, collectors: Sequence[str], requests: Iterable[bytes], seed: int) -> None:
        """`collectors` as URLs of OTLP/HTTP."""
        self._urls = [f"{url}/v1/traces" for url in collectors]
        self._requests = iter(requests)
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._stopping, self._ending = threading.Event(), threading.Event()
        self._again: list[bytes] = []
        self.acknowledged: list[bytes] = []
        self.refused: list[str] = []
        """Answers that no exporter meets with another try: there should be none."""
        self.tries = 0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_THREADS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin with no other request; those that are under way go on."""
        self._stopping.set()

    def wait(self, seconds: float) -> bool:
        """Whether everything that was begun is acknowledged by then; nothing goes on after."""
        for thread in self._threads:
            thread.join(seconds / _THREADS)
        done = not any(thread.is_alive() for thread in self._threads)
        self._ending.set()
        return done

    def _next(self) -> tuple[bytes, bool] | None:
        """A request, and whether it is one that was taken up before."""
        with self._lock:
            if self._again:
                return self._again.pop(), True
            request = None if self._stopping.is_set() else next(self._requests, None)
            if request is None:
                return None
            if self._chance.random() < 0.2:
                self._again.append(request)  # the next thread takes it: at the same time
            return request, False

    def _run(self) -> None:
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False, verify=False) as client:
            while (taken := self._next()) is not None:
                request, again = taken
                if self._deliver(client, request) and not again:
                    with self._lock:
                        self.acknowledged.append(request)

    def _deliver(self, client: httpx.Client, request: bytes) -> bool:
        while not self._ending.is_set():
            self.tries += 1
            with self._lock:
                url = self._chance.choice(self._urls)
            try:
                answer = client.post(url, content=request, headers=_HEADERS)
            except httpx.TransportError:
                pass
            else:
                if answer.status_code == 200 and not answer.content:
                    return True
                if answer.status_code not in _AGAIN:
                    self.refused.append(f"{answer.status_code} {answer.text[:300]}")
                    return False
            self._ending.wait(_PAUSE_SECONDS)
        return False
