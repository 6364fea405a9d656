"""Counts the readers of a store, and holds new ones back for a moment when asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Readers:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._held_back = False

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A read; waits while readers are held back."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held_back)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def held_back(self, patience_seconds: float) -> Iterator[bool]:
        """Let no new reader in inside the block; gives whether those who were inside
        left in time. One thread at a time."""
        with self._changed:
            self._held_back = True
            alone = self._changed.wait_for(lambda: self._inside == 0, patience_seconds)
        try:
            yield alone
        finally:
            with self._changed:
                self._held_back = False
                self._changed.notify_all()

    def wait_until_none(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._inside == 0)
