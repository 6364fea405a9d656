"""Requests and messages that a process handled, and its root sends beside them: part of
storage/contract.py."""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """When a request (or message) and a send belong together in time, ns: the send begins at
    most `within` after the request began and `after` after it ended."""

    within: int
    after: int
    latest: int
    """Of the requests of one send those that began last, and as many messages."""


class RequestReads(Protocol):
    def requests_beside(self, sends: pa.Table, bounds: RequestBounds) -> pa.Table:
        """TRACE_IDS of the requests and messages (spans of kind SERVER and CONSUMER) that ran
        when these SENDS of the same process began; of each send and kind the `bounds.latest`
        that began last."""
        ...

    def sends_beside(
        self, after: int, upto: int, traces: pa.Table, bounds: RequestBounds
    ) -> pa.Table:
        """TRACE_IDS of the root sends (ENDPOINTS) of services beside which such a span ran that
        was stored by a generation above `after` up to `upto`, or is of one of these traces
        (TRACE_IDS). It may give more traces."""
        ...
