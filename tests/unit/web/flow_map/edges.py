"""Edges of the flow map as the API has them."""

from collections.abc import Sequence

from web.shapes import Edge, SentTo


def edge(
    *,
    producer: str | None = "order-service",
    destination: str | None = "orders",
    consumer: str | None = "payment-service",
    system: str | None = "kafka",
    scope: str | None = None,
    environment: str | None = None,
    namespace: str | None = None,
    group: str | None = None,
    count: int = 60,
    connected: int | None = None,
    redeliveries: int = 0,
    dead_letters: int = 0,
    last_seen: int = 0,
    sent_to: Sequence[SentTo] = (),
) -> Edge:
    """All of it by links, within a moment, unless said otherwise."""
    joined = count if connected is None else connected
    return {
        "environment": environment,
        "service_namespace": namespace,
        "producer_service": producer,
        "system": system,
        "destination": destination,
        "scope": scope,
        "consumer_service": consumer,
        "consumer_group": group,
        "count": count,
        "connected": joined,
        "relations": {"parent": 0, "link": joined, "stitch": 0},
        "wait_p50_nano": 20_000_000,
        "wait_p95_nano": 95_000_000,
        "wait_p99_nano": 99_000_000,
        "redeliveries": redeliveries,
        "dead_letters": dead_letters,
        "first_seen": 0,
        "last_seen": last_seen,
        "notes": [],
        "sent_to": list(sent_to),
    }
