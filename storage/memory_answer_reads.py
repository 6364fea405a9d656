"""How the reference engine tells of the analyzer's answers (storage/contract.py)."""

from typing import Literal

import pyarrow as pa

from storage import memory_answers
from storage.contract import Buckets, ConnectionQuery, EndpointQuery, OrphanQuery, Page, Rows
from storage.memory_frames import Frames, read
from storage.memory_groups import orphan_groups
from storage.queries import EVERY_ORPHAN, NO_BUCKETS


class MemoryAnswers:
    def _read(self) -> Frames:
        raise NotImplementedError

    def endpoint_facts(self) -> pa.Table:
        return memory_answers.endpoint_facts(self._read()["endpoints"])

    def endpoints(self, query: EndpointQuery, limit: int) -> pa.Table:
        return memory_answers.endpoints(self._read(), query, limit)

    def endpoints_of(self, traces: pa.Table) -> pa.Table:
        return memory_answers.endpoints_of(self._read()["endpoints"], read(traces))

    def connections(self, query: ConnectionQuery, page: Page) -> Rows:
        return memory_answers.connections(self._read()["connections"], query, page)

    def connections_of(
        self, traces: pa.Table, end: Literal["producer", "consumer", "either"]
    ) -> pa.Table:
        return memory_answers.connections_of(self._read()["connections"], read(traces), end)

    def orphans(self, query: OrphanQuery, page: Page) -> Rows:
        return memory_answers.orphans(self._read()["orphans"], query, page)

    def orphans_of(self, traces: pa.Table, *, hidden: bool = False) -> pa.Table:
        return memory_answers.orphans_of(self._read()["orphans"], read(traces), hidden=hidden)

    def orphan_groups(
        self, query: OrphanQuery = EVERY_ORPHAN, buckets: Buckets = NO_BUCKETS
    ) -> pa.Table:
        return orphan_groups(self._read(), query, buckets)
