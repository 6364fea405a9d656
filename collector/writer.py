"""One thread that stores what arrives, many requests in one commit.

A commit costs about the same for one request as for thirty (it waits for the disk), so
the thread groups what arrives within a few milliseconds and tells all senders together.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from collector.admission import PATIENCE_SECONDS, ByteBudget, Overloaded
from storage.contract import AppendResult, SpanStore, StoreError
from storage.schema import SpanBatch, concat_batches

MIB = 1024 * 1024
GROUP_SECONDS = 0.02
GROUP_ROWS = 16_384
GROUP_BYTES = 16 * MIB

_logger = logging.getLogger(__name__)


class UnstorableBatch(Exception):
    """The store has a fault with this one batch; sending it again will not help."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """One request between its arrival and the answer to it."""

    batch: SpanBatch
    size: int
    answer: asyncio.Future[AppendResult]
    arrived: float = field(default_factory=time.monotonic)
    outcome: AppendResult | Exception | None = None


class Writer:
    """Stores batches. `submit` belongs to one event loop; `start` and `stop` to anyone."""

    def __init__(
        self,
        store: SpanStore,
        *,
        on_commit: Callable[[], None],
        max_bytes: int = 256 * MIB,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`on_commit` is called on the writer's thread after each commit. `max_bytes` of
        Arrow data may wait for a commit; more waits up to `patience` seconds."""
        self._store, self._on_commit = store, on_commit
        self._budget = ByteBudget(max_bytes, patience)
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer")
        self._entry = threading.Lock()
        self._open = False
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Admitted batches whose commit was not told yet."""
        return self._waiting

    def start(self) -> None:
        self._open = True
        self._thread.start()

    def stop(self) -> None:
        """Refuses new batches and returns when everything admitted is committed."""
        with self._entry:
            was_open, self._open = self._open, False
            if was_open:
                self._queue.put(None)
        if was_open:
            self._thread.join()

    async def submit(self, batch: SpanBatch) -> AppendResult:
        """Returns after the commit that holds the batch; the counts are the commit's.

        Once admitted, a batch is committed even if the caller is cancelled. Raises
        Overloaded (nothing was kept), StoreError, UnstorableBatch.
        """
        answer: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(batch, batch.nbytes, answer)
        await self._budget.reserve(waiting.size)
        with self._entry:
            if self._open:
                self._queue.put(waiting)
                self._waiting += 1
            else:
                self._budget.release(waiting.size)
                raise Overloaded("The server is shutting down.")
        return await waiting.answer

    # ------------------------------------------------------------ on the thread

    def _run(self) -> None:
        going_on = True
        while going_on:
            group, going_on = self._gather()
            if group:
                self._commit(group)

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """What goes into the next commit, and whether more may come after it."""
        group: list[_Waiting] = []
        rows = size = 0
        while rows < GROUP_ROWS and size < GROUP_BYTES:
            try:
                left = group[0].arrived + GROUP_SECONDS - time.monotonic() if group else None
                waiting = self._queue.get(timeout=None if left is None else max(left, 0.0))
            except Empty:
                break
            if waiting is None:
                return group, False
            group.append(waiting)
            rows += waiting.batch.spans.num_rows
            size += waiting.size
        return group, True

    def _commit(self, group: Sequence[_Waiting]) -> None:
        stored = self._append(group)
        if not stored and len(group) > 1 and not isinstance(group[0].outcome, StoreError):
            # One member may have spoilt it for all; each on its own tells which.
            for waiting in group:
                stored |= self._append([waiting])
        try:
            group[0].answer.get_loop().call_soon_threadsafe(self._answer, group)
        except RuntimeError:
            _logger.debug("Committed after the event loop had ended: nobody is left to tell.")
        if stored:
            self._tell_committed()

    def _append(self, group: Sequence[_Waiting]) -> bool:
        """Stores the group in one transaction and notes how that went for each member."""
        outcome: AppendResult | Exception
        try:
            batch = concat_batches([waiting.batch for waiting in group])
            outcome = self._store.append(batch, time.time_ns())
        except StoreError as error:
            _logger.error("%s requests were refused: %s", len(group), error)
            outcome = error
        except BaseException as error:  # a panic of Polars is no Exception; the thread lives on
            _logger.exception("A commit of %s requests failed", len(group))
            outcome = UnstorableBatch(f"These spans could not be stored: {error}")
        for waiting in group:
            waiting.outcome = outcome
        return isinstance(outcome, AppendResult)

    def _tell_committed(self) -> None:
        try:
            self._on_commit()
        except Exception:
            _logger.exception("Nobody could be told of a commit")

    # ---------------------------------------------------------- on the event loop

    def _answer(self, group: Sequence[_Waiting]) -> None:
        self._waiting -= len(group)
        for waiting in group:
            self._budget.release(waiting.size)
            if waiting.answer.done():  # the caller went away
                continue
            if isinstance(waiting.outcome, AppendResult):
                waiting.answer.set_result(waiting.outcome)
            elif waiting.outcome is not None:
                # An exception of its own for each: raising one adds to its traceback.
                waiting.answer.set_exception(type(waiting.outcome)(*waiting.outcome.args))
