from collections.abc import Callable

_Buffer = bytes | memoryview

class Builder:
    def __init__(
        self,
        columns: list[tuple[str, str, bool, bool, list[str]]],
        correlation: list[tuple[str, list[str]]],
        resource: list[list[str]],
    ) -> None:
        """`columns`: name, type, each, marks and attribute names of each typed column;
        `correlation`: canonical keys and their spellings; `resource`: attribute names for
        each column of a resource. Raises ValueError."""

    def append(self, payload: bytes, /) -> tuple[int, list[tuple[str, int]], int]:
        """Spans taken, why others were left out and how many, bytes held. Raises
        ValueError for what is no request, RuntimeError for a fault of the decoder."""

    def seal(
        self, allocate: Callable[[int], memoryview], /
    ) -> list[tuple[str, int, list[tuple[_Buffer | None, _Buffer | None, _Buffer]]]]:
        """Name, rows, and validity, offsets and values of each column of every table.
        `allocate` gives writable memory of a size in bytes."""
