"""The one path of every request, whatever brought it: decode, keep, answer.

export → queue → intake thread → journal (one sync a group) → answers
                      ↓ batches
                 writer thread → store → the journal lets go
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from collector.admission import MIB, PATIENCE_SECONDS, ByteBudget, Overloaded
from collector.attribute_filter import Filter
from collector.decoded import Appended, UndecodableRequest
from collector.intake import Intake
from collector.keeping import Keeper
from collector.measures import Reading
from collector.responses import success
from collector.waiting import Waiting
from collector.writer import Writer
from storage.contract import StoreError

# OTLP specification 1.11.0: the recommended default, also after decompression.
MAX_REQUEST_BYTES = 64 * MIB

# A request waits for room and for its group, no longer.
_DRAIN_SECONDS = 4.0

_logger = logging.getLogger(__name__)


class Receive(Protocol):
    """Takes in one encoded ExportTraceServiceRequest and returns the encoded
    ExportTraceServiceResponse once the spans survive whatever ends the process."""

    async def __call__(self, payload: bytes) -> bytes: ...


class Stopping(Overloaded):
    """The server takes no more; another one, or this one later, will."""

    def __init__(self) -> None:
        super().__init__("The server is shutting down.")


class Receiver:
    """`export` is a Receive. Coroutines belong to one event loop, the rest to anyone."""

    def __init__(
        self,
        keeper: Keeper,
        *,
        on_commit: Callable[[], None],
        edit: Filter | None = None,
        max_bytes: int = 2 * MAX_REQUEST_BYTES,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`on_commit` is called on the writer's thread after each batch; `edit` changes
        what came before anything of it is kept. `max_bytes` of requests may wait for their
        answers; more waits up to `patience` seconds."""
        self._journal, self._measures = keeper.journal, keeper.measures
        self._budget = ByteBudget(max_bytes, patience)
        self._writer = Writer(keeper, tell=self._tell, on_commit=on_commit)
        self._intake = Intake(keeper, self._writer, tell=self._tell, edit=edit, patience=patience)
        self._open = False
        self._under_way = self._bytes_under_way = 0
        self._none_under_way = asyncio.Event()

    def start(self) -> None:
        self._writer.start()
        self._intake.start()
        self._open = True

    def stop(self) -> None:
        """Refuses new requests and returns when everything acknowledged is in the store,
        or is known to stay in the journal. Idempotent."""
        if self._open:
            self._open = False
            self._intake.stop()
            self._writer.stop()
        self._journal.close()

    # --------------------------------------------------------- on the event loop

    async def export(self, payload: bytes) -> bytes:
        """Raises what `take_in` raises."""
        appended = await self.take_in(payload)
        return success(appended.rejected, appended.reasons)

    async def take_in(self, payload: bytes) -> Appended:
        """Returns when the request can be acknowledged. One whose caller is cancelled
        before it was decoded is dropped; afterwards it goes on: a sender that gave up
        sends again, and what is stored already is dropped then.

        Raises UndecodableRequest, UnstorableBatch: not worth sending again. Raises
        Overloaded, StoreError: worth it.
        """
        self._measures.count(requests=1, request_bytes=len(payload))
        try:
            self.check()
            self._refuse_when_stopped()
            await self._budget.reserve(len(payload))
            waiting = self._put(payload)
            return await waiting.answer
        except Exception as error:
            self._measures.refuse(_reason(error))
            raise

    def _put(self, payload: bytes) -> Waiting:
        try:
            self._refuse_when_stopped()
        except Stopping:
            self._budget.release(len(payload))
            raise
        waiting = Waiting(payload, asyncio.get_running_loop().create_future())
        self._under_way += 1
        self._bytes_under_way += len(payload)
        self._none_under_way.clear()
        self._intake.put(waiting)
        return waiting

    async def flush(self) -> None:
        """Returns when everything acknowledged before the call is in the store."""
        position = self._journal.position
        if self._writer.stored < position:
            stored = self._writer.when_stored(position)
            self._intake.ask_for_all()
            await asyncio.wrap_future(stored)

    async def drain(self) -> None:
        """Returns when no request is under way, or none that will be answered. Call it
        between closing the listeners and `stop`."""
        if self._under_way:
            await asyncio.wait(
                [asyncio.ensure_future(self._none_under_way.wait())], timeout=_DRAIN_SECONDS
            )

    def _refuse_when_stopped(self) -> None:
        if not self._open:
            raise Stopping

    def _settle(self, group: Sequence[Waiting]) -> None:
        for waiting in group:
            self._under_way -= 1
            self._bytes_under_way -= len(waiting.payload)
            self._budget.release(len(waiting.payload))
            if waiting.answer.done():  # the caller went away
                continue
            if isinstance(waiting.outcome, Appended):
                waiting.answer.set_result(waiting.outcome)
            elif waiting.outcome is not None:
                waiting.answer.set_exception(waiting.outcome)
        if not self._under_way:
            self._none_under_way.set()

    # ---------------------------------------------------------- on any thread

    def check(self) -> None:
        """Raises StoreError with a sentence while nothing can be taken in."""
        trouble = self._writer.trouble or self._intake.trouble
        if trouble is not None:
            raise StoreError(trouble)

    @property
    def waiting_spans(self) -> int:
        """Taken in and not in the store yet."""
        return self._intake.spans + self._writer.spans  # in this order: they move that way

    def read_measures(self) -> Reading:
        return self._measures.read(
            queue_requests=self._under_way,
            queue_bytes=self._bytes_under_way,
            waiting_spans=self.waiting_spans,
            waiting_bytes=self._intake.nbytes + self._writer.nbytes,
            log_bytes=self._journal.nbytes if self._journal.durable else 0,
        )

    def _tell(self, group: Sequence[Waiting]) -> None:
        if not group:
            return
        answered = [w.outcome for w in group if isinstance(w.outcome, Appended)]
        now = time.monotonic()
        self._measures.observe("acknowledge_seconds", *(now - w.arrived for w in group))
        self._measures.count(
            spans_accepted=sum(appended.spans for appended in answered),
            spans_rejected=sum(appended.rejected for appended in answered),
        )
        try:
            group[0].answer.get_loop().call_soon_threadsafe(self._settle, group)
        except RuntimeError:
            _logger.debug("The event loop has ended: nobody is left to tell.")


def _reason(error: Exception) -> str:
    match error:
        case UndecodableRequest():
            return "undecodable"
        case Stopping():
            return "stopping"
        case Overloaded():
            return "overloaded"
        case StoreError():
            return "store"
    return "fault"
