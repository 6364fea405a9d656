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

    def append_all(
        self, payloads: list[bytes], full: int, /
    ) -> tuple[list[tuple[int, list[tuple[str, int]], str | None, bool]], int]:
        """Takes in requests in their order until the builder holds `full` spans. Of each:
        spans taken, why others were left out and how many, why it was refused, whether for
        a fault of the decoder; then the bytes held."""

    def seal(
        self, allocate: Callable[[int], memoryview], /
    ) -> list[tuple[str, int, list[tuple[_Buffer | None, _Buffer | None, _Buffer]]]]:
        """Name, rows, and validity, offsets and values of each column of every table.
        `allocate` gives writable memory of a size in bytes."""
