"""Edges of the flow map."""

import pyarrow as pa

from storage.results import EDGE_KEY
from web.flow_map.remarks import EdgeRemarks
from web.rows import identity_object
from web.shapes import Edge


def edges_of(table: pa.Table, remarks: EdgeRemarks) -> list[Edge]:
    """Rows of `SpanStore.edges`, with the remarks on them."""
    edges: list[Edge] = []
    for row in table.to_pylist():
        key = tuple(row[name] for name in EDGE_KEY)
        told: Edge = {
            **identity_object(row, consumer="consumer_service_name"),
            "count": row["count"],
            "connected": row["parent"] + row["link"],
            "relations": {"parent": row["parent"], "link": row["link"], "stitch": row["stitch"]},
            "wait_p50_nano": row["wait_p50_nano"],
            "wait_p95_nano": row["wait_p95_nano"],
            "wait_p99_nano": row["wait_p99_nano"],
            "redeliveries": row["redeliveries"],
            "dead_letters": row["dead_letters"],
            "first_seen": row["first_seen_unix_nano"],
            "last_seen": row["last_seen_unix_nano"],
            "notes": list(remarks.notes.get(key, ())),
            "sent_to": [
                {"system": place.system, "destination": place.destination, "scope": place.scope}
                for place in remarks.routes.get(key, ())
            ],
        }
        edges.append(told)
    return edges
