"""Finding traces: part of storage/contract.py."""

from typing import Protocol

import pyarrow as pa

from storage.queries import Found, Page, SearchQuery


class SearchReads(Protocol):
    def search(self, query: SearchQuery, page: Page, scan: int | None = None) -> Found:
        """The traces with a span that the query asks for, the one with the newest such span
        first: schema TRACE_SUMMARIES.

        With `scan` the search ends where it has looked at about so many spans (a correlation
        key is looked up, which costs none): the page is shorter then, or empty, and its `next`
        goes on from there. An engine may look at more.
        """
        ...

    def summaries_of(self, traces: pa.Table) -> pa.Table:
        """Of each of these traces: trace_hi, trace_lo, root_name, root_service_name (of the
        earliest span without parent in the store, else the earliest), service_names
        (list<string>, sorted), span_count, error_count, start_time_unix_nano,
        end_time_unix_nano (int64). Schema TRACE_SUMMARIES, newest start first."""
        ...

    def traces_ending_in(self, trace_lo: int) -> pa.Table:
        """TRACE_IDS of the traces whose id has this low half."""
        ...

    def traces_with_message(self, message: str, limit: int) -> pa.Table:
        """TRACE_IDS of at most `limit` traces that name this message: by its id or event id,
        without blanks around it, or by its place in Kafka, `topic.partition.offset`. Found by
        a hash of 64 bits."""
        ...
