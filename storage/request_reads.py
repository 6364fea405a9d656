"""Requests and the root sends of the same process beside them: part of storage/contract.py."""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """When a request and a send belong together in time, ns: the send begins at most `within`
    after the request began and `after` after it ended."""

    within: int
    after: int
    latest: int
    """Of the requests of one send those that began last."""


class RequestReads(Protocol):
    def requests_beside(self, sends: pa.Table, bounds: RequestBounds) -> pa.Table:
        """TRACE_IDS of the requests (spans of kind SERVER) that ran when these SENDS of the
        same process began; of each send the `bounds.latest` that began last."""
        ...

    def sends_beside(self, after: int, upto: int, bounds: RequestBounds) -> pa.Table:
        """TRACE_IDS of the root sends (ENDPOINTS) of services beside which a request stored by
        a generation above `after` up to `upto` ran. It may give more traces."""
        ...
