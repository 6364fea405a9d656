"""The one thread that takes requests in: decodes them, logs them, answers.

What waits when it comes round is one group: one write to the journal, one sync, and all
of the group are answered. The decoded spans gather in a builder until they are worth a
batch: a whole row group of the store, or as soon as the store is idle and nothing came for
a moment, the oldest is old enough, or a reader asks. A batch in the store's hands and one
that is built is all there ever is: a full builder waits for the store.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from collector.admission import MIB, PATIENCE_SECONDS, Overloaded
from collector.attribute_filter import Filter
from collector.decoded import Appended, Outcome, UndecodableRequest
from collector.keeping import Keeper, Sealed
from collector.waiting import Tell, Waiting
from collector.writer import Writer
from storage.contract import StoreError
from storage.schema import ROW_GROUP, SpanBatch

GROUP_BYTES = 16 * MIB
SEAL_BYTES = 128 * MIB
# Longer than a full pipeline of senders takes from our answer to its next requests.
QUIET_SECONDS = 0.2
OLDEST_SECONDS = 1.0
# A builder that is a quarter full by then will be full soon, and a whole row group costs
# the store half of what its parts would.
_FILLING_SPANS, FILLING_SECONDS = ROW_GROUP // 4, 4.0
_RETRY_SECONDS = 0.5  # between attempts to write a journal that failed

_logger = logging.getLogger(__name__)


class Intake:
    """`put` and `ask_for_all` belong to anyone."""

    def __init__(
        self,
        keeper: Keeper,
        writer: Writer,
        *,
        tell: Tell,
        edit: Filter | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`edit` changes what came before anything of it is kept. A request waits up to
        `patience` seconds for room."""
        self._decoder, self._journal, self._measures = (
            keeper.decoder,
            keeper.journal,
            keeper.measures,
        )
        self._writer, self._tell, self._edit, self._patience = writer, tell, edit, patience
        # Where acknowledgements wait for the store, nothing else is waited for.
        self._quiet = QUIET_SECONDS if self._journal.durable else 0.0
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()  # None: look round
        self._left_over: deque[Waiting] = deque()  # taken from the queue when a builder was full
        self._asked = self._stopping = False
        self._thread = threading.Thread(target=self._run, name="intake")
        self._builder = self._decoder.builder()
        self._spoilt = False
        self._sealed = self._journal.position
        self._unanswered: list[Waiting] = []
        self._unlogged: list[bytes] = []
        self._oldest = self._newest = 0.0
        self.spans = self.nbytes = 0
        """Of what is decoded and not handed to the writer."""
        self.trouble: str | None = None
        """Why nothing can be written to the journal at the moment."""

    def start(self) -> None:
        self._writer.on_idle = self._wake
        self._thread.start()

    def stop(self) -> None:
        """Returns when everything that was put is answered or handed to the writer."""
        self._stopping = True
        self._wake()
        self._thread.join()

    def put(self, waiting: Waiting) -> None:
        self._queue.put(waiting)

    def ask_for_all(self) -> None:
        """Somebody wants everything to be in the store soon."""
        self._asked = True
        self._wake()

    def _wake(self) -> None:
        self._queue.put(None)

    # ------------------------------------------------------------ on the thread

    def _run(self) -> None:
        while self._left_over or not (self._stopping and self._queue.empty()):
            try:
                self._look_round()
            except BaseException:  # senders would wait for ever
                _logger.exception("The intake goes on after a fault")
                time.sleep(_RETRY_SECONDS)
        self._seal()

    def _look_round(self) -> None:
        if self._unlogged:  # before a request is taken: none may be forgotten by a fault here
            self._write(self._unlogged)
        try:
            left_over = self._left_over
            first = left_over.popleft() if left_over else self._queue.get(timeout=self._pause())
        except Empty:
            first = None
        if first is not None:
            self._take(first)
        if self._is_due():
            self._seal()

    def _pause(self) -> float | None:
        """Seconds until something is to be done although nothing comes."""
        if self._unlogged:
            return _RETRY_SECONDS
        if not self.spans or not self._writer.idle:
            return None  # the writer wakes us
        return max(self._next_seal() - time.monotonic(), 0.0)

    def _next_seal(self) -> float:
        longest = OLDEST_SECONDS if self.spans < _FILLING_SPANS else FILLING_SECONDS
        return min(self._newest + self._quiet, self._oldest + longest)

    def _is_due(self) -> bool:
        if not self._writer.idle:  # it would only wait there, in memory of its own
            return False
        return self._is_full() or self._asked or time.monotonic() >= self._next_seal()

    def _is_full(self) -> bool:
        """Whether nothing may be added to the builder."""
        return self._spoilt or self.spans >= ROW_GROUP or self._builder.nbytes >= SEAL_BYTES

    def _take(self, first: Waiting) -> None:
        """One group, beginning with this request."""
        left = first.arrived + self._patience - time.monotonic()
        if self.trouble is not None:
            first.outcome = StoreError(self.trouble)
            self._tell([first])
        elif self._has_room(left):
            self._take_group(first)
        else:
            first.outcome = Overloaded(
                f"{self._writer.spans + self.spans:,} spans wait for the store and nothing was"
                f" done with them for {self._patience:g} seconds."
            )
            self._tell([first])

    def _has_room(self, seconds: float) -> bool:
        """Whether more may be added to the builder, within the seconds."""
        if self._is_full():
            if not self._writer.wait_until_idle(seconds):
                return False
            self._seal()
        return True

    def _take_group(self, first: Waiting) -> None:
        group: list[Waiting] = []
        try:
            kept = self._decode(first, group)
            if kept:
                self._keep(kept)
        except BaseException as error:  # nobody of the group may be left without an answer
            _logger.exception("A group of %s requests failed", len(group))
            for waiting in group:
                waiting.outcome = RuntimeError(str(error))
        self._newest = time.monotonic()
        later = set(map(id, self._unanswered))
        self._tell([waiting for waiting in group if id(waiting) not in later])

    def _decode(self, first: Waiting, group: list[Waiting]) -> list[tuple[Waiting, bytes]]:
        """Adds what waits to the group, until nothing does, the group is large or the
        builder full; gives the requests to keep, with their payloads."""
        kept = []
        room = GROUP_BYTES
        following = [first, *self._gather(room - len(first.payload))]
        while following:
            group += following
            kept += self._append(following, group)
            room -= sum(len(waiting.payload) for waiting in following)
            has_end = self._spoilt or self._builder.spans >= ROW_GROUP
            following = [] if has_end else self._gather(room)
        return kept

    def _gather(self, room: int) -> list[Waiting]:
        """Requests that wait, of about so many bytes."""
        gathered = []
        while room > 0 and (following := self._next()) is not None:
            gathered.append(following)
            room -= len(following.payload)
        return gathered

    def _next(self) -> Waiting | None:
        """The next that waits."""
        if self._left_over:
            return self._left_over.popleft()
        try:
            while (following := self._queue.get_nowait()) is None:
                pass
        except Empty:
            return None
        return following

    def _append(
        self, following: Sequence[Waiting], group: list[Waiting]
    ) -> list[tuple[Waiting, bytes]]:
        """Decodes requests that are in the group; those that have spans to keep, with their
        payloads. What the builder has no room for leaves the group again."""
        wanted = [(w, payload) for w in following if (payload := self._edited(w)) is not None]
        outcomes = self._builder.append_all([payload for _, payload in wanted], ROW_GROUP)
        kept = []
        for (waiting, payload), outcome in zip(wanted, outcomes, strict=False):
            waiting.outcome = self._judge(waiting, outcome)
            if isinstance(outcome, Appended) and outcome.spans:
                kept.append((waiting, payload))
        if later := [waiting for waiting, _ in wanted[len(outcomes) :]]:
            self._left_over.extendleft(reversed(later))
            left = set(map(id, later))
            group[:] = [waiting for waiting in group if id(waiting) not in left]
        return kept

    def _edited(self, waiting: Waiting) -> bytes | None:
        """What is to be decoded of the request."""
        if waiting.answer.cancelled():  # the sender left before it cost anything
            return None
        try:
            return self._edit(waiting.payload) if self._edit else waiting.payload
        except UndecodableRequest as error:
            waiting.outcome = error
        except Exception as error:  # whatever it is, the sender gets an answer
            _logger.exception("A request of %s bytes broke the filter", len(waiting.payload))
            waiting.outcome = RuntimeError(str(error))
        return None

    def _judge(self, waiting: Waiting, outcome: Outcome) -> Appended | Exception:
        if isinstance(outcome, Appended | UndecodableRequest):
            return outcome
        size = len(waiting.payload)
        _logger.error("A request of %s bytes broke the decoder", size, exc_info=outcome)
        self._spoilt = True  # what the builder holds is anybody's guess
        return RuntimeError(str(outcome))

    def _keep(self, kept: Sequence[tuple[Waiting, bytes]]) -> None:
        if not self.spans:
            self._oldest = time.monotonic()
        self.spans, self.nbytes = self._builder.spans, self._builder.nbytes
        if not self._write([payload for _, payload in kept]):
            for waiting, _ in kept:
                waiting.outcome = StoreError(self.trouble)
        elif not self._journal.durable:
            self._unanswered += [waiting for waiting, _ in kept]

    def _write(self, payloads: list[bytes]) -> bool:
        """Whether the payloads are in the journal. What is not is written later, before
        anything else: the spans of it are in the builder."""
        began = time.monotonic()
        try:
            self._journal.append(payloads)
        except StoreError as error:
            self._measures.count(log_failures=1)
            if self.trouble is None:
                _logger.error("Requests are refused: %s", error)
            self._unlogged, self.trouble = payloads, str(error)
            return False
        self._measures.observe("log_seconds", time.monotonic() - began)
        self._unlogged, self.trouble = [], None
        return True

    def _seal(self) -> None:
        self._asked = False
        position = self._journal.position
        if not self.spans and not self._spoilt and position == self._sealed:
            if self._is_full():  # of resources and scopes whose spans were all left out
                self._builder = self._decoder.builder()
            return
        sealed = Sealed(
            self._make_batch(), self.spans, self.nbytes, self._sealed, position, self._unanswered
        )
        self._sealed, self._unanswered = position, []
        self._writer.put(sealed)
        self.spans = self.nbytes = 0  # only now: what is taken in is always counted somewhere

    def _make_batch(self) -> SpanBatch | None:
        if not self._spoilt:
            try:
                return self._builder.seal()
            except BaseException:  # a panic again
                _logger.exception("A batch could not be made")
        self._builder, self._spoilt = self._decoder.builder(), False
        return None
