class Builder:
    def __init__(
        self,
        columns: list[tuple[str, str, bool, bool, list[str]]],
        correlation: list[tuple[str, list[str]]],
        resource: list[list[str]],
    ) -> None: ...
    def append(self, payload: bytes, /) -> tuple[int, list[tuple[str, int]], int]:
        """Spans taken, why others were left out and how many, bytes held. Raises
        ValueError for what is no request, RuntimeError for a fault of the decoder."""

    def seal(
        self,
    ) -> list[tuple[str, tuple[int, list[tuple[bytes | None, bytes | None, bytes]]]]]:
        """Name, rows, and validity, offsets and data of each column of every table."""
