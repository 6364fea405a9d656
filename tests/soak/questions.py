"""A reader who never stops asking: pages, answers and metrics."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.soak.load import Sent

_PAUSE_SECONDS = 0.2
_ALWAYS = ("/", "/orphans", "/search", "/metrics", "/readyz", "/api/v1/edges", "/status")


@dataclass
class Questions:
    """A thread that asks whatever server `address` names, from `start` to `stop`."""

    address: Callable[[], str]
    """Of the web listener; empty while the server is down."""
    sample: Callable[[], list[Sent]]
    asked: int = 0
    slowest_seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    """Answers that nobody should get: anything but 200, and 404 and 503 in their place."""

    def __post_init__(self) -> None:
        self._chance = random.Random(0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(timeout=60, trust_env=False, verify=False) as client:
            while not self._stopping.wait(_PAUSE_SECONDS):
                if base := self.address():
                    self._ask(client, base + self._choose())

    def _choose(self) -> str:
        paths = list(_ALWAYS)
        for sent in self.sample():
            paths += [f"/traces/{sent.trace}", f"/journeys?attribute=order.id={sent.order}"]
        return self._chance.choice(paths)

    def _ask(self, client: httpx.Client, url: str) -> None:
        begun = time.monotonic()
        try:
            answer = client.get(url)
        except httpx.TransportError:
            return  # the server was ended meanwhile
        self.asked += 1
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - begun)
        expected = {200, 404} if "/traces/" in url or "/journeys" in url else {200}
        if "/readyz" in url:
            expected.add(503)
        if answer.status_code not in expected:
            self.failures.append(f"{answer.status_code} {url}")
