"""The part of the promise that is about deleting (storage/contract.py).

What is deleted is the oldest: generations up to one. Deleting never makes an orphan: what
the analyzer said of the spans that stay is kept, and the store notes what it needs to
keep it when it looks at them again.
"""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Deleted:
    spans: int
    expired_facts: int
    """Facts of deleted endpoints that are not remembered any more."""


class SpanDeletion(Protocol):
    def oldest_generations(self, spans: int) -> pa.Table:
        """The oldest generations, in their order, until `spans` spans are passed (at least
        one, unless the store is empty). Schema GENERATIONS: generation,
        stored_at_unix_nano, spans."""
        ...

    def count_spans(self) -> int:
        """Stored spans; cheaper than `status`."""
        ...

    def traces_until(self, generation: int) -> pa.Table:
        """TRACE_IDS of the traces with spans of generations up to this one."""
        ...

    def delete_until(self, generation: int, touched: pa.Table) -> Deleted:
        """Delete the spans of generations up to this one in one transaction, with
        everything under them, their endpoints and orphans, and the connections that they
        consume (a connection stays with its consumer). A span that is sent again
        afterwards is new. Readers see all of it or nothing.

        `touched` (TRACE_IDS) are the traces whose answers took the spans into account:
        those that keep a span have lost something (`losses_of`). What was known of the
        environment by the endpoints is remembered (`past_facts`). Losses and facts last
        until all spans that are stored now are deleted.

        Resources, scopes and shapes that nothing names any more may stay.
        """
        ...

    def reclaim(self) -> bool:
        """Let what was deleted be used for what comes. False when a read that goes on for
        long stands in the way: later, then."""
        ...

    def losses_of(self, traces: pa.Table) -> pa.Table:
        """TRACE_IDS of those of these traces that have lost something."""
        ...

    def past_facts(self) -> pa.Table:
        """The facts of deleted endpoints: the columns of `endpoint_facts` before the count,
        each combination once. It may be that endpoints with the same facts are stored."""
        ...

    def spans_since(self, generation: int, traces: pa.Table) -> pa.Table:
        """SPAN_IDS of the spans of these traces of later generations."""
        ...
