"""What holds requests until the store has them."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol


class Journal(Protocol):
    """Requests numbered from 1 in their order; a position is a number. One thread
    appends, another may read and release meanwhile."""

    durable: bool
    """Whether what is appended survives the process: then it may be acknowledged."""

    @property
    def position(self) -> int:
        """Of the last request."""
        ...

    @property
    def nbytes(self) -> int: ...

    def append(self, payloads: Sequence[bytes]) -> int:
        """The position of the last payload once all are held. Raises StoreError, and
        holds none of them then."""
        ...

    def read(self, after: int, last: int) -> Iterator[bytes]:
        """The payloads behind the position `after`, to `last`. Raises StoreError."""
        ...

    def release(self, position: int) -> None:
        """Everything up to the position is in the store."""
        ...

    def close(self) -> None: ...


class HeldRequests:
    """A journal in memory, for a store that forgets everything too."""

    durable = False

    def __init__(self) -> None:
        self.position = 0
        self.nbytes = 0
        self._released = 0
        self._payloads: deque[bytes] = deque()
        self._lock = threading.Lock()

    def append(self, payloads: Sequence[bytes]) -> int:
        with self._lock:
            self._payloads.extend(payloads)
            self.nbytes += sum(map(len, payloads))
            self.position += len(payloads)
            return self.position

    def read(self, after: int, last: int) -> Iterator[bytes]:
        with self._lock:
            start = max(after - self._released, 0)
            return iter(list(islice(self._payloads, start, last - self._released)))

    def release(self, position: int) -> None:
        with self._lock:
            while self._released < position:
                self.nbytes -= len(self._payloads.popleft())
                self._released += 1

    def close(self) -> None:
        pass
