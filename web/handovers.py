"""Edges of the flow map and groups of orphan roots: what connects and what does not."""

from collections import defaultdict

import pyarrow as pa

from web.attributes import read_json
from web.rows import Row, cause_object, identity_object, span_ref
from web.shapes import Edge, Group

# What hand-overs of one kind share, beside the producer's service.
_KIND = ("environment", "service_namespace", "destination")


def edges_of(table: pa.Table) -> list[Edge]:
    """Rows of `SpanStore.edges`."""
    return [
        {
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
        }
        for row in table.to_pylist()
    ]


def groups_of(table: pa.Table, edges: pa.Table) -> list[Group]:
    """Rows of `SpanStore.orphan_groups`, and how many of their kind did connect."""
    connected: dict[tuple[str | None, ...], dict[str | None, int]] = defaultdict(dict)
    for row in edges.to_pylist():
        producers = connected[_kind(row, row["consumer_service_name"])]
        producer = row["producer_service_name"]
        producers[producer] = producers.get(producer, 0) + row["parent"] + row["link"]
    return [_group(row, connected[_kind(row, row["service_name"])]) for row in table.to_pylist()]


def _kind(row: Row, consumer: str | None) -> tuple[str | None, ...]:
    return (*(row[name] for name in _KIND), consumer, row["consumer_group"])


def _group(row: Row, producers: dict[str | None, int]) -> Group:
    """`producers` are the connected hand-overs of the kind, by the producer's service;
    all of them count where the group's producer is not known."""
    producer = row["producer_service_name"]
    return {
        **identity_object(row, consumer="service_name"),
        "cause": cause_object(row),
        "count": row["count"],
        "settled_count": row["settled_count"],
        "connected": sum(producers.values()) if producer is None else producers.get(producer, 0),
        "first_seen": row["first_seen_unix_nano"],
        "last_seen": row["last_seen_unix_nano"],
        "since_version": row["since_version"],
        "expected": row["expected"],
        "example": span_ref(row),
        "evidence": read_json(row["evidence"]),
        "fix": row["cause_fix"],
    }
