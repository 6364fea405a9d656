"""The part of the promise that is about hand-overs in the large (storage/contract.py): what
monitoring counts, which sends nobody received, which contexts point at nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import pyarrow as pa

from storage.destination_reads import Place
from storage.results import EDGE_KEY, EDGES
from storage.schema import CONNECTIONS, ENDPOINTS, FLAG, I64, SPAN_IDS, TEXT

_EDGE: "list[pa.Field[pa.DataType]]" = [EDGES.field(name) for name in EDGE_KEY]


def _required(type_: pa.DataType, *names: str) -> "list[pa.Field[pa.DataType]]":
    return [pa.field(name, type_, nullable=False) for name in names]


def _counts(*names: str) -> "list[pa.Field[pa.DataType]]":
    return _required(I64, *names)


HANDOVER_COUNTS = pa.schema(
    [*_EDGE, *_counts("count", "connected", "broken", "recent_connected", "recent_broken")]
)
ORPHAN_COUNTS = pa.schema(
    [
        *_required(TEXT, "cause_code"),
        *_required(FLAG, "expected"),
        *_EDGE,
        *_counts("count", "settled_count"),
    ]
)
ORPHAN_COUNTS_KEY = ORPHAN_COUNTS.names[: ORPHAN_COUNTS.get_field_index("count")]

# Of a send and of one hand-over of its message, which is null where nobody received it.
_SEND = [
    *("environment", "service_namespace", "service_name", "span_name"),
    *("system", "destination", "scope"),
]
RECEIVED = {
    **{f"consumer_{name}": f"consumer_{name}" for name in SPAN_IDS.names},
    "consumer_start_time_unix_nano": "consumer_start_time_unix_nano",
    "wait_nano": "wait_nano",
    "consumer_environment": "consumer_environment",
    "consumer_service_namespace": "consumer_service_namespace",
    **{f"consumer_{name}": name for name in ("system", "destination", "scope")},
    "consumer_service_name": "consumer_service_name",
    "consumer_group": "consumer_group",
}
RECENT_SENDS = pa.schema(
    [
        *(ENDPOINTS.field(name) for name in _SEND),
        *SPAN_IDS,
        *_required(I64, "start_time_unix_nano", "end_time_unix_nano"),
        *(
            CONNECTIONS.field(column).with_name(name).with_nullable(True)
            for name, column in RECEIVED.items()
        ),
    ]
)
SEND_KIND = tuple(_SEND)
UNCONNECTED_KEY = ["environment", "destination", "service_name"]
UNCONNECTED = pa.schema(
    [
        *(ENDPOINTS.field(name) for name in UNCONNECTED_KEY),
        *_counts("count", "last_start_unix_nano"),
    ]
)

TRAFFIC = pa.schema([*_required(TEXT, "role"), *_counts("count", "connected")])
SERVICE_KEY = ["environment", "service_namespace", "service_name"]
UNCONNECTED_SERVICES = pa.schema(
    [*(ENDPOINTS.field(name) for name in SERVICE_KEY), *_counts("last_start_unix_nano")]
)


class Channel(NamedTuple):
    """Where messages go. Null is a value like any other, here and below."""

    environment: str | None
    service_namespace: str | None
    system: str | None
    destination: str | None


class SendKind(NamedTuple):
    environment: str | None
    service_namespace: str | None
    service_name: str | None
    span_name: str | None
    system: str | None
    destination: str | None


# `kind` is the place of the kind among those asked for.
SENDS_OF_KINDS = pa.schema(
    [
        *_counts("kind"),
        *SPAN_IDS,
        *_counts("start_time_unix_nano"),
        *_required(FLAG, "error"),
    ]
)
_TOLD_OF_HANDOVERS = [
    *(f"{end}_{name}" for end in ("producer", "consumer") for name in SPAN_IDS.names),
    *("consumer_start_time_unix_nano", "wait_nano", "dead_letter"),
    *("consumer_environment", "consumer_service_namespace", "consumer_service_name"),
    *("consumer_span_name", "destination", "consumer_group"),
]
HANDOVERS_OF_SENDS = pa.schema([CONNECTIONS.field(name) for name in _TOLD_OF_HANDOVERS])

# Of each edge and text of notes the hand-overs that have it, and the newest consumer.
NOTED = pa.schema([*_EDGE, *_required(TEXT, "notes"), *_counts("count"), *SPAN_IDS])
NOTED_KEY = [*EDGE_KEY, "notes"]

# Of each kind of delivery that continues no context how its latest ones lie among those of
# the same consumer that do.
SPELL_KEY = [
    *("environment", "service_namespace", "system", "service_name", "span_name"),
    *("destination", "is_root"),
]
SPELLS = pa.schema(
    [*(ENDPOINTS.field(name) for name in SPELL_KEY), *_counts("cut", "spells", "between", "after")]
)
# When the deliveries of each kind began, those that continue a context and those that do not.
DELIVERY_STARTS = pa.schema(
    [
        *(ENDPOINTS.field(name) for name in SPELL_KEY),
        *_required(FLAG, "continues"),
        *_required(pa.list_(I64), "starts"),
    ]
)


class HandoverReads(Protocol):
    def handover_counts(self, since_unix_nano: int, settled_before_unix_nano: int) -> pa.Table:
        """Hand-overs counted by the key of `edges`, as it counts them: `count` and, of them,
        `connected` by parent or link. `broken` are orphan roots that nobody expects and that
        were stored before `settled_before`, stitched or not; sends that broke are counted
        without a consumer, here and below. The `recent` ones are those whose consumer began at
        `since` or later. Schema HANDOVER_COUNTS, largest count first."""
        ...

    def orphan_counts(self, settled_before_unix_nano: int) -> pa.Table:
        """Orphan roots counted by cause, whether they are expected, and the key of `edges`:
        all, and those stored before `settled_before`. Schema ORPHAN_COUNTS, largest count
        first."""
        ...

    def recent_sends(self, per_kind: int, kinds: int, place: Place | None = None) -> pa.Table:
        """The newest sends of each kind (environment, service_namespace, service_name,
        span_name, system, destination, scope) that has more than one and a destination,
        failed ones left out: at most `per_kind` of a kind, of the `kinds` with most sends; with
        `place` only those to this one.
        One row for each hand-over of confidence 0.8 and above that a send has, or one without
        a consumer. Schema RECENT_SENDS."""
        ...

    def unconnected_deliveries(self) -> pa.Table:
        """Endpoints of role "process" without a relation, and orphan roots of deliveries without
        a stitched producer (a delivery may be both), counted by environment, destination and
        service_name, and when the last of them began. Schema UNCONNECTED."""
        ...

    def traffic(self, channel: Channel) -> pa.Table:
        """The endpoints of one channel counted by role, and how many of them are `connected`
        (have a relation). Schema TRAFFIC."""
        ...

    def unconnected_services(self, since_unix_nano: int) -> pa.Table:
        """Services with endpoints of role "process" without a relation that began at `since`
        or later, and when the last of them did. Schema UNCONNECTED_SERVICES."""
        ...

    def newest_sends(self, kinds: Sequence[SendKind], per_kind: int) -> pa.Table:
        """Of each kind at most `per_kind` sends, those that began last; of two that began
        together the one with the smaller ids. Schema SENDS_OF_KINDS."""
        ...

    def handovers_of(self, sends: pa.Table) -> pa.Table:
        """The connections of confidence 0.8 and above whose producer is one of these spans
        (columns SPAN_IDS). Schema HANDOVERS_OF_SENDS."""
        ...

    def noted_handovers(self) -> pa.Table:
        """Hand-overs of confidence 0.8 and above with notes, counted by the key of `edges` and
        the text of the notes, with the ids of the newest consumer. Schema NOTED, largest
        count first."""
        ...

    def cut_spells(self, latest: int) -> pa.Table:
        """Endpoints of role "process" without a parent or link to a producer: of each kind the
        `latest`, how many there are (`cut`), how many with such of the same consumer began
        `between` the first and the last of them, in how many `spells` these divide them, and
        how many began `after` the last; only kinds with such. Those that name no destination
        are compared with connected ones of any. Schema SPELLS, in no order."""
        ...

    def delivery_starts(self) -> pa.Table:
        """Endpoints of role "process", grouped by SPELL_KEY and whether they have a parent or
        link to a producer: when each began. Schema DELIVERY_STARTS, neither groups nor starts
        in any order."""
        ...
