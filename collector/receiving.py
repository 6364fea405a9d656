"""The one path of every request, whatever brought it: decode, store, answer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from collector.admission import PATIENCE_SECONDS, ByteBudget
from collector.attribute_filter import Filter
from collector.compression import inflate
from collector.decoded import Decoded, Decoder, decode_request
from collector.responses import success
from collector.writer import MIB, Writer

# OTLP specification 1.11.0: the recommended default, also after decompression.
MAX_REQUEST_BYTES = 64 * MIB


class Receive(Protocol):
    """Takes in one encoded ExportTraceServiceRequest and returns the encoded
    ExportTraceServiceResponse once the spans are stored for good."""

    async def __call__(self, payload: bytes, *, gzipped: bool = False) -> bytes: ...


class Receiver:
    """`export` is a Receive. Belongs to one event loop."""

    def __init__(
        self,
        decoder: Decoder,
        writer: Writer,
        *,
        max_bytes: int = 2 * MAX_REQUEST_BYTES,
        patience: float = PATIENCE_SECONDS,
        edit: Filter | None = None,
    ) -> None:
        """`max_bytes` of requests may be under way to the writer; more waits up to
        `patience` seconds. `edit` changes what came before anything of it is kept."""
        self._decoder, self._writer, self._edit = decoder, writer, edit
        self._budget = ByteBudget(max_bytes, patience)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="decoder")
        self._under_way: set[asyncio.Task[bytes]] = set()

    async def export(self, payload: bytes, *, gzipped: bool = False) -> bytes:
        """Goes on to the commit when the caller is cancelled: a sender that gave up
        sends again, and what is stored already is dropped then.

        Raises UndecodableRequest, CorruptBody, TooLarge, UnstorableBatch: not worth
        sending again. Raises Overloaded, StoreError: worth it.
        """
        task = asyncio.create_task(self._take_in(payload, gzipped))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Returns when no request is under way. Call it between closing the listeners
        and stopping the writer."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _take_in(self, payload: bytes, gzipped: bool) -> bytes:
        await self._budget.reserve(len(payload))
        try:
            decoded = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._decode, payload, gzipped
            )
        finally:
            self._budget.release(len(payload))
        if decoded.spans:
            await self._writer.submit(decoded.batch)
        return success(decoded.rejected, decoded.reasons)

    def _decode(self, payload: bytes, gzipped: bool) -> Decoded:
        body = inflate(payload, MAX_REQUEST_BYTES) if gzipped else payload
        return decode_request(self._decoder, self._edit(body) if self._edit else body)
