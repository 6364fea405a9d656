"""Counters of what comes in, for /metrics."""

from collections.abc import Mapping

from collector.receiving import Receive


class CountedReceive:
    """A Receive that counts. Belongs to one event loop; `counters` to any thread."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._requests = self._bytes = self._refused = 0

    async def __call__(self, payload: bytes) -> bytes:
        self._requests += 1
        self._bytes += len(payload)
        try:
            return await self._receive(payload)
        except Exception:
            self._refused += 1
            raise

    def counters(self) -> Mapping[str, float]:
        """By name, growing since the start."""
        return {
            "otlp_requests": self._requests,
            "otlp_request_bytes": self._bytes,
            "otlp_requests_refused": self._refused,
        }
