"""Bytes that can be looked at before they are read."""

from typing import Protocol

_CHUNK = 1024 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Source:
    """A stream, file or pipe, with its position in bytes."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._ahead = bytearray()
        self.position = 0

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end; they stay to be read."""
        self._look_ahead(size)
        return bytes(self._ahead[:size])

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        self._look_ahead(size)
        return self._take(size)

    def read_line(self, limit: int) -> bytes:
        """Up to and with the next line end, at most `limit` bytes; empty at the end."""
        searched = 0
        while True:
            end = self._ahead.find(b"\n", searched, limit)
            if end >= 0:
                return self._take(end + 1)
            searched = len(self._ahead)
            if searched >= limit or not self._look_ahead(searched + _CHUNK):
                return self._take(limit)

    def _look_ahead(self, size: int) -> bool:
        """False when the stream ended before it gave anything new."""
        before = len(self._ahead)
        while len(self._ahead) < size:
            # In pieces: a length that lies must not reserve memory.
            chunk = self._stream.read(min(size - len(self._ahead), _CHUNK))
            if not chunk:
                break
            self._ahead += chunk
        return len(self._ahead) > before

    def _take(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        self.position += len(taken)
        return taken
