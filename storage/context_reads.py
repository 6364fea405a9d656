"""The part of the promise that is about contexts that came over the wire
(storage/contract.py): which of them point at spans that the store does not hold.
"""

from typing import Protocol

import pyarrow as pa

from storage.schema import CONNECTIONS, ENDPOINTS, FLAG, I64, SPAN_IDS, TEXT, U32, U64


def _required(type_: pa.DataType, *names: str) -> "list[pa.Field[pa.DataType]]":
    return [pa.field(name, type_, nullable=False) for name in names]


ARRIVED_CONTEXTS = pa.schema(
    [
        *SPAN_IDS,
        *_required(TEXT, "relation"),
        *(ENDPOINTS.field(n) for n in ("environment", "service_namespace", "service_name")),
        *(CONNECTIONS.field(n) for n in ("system", "destination", "scope", "consumer_group")),
        *_required(U64, "target_hi", "target_lo", "target_span_id"),
        *_required(U32, "flags"),
        pa.field("trace_state", TEXT),
        *_required(FLAG, "stored", "tells"),
        *_required(I64, "start_time_unix_nano"),
    ]
)
SENDERS_KEY = [
    *("environment", "service_namespace", "service_name", "destination", "sampling_threshold")
]
SENDERS = pa.schema([*(ENDPOINTS.field(n) for n in SENDERS_KEY), *_required(I64, "count")])


class ContextReads(Protocol):
    def arrived_contexts(self, spans: int, limit: int) -> pa.Table:
        """Contexts that spans of the newest generations received, whole generations until
        `spans` spans are passed (at least one): links that do not say that they are local, and
        parents that are remote by the flags of the span or, where these do not say, by its
        kind (SERVER, CONSUMER). Each once, the newest `limit` by the span's start.

        Of the span: ids, the service, `system` to `consumer_group` of its endpoint if it is
        one, start. Of the context: `relation` ("parent", "link"), `target_…` ids, `flags` and
        `trace_state` (of a parent those of the span), whether the target is `stored`, and
        whether the service `tells` by flags what is sampled: some of its spans there do.
        Schema ARRIVED_CONTEXTS."""
        ...

    def senders(self) -> pa.Table:
        """Sends (ENDPOINTS) counted by environment, service_namespace, service_name,
        destination and sampling_threshold. Schema SENDERS."""
        ...
