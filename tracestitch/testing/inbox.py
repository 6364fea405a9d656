"""What one test has seen so far, and waiting for more of it."""

import threading
import time
from collections.abc import Sequence


class Inbox:
    """Filled and read by any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[bytes] = []
        self._changed_at = time.monotonic()
        self.flaws: list[str] = []
        """A sentence for each thing that was sent and is not seen."""

    def put(self, request: bytes) -> None:
        """An encoded ExportTraceServiceRequest."""
        with self._changed:
            self._requests.append(request)
            self._changed_at = time.monotonic()
            self._changed.notify_all()

    def read(self, after: int = 0) -> Sequence[bytes]:
        """Requests beyond the first so many."""
        with self._changed:
            return self._requests[after:]

    def wait_for_more(self, known: int, until: float) -> bool:
        """Whether there are more than so many requests, which is waited for until this
        moment of the monotonic clock."""
        with self._changed:
            while len(self._requests) <= known:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return len(self._requests) > known
            return True

    def read_quiet_since(self) -> float:
        """The moment of the monotonic clock when the last request came, or this began."""
        with self._changed:
            return self._changed_at
