"""The one thread that hands sealed batches to the store."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import SimpleQueue

from collector.keeping import Keeper, Sealed
from collector.waiting import Tell
from storage.contract import StoreError

# Seconds before a failed batch is tried again.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

_logger = logging.getLogger(__name__)


class Writer:
    """Stores what is put, in its order. `wait_until_idle` and `put` belong to one thread,
    everything else to any."""

    def __init__(
        self,
        keeper: Keeper,
        *,
        tell: Tell,
        on_commit: Callable[[], None],
    ) -> None:
        """`on_commit` is called on the writer's thread after each batch."""
        self._keeper, self._journal = keeper, keeper.journal
        self._tell, self._on_commit = tell, on_commit
        self._queue: SimpleQueue[Sealed | None] = SimpleQueue()
        self._changed = threading.Condition()
        self._readers: list[tuple[int, Future[None]]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-writer")
        self.stored = self._journal.position
        """Position up to which everything is in the store."""
        self._batches = self.spans = self.nbytes = 0
        """Of what is put and not stored."""
        self.trouble: str | None = None
        """Why nothing can be stored at the moment."""
        self.on_idle: Callable[[], None] = lambda: None
        """Called when nothing is left to store."""

    @property
    def idle(self) -> bool:
        """Nothing is left to store."""
        return self._batches == 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when everything put is stored, or cannot be and stays in the journal."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def put(self, sealed: Sealed) -> None:
        with self._changed:
            self._batches += 1
            self.spans += sealed.spans
            self.nbytes += sealed.nbytes
        self._queue.put(sealed)

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether, within the seconds, nothing is left to store."""
        with self._changed:
            return self._changed.wait_for(lambda: self.idle, max(seconds, 0.0))

    def when_stored(self, position: int) -> Future[None]:
        """Done when everything up to the position is in the store."""
        future: Future[None] = Future()
        with self._changed:
            waiting = [r for r in self._readers if not r[1].cancelled()]
            self._readers = [*waiting, (position, future)]
        self._wake_readers()
        return future

    # ------------------------------------------------------------ on the thread

    def _run(self) -> None:
        while (sealed := self._queue.get()) is not None:
            try:
                going_on = self._store(sealed)
            except BaseException:
                _logger.exception("The writer ends: what waits stays in the request log")
                self.trouble, going_on = "The store's writer has failed; restart the server.", False
            if not going_on:
                break  # what was put later must not be released before this
            if self.idle:
                self.on_idle()
        self._wake_readers(everyone=True)

    def _store(self, sealed: Sealed) -> bool:
        """False when the writer is stopped while the batch cannot be stored."""
        pause = _FIRST_PAUSE
        while True:
            try:
                refused: Mapping[int, Exception] = self._keeper.store(sealed)
                break
            except StoreError as error:
                if not self._journal.durable:  # nothing was promised: the senders try again
                    positions = range(sealed.after + 1, sealed.last + 1)
                    refused = {position: StoreError(str(error)) for position in positions}
                    break
                self.trouble = str(error)
                _logger.error("Nothing can be stored, and requests are refused: %s", error)
                if self._stopping.wait(pause):
                    _logger.error("What was acknowledged stays in the request log; restart.")
                    return False
                pause = min(2 * pause, _LONGEST_PAUSE)
        self.trouble = None
        sealed.batch = None  # the next one may stand in its memory
        self._finish(sealed, refused)
        return True

    def _finish(self, sealed: Sealed, refused: Mapping[int, Exception]) -> None:
        self._journal.release(sealed.last)
        with self._changed:
            self.stored = sealed.last
            self._batches -= 1
            self.spans -= sealed.spans
            self.nbytes -= sealed.nbytes
            self._changed.notify_all()
        for position, waiting in enumerate(sealed.waiting, sealed.after + 1):
            waiting.outcome = refused.get(position, waiting.outcome)
        self._tell(sealed.waiting)
        self._wake_readers()
        if len(refused) < max(sealed.last - sealed.after, 1):
            self._tell_committed()

    def _wake_readers(self, *, everyone: bool = False) -> None:
        with self._changed:
            ready = [f for position, f in self._readers if everyone or position <= self.stored]
            self._readers = [(p, f) for p, f in self._readers if f not in ready]
        for future in ready:
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def _tell_committed(self) -> None:
        try:
            self._on_commit()
        except Exception:
            _logger.exception("Nobody could be told of a commit")
