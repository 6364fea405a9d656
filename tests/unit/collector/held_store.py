"""A store that can be held up and made to fail, and a receiver in front of it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from collector.decoding import make_decoder
from collector.receiving import Receiver
from collector.writer import MIB, Writer
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
        self._flaw = flaw

    def append(self, batch: SpanBatch, stored_at_unix_nano: int) -> AppendResult:
        self.entered.set()
        assert self.gate.wait(30), "nobody opened the gate"
        self.tried.append(batch.spans.num_rows)
        self.times.append(stored_at_unix_nano)
        self._flaw(batch)
        return super().append(batch, stored_at_unix_nano)

    async def is_entered(self) -> None:
        """Returns when an append has begun."""
        assert await asyncio.to_thread(self.entered.wait, 30), "nothing was appended"


@dataclass
class Intake:
    store: HeldStore
    writer: Writer
    receiver: Receiver


@asynccontextmanager
async def intake(
    store: HeldStore, max_bytes: int = 256 * MIB, patience: float = 0.02
) -> AsyncIterator[Intake]:
    """A started writer with a receiver before it. Everything is stored at the end."""
    writer = Writer(store, on_commit=lambda: None, max_bytes=max_bytes, patience=patience)
    receiver = Receiver(make_decoder(), writer, patience=patience)
    writer.start()
    try:
        yield Intake(store, writer, receiver)
    finally:
        store.gate.set()
        await receiver.drain()
        writer.stop()
