"""A store that can be held up and made to fail, and a receiver in front of it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.decoded import Appended, BatchBuilder, Decoder, Outcome, append_singly
from collector.decoding import make_decoder
from collector.receiving import Receiver
from collector.recovery import open_keeper
from storage.contract import AppendResult
from storage.memory import MemoryStore
from storage.schema import SpanBatch


class HeldStore(MemoryStore):
    """Appends pass while `gate` is set. `flaw` may raise before an append."""

    def __init__(self, flaw: Callable[[SpanBatch], None] = lambda _: None) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.tried: list[int] = []
        """Spans of each append, failed ones too."""
        self.times: list[int] = []
        self.flaw = flaw

    def append(self, batch: SpanBatch, stored_at_unix_nano: int) -> AppendResult:
        self.entered.set()
        assert self.gate.wait(30), "nobody opened the gate"
        self.tried.append(batch.spans.num_rows)
        self.times.append(stored_at_unix_nano)
        self.flaw(batch)
        return super().append(batch, stored_at_unix_nano)

    async def is_entered(self) -> None:
        """Returns when an append has begun."""
        assert await asyncio.to_thread(self.entered.wait, 30), "nothing was appended"


class HeldDecoder:
    """Requests are decoded while `gate` is set. `flaw` may raise before one is."""

    name, settings = "held", "held"

    def __init__(self, flaw: Callable[[bytes], None] = lambda _: None) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.seen: list[bytes] = []
        self.flaw = flaw

    def builder(self) -> BatchBuilder:
        return _HeldBuilder(self, make_decoder().builder())

    async def is_entered(self) -> None:
        """Returns when decoding has begun."""
        assert await asyncio.to_thread(self.entered.wait, 30), "nothing was decoded"


class _HeldBuilder:
    def __init__(self, decoder: HeldDecoder, builder: BatchBuilder) -> None:
        self._decoder, self._builder = decoder, builder
        self.spans = self.nbytes = 0

    def append(self, payload: bytes) -> Appended:
        self._decoder.seen.append(payload)
        self._decoder.entered.set()
        assert self._decoder.gate.wait(30), "nobody opened the gate"
        self._decoder.flaw(payload)
        appended = self._builder.append(payload)
        self.spans, self.nbytes = self._builder.spans, self._builder.nbytes
        return appended

    def append_all(self, payloads: Sequence[bytes], full: int) -> list[Outcome]:
        return append_singly(self, payloads, full)

    def seal(self) -> SpanBatch:
        self.spans = self.nbytes = 0
        return self._builder.seal()


@dataclass
class Intake:
    store: HeldStore
    receiver: Receiver
    commits: list[str] = field(default_factory=list)
    """The thread that told of each."""

    @property
    def waiting(self) -> int:
        """Requests without an answer."""
        return self.receiver.read_measures().gauges["queue_requests"]

    async def stop(self) -> None:
        self.store.gate.set()
        await self.receiver.drain()
        await asyncio.to_thread(self.receiver.stop)


@asynccontextmanager
async def intake(
    store: HeldStore,
    log: Path | None = None,
    *,
    decoder: Decoder | None = None,
    patience: float = 0.02,
    **limits: Any,
) -> AsyncIterator[Intake]:
    """A started receiver, with a request log in the directory if one is given. Everything
    is stored at the end."""
    keeper = open_keeper(store, decoder or make_decoder(), log)
    commits: list[str] = []
    receiver = Receiver(
        keeper,
        on_commit=lambda: commits.append(threading.current_thread().name),
        patience=patience,
        **limits,
    )
    receiver.start()
    held = Intake(store, receiver, commits)
    try:
        yield held
    finally:
        await held.stop()
