"""The promise every engine keeps.

`tests/contract` runs one test kit over all engines; an engine that cannot do
something lists it there as an opt-out with its reason.

Terms. *Owned by a trace*: an answer row is replaced when its trace is analysed
again; endpoints and orphans are owned by the trace of their span, connections
by the trace of their consumer. *Stored span*: one (trace id, span id, content
hash). *Generation*: the number of the append that stored a span, 1 for the
first; it grows with every append that stored something.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

from storage.answering import Answering
from storage.context_reads import ContextReads
from storage.deletion import Deleted, SpanDeletion
from storage.destination_reads import DestinationReads
from storage.group_reads import GroupReads
from storage.handover_reads import HandoverReads
from storage.origins import Origins
from storage.queries import (
    Buckets,
    ConnectionQuery,
    EndpointQuery,
    Found,
    OrphanQuery,
    Page,
    Rows,
    SearchQuery,
)
from storage.request_reads import RequestReads
from storage.rewriting import SpanRewriting, StoredSpans
from storage.schema import SpanBatch
from storage.search_reads import SearchReads
from storage.state import StoreStatus, StoreUsage

__all__ = [
    "AppendResult",
    "Buckets",
    "ConnectionQuery",
    "DataRefused",
    "Deleted",
    "EndpointQuery",
    "Found",
    "OrphanQuery",
    "Page",
    "Rows",
    "SearchQuery",
    "SpanStore",
    "StoreError",
    "StoreStatus",
    "StoreUsage",
    "StoredSpans",
    "TooMuchAtOnce",
]


class StoreError(Exception):
    """The store cannot do what was asked: locked, newer, damaged, full, closed.

    The message is a sentence for the operator.
    """


class TooMuchAtOnce(StoreError):
    """The store lacks the memory for this; with less at once it may do."""


class DataRefused(StoreError):
    """The store is well, but cannot take what it was given; trying again will not help."""


@dataclass(frozen=True, slots=True)
class AppendResult:
    generation: int
    """Generation of the new spans; of the last append when nothing was new."""
    stored: int
    """Spans that were not in the store before."""
    duplicates: int
    """Spans that were there already with the same content (dropped)."""
    conflicts: int
    """Stored spans whose ids were there with other content (kept)."""


class SpanStore(
    SpanDeletion,
    SpanRewriting,
    Origins,
    Answering,
    HandoverReads,
    ContextReads,
    GroupReads,
    RequestReads,
    SearchReads,
    DestinationReads,
    Protocol,
):
    """Spans, and what the analyzer made of them.

    Threads. Every method may be called from any thread at any time; one `append`
    and one `replace_*` run at a time (the engine sees to it), reads go on beside
    them and see a whole append or none of it.

    Durability. When `append` or a `replace_*` returns, its rows survive the death
    of the process and are visible to the next call on any thread. When it raises,
    none of its rows are there.

    Results. Unknown ids give empty tables, never an error. Tables belong to the
    caller. Row order is unspecified unless a method says otherwise. Lists of trace
    ids are tables of schema TRACE_IDS; repeated ids count once.

    Errors. `StoreError` only; after one that names a damaged or invalidated store
    every later call raises it too, and `check` reports it.
    """

    engine: str

    # ------------------------------------------------------------------ writing

    def append(self, batch: SpanBatch, stored_at_unix_nano: int) -> AppendResult:
        """Store the batch; each span with everything under it in one transaction.

        A span whose trace id, span id and content hash are stored already, or
        stand twice in the batch, is dropped with all its rows. `stored_at` is when
        it was stored: the base of retention and of settling.
        """
        ...

    # -------------------------------------------------------------------- state

    def status(self) -> StoreStatus: ...

    def generations(self) -> tuple[int, int]:
        """`generation` and `analysed_generation` of the status, at the cost of a look: the
        latter is that up to which the answers are what one analyzer would give."""
        ...

    def usage(self) -> StoreUsage:
        """Waits for nobody, and answers when the store is closed or damaged too."""
        ...

    @property
    def broken(self) -> bool:
        """It failed for good: nothing but opening it anew can help."""

    def check(self) -> None:
        """Raise StoreError unless the store can commit; cheap enough for /readyz."""
        ...

    def close(self) -> None:
        """Finish what runs, write everything out, release the files. Idempotent."""
        ...

    # ------------------------------------------------------------- for analysis

    def traces_since(self, generation: int, limit: int) -> tuple[pa.Table, int]:
        """What to analyse next: traces with spans of later generations, and the
        generation up to which they are complete.

        Whole generations, oldest first, until `limit` spans are passed (at least
        one generation). Only traces that analysis can say something of: with a
        `messaging` row or a link, the target of a link, or with a key of kind "work". The
        returned generation can be ahead while the table is
        empty.
        """
        ...

    def related_traces(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        """`traces` and every trace one step away: it links to one of them or is
        linked to, or shares a row of KEYS with one of them.

        It may give more traces than asked for, never fewer, except that a key of more
        than `hot_key_limit` traces connects nothing.
        """
        ...

    def hot_keys(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        """KEY_HASHES: the keys of these traces that more than `hot_key_limit` traces have."""
        ...

    def heated_traces(self, hot: pa.Table, hot_key_limit: int, after: int, upto: int) -> pa.Table:
        """The traces whose answers may rest on a key that was none too many had: those
        that have one of the keys `hot` since a generation up to `after`, if at most
        `hot_key_limit` traces had it then, and more have with the generations up to `upto`."""
        ...

    def analysis_input(self, traces: pa.Table) -> SpanBatch:
        """All spans of these traces as `spans_of` gives them, but with empty
        attribute texts ("{}") on spans, links and events, no scope attributes, and no
        `keys`: what the analyzer reads."""
        ...

    def endpoint_facts(self) -> pa.Table:
        """The endpoints grouped, one row a group: environment, service_namespace,
        role, system, destination, scope, service_name, span_name, consumer_group,
        scope_name, has_children, relation, producer_service_name, service_version,
        scope_version, sdk_language, is_root, epoch_trace, sampling_threshold,
        kafka_partition, origin, operation, count (int64), first_start_unix_nano,
        last_start_unix_nano, first_kafka_offset and last_kafka_offset (the smallest and
        the largest, null without any)."""
        ...

    def endpoints(self, query: EndpointQuery, limit: int) -> pa.Table:
        """Schema ENDPOINTS, newest start first, at most `limit` rows."""
        ...

    def endpoints_of(self, traces: pa.Table) -> pa.Table:
        """Schema ENDPOINTS, of these traces."""
        ...

    # ------------------------------------------------------------------ reading

    def spans_of(self, traces: pa.Table, *, keys: bool = True) -> SpanBatch:
        """All spans of these traces, complete, with their resources, scopes and
        all rows that belong to them, but for their join keys where these are not asked for.
        Spans are ordered by (trace, start, span id, content hash)."""
        ...

    def spans_with_correlation(self, key: str, value: str) -> pa.Table:
        """SPAN_IDS of the spans that carry the canonical key with this value."""
        ...

    def traces_with_correlation(self, key: str, value: str) -> pa.Table:
        """TRACE_IDS of these spans, and perhaps of traces that only seem to have some: whoever
        reads their spans anyway sees which have. One may be repeated."""
        ...

    def traces_of_span(self, span_id: int) -> pa.Table:
        """TRACE_IDS of the traces that hold a span with this id."""
        ...

    def correlation_of(self, traces: pa.Table) -> pa.Table:
        """Distinct trace_hi, trace_lo, key, value of these traces, ordered by all."""
        ...

    def recent_correlation(self, key: str, limit: int) -> list[str]:
        """Distinct values of a key, the one on the newest span first."""
        ...

    def correlation_keys(self) -> list[str]:
        """The keys that stored spans carry, sorted."""
        ...

    def services(self) -> list[str]:
        """Service names of stored resources, sorted."""
        ...

    def connections(self, query: ConnectionQuery, page: Page) -> Rows:
        """Schema CONNECTIONS, newest consumer start first."""
        ...

    def connections_of(
        self, traces: pa.Table, end: Literal["producer", "consumer", "either"]
    ) -> pa.Table:
        """All connections whose end lies in these traces, of any confidence, ordered
        by consumer start, then ids. Schema CONNECTIONS."""
        ...

    def orphans(self, query: OrphanQuery, page: Page) -> Rows:
        """Schema ORPHANS and `stored_at_unix_nano` (when the root was first stored, 0
        where it is not), newest start first. Without the hidden ones here and below, unless
        asked for."""
        ...

    def orphans_of(self, traces: pa.Table, *, hidden: bool = False) -> pa.Table:
        """Schema ORPHANS and `stored_at_unix_nano`, of these traces."""
        ...

    def edges(self) -> pa.Table:
        """Hand-overs grouped by (environment, service_namespace: of the consumer;
        producer_service_name, system, destination, scope, consumer_service_name,
        consumer_group), connections of confidence 0.8 and above, together with
        the orphans of deliveries that have no stitched producer. Count columns (int64): count,
        parent, link, stitch, redeliveries (attempt above 1, no dead letter), dead_letters;
        waits (of first attempts)
        wait_p50_nano, wait_p95_nano, wait_p99_nano (int64, null without any),
        first_seen_unix_nano, last_seen_unix_nano. Largest count first."""
        ...
