"""The part of the promise that is about hand-overs in the large (storage/contract.py): what
monitoring counts, which sends nobody received, which contexts point at nothing.
"""

from typing import Protocol

import pyarrow as pa

from storage.results import EDGE_KEY, EDGES
from storage.schema import FLAG, I64, TEXT

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


class HandoverReads(Protocol):
    def handover_counts(self, since_unix_nano: int, settled_before_unix_nano: int) -> pa.Table:
        """Hand-overs counted by the key of `edges`, as it counts them: `count` and, of them,
        `connected` by parent or link. `broken` are orphan roots that nobody expects and that
        were stored before `settled_before`, stitched or not. The `recent` ones are those whose
        consumer began at `since` or later. Schema HANDOVER_COUNTS, largest count first."""
        ...

    def orphan_counts(self, settled_before_unix_nano: int) -> pa.Table:
        """Orphan roots counted by cause, whether they are expected, and the key of `edges`:
        all, and those stored before `settled_before`. Schema ORPHAN_COUNTS, largest count
        first."""
        ...
