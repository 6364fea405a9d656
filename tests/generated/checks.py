"""What has to hold of the answers to any generated pipeline; complaints in words."""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from random import Random

import pyarrow as pa

from storage.contract import ConnectionQuery, OrphanQuery, SpanStore
from tests.builders import Built, request
from tests.generated.pipelines import Generated
from tests.generated.topology import Habits
from tests.golden.recordings import ALL, answers_of, connections_of, orphans_of, store_requests
from tests.golden.truth import Comparison, compare
from tests.web_client import WebClient
from web.app import create_app

# A business id says which order, not which message: where a producer is not stored or does
# not tell its order, somebody else's may be the only one that is left.
_BY_ORDER = "correlation-id"


def compare_generated(generated: Generated) -> Comparison:
    answers = answers_of(*store_requests([request(*generated.spans)]))
    return compare(generated.truth, connections_of(answers), orphans_of(answers))


def check_truth(generated: Generated, habits: Habits) -> list[str]:
    """No wrong edge, no false orphan, and what shares a unique id is found; in a healthy
    pipeline every hand-over is."""
    found = compare_generated(generated)
    sure = habits.healthy or habits.open
    wrong = [edge for edge in found.wrong_edges if sure or edge.rule != _BY_ORDER]
    missed = [
        edge for edge in found.missed_edges if habits.healthy or edge["shared"] in ("visible", "id")
    ]
    return [
        *(f"wrong edge: {edge}" for edge in wrong),
        *(f"wrong relation: {edge}" for edge in found.wrong_relations),
        *(f"false orphan: {orphan}" for orphan in found.false_orphans),
        *(f"missed hand-over: {edge}" for edge in missed),
    ]


def check_order(generated: Generated, random: Random) -> list[str]:
    """Any order, batching, repetition and passes in between give the answers from scratch."""
    at_once, _ = store_requests([request(*generated.spans)])
    mixed = generated.spans + random.choices(generated.spans, k=5)
    random.shuffle(mixed)
    requests = [request(*part) for part in _parts(mixed, random)]
    by_and_by, _ = store_requests(requests, pass_after_each=True)
    return [
        f"{name} differ: {sorted(one ^ other)[:2]}"
        for name, one, other in zip(
            ("connections", "orphans"), _all(at_once), _all(by_and_by), strict=True
        )
        if one != other
    ]


def _parts(spans: list[Built], random: Random) -> Iterable[list[Built]]:
    cuts = sorted(random.randint(0, len(spans)) for _ in range(random.randint(0, 4)))
    return (spans[a:b] for a, b in itertools.pairwise([0, *cuts, len(spans)]) if a < b)


def _all(store: SpanStore) -> list[set[str]]:
    return [
        _rows(store.connections(ConnectionQuery(min_confidence=0.0), ALL).table),
        _rows(store.orphans(OrphanQuery(), ALL).table),
    ]


def _rows(table: pa.Table) -> set[str]:
    return {
        str(sorted((name, value) for name, value in row.items() if name != "stored_at_unix_nano"))
        for row in table.to_pylist()
    }


def check_journeys(generated: Generated) -> list[str]:
    """A journey holds no span of another order, unless one span handled both."""
    store, _ = store_requests([request(*generated.spans)])
    client = WebClient(create_app(store))
    together = _handled_together(generated.orders.values())
    complaints = []
    for order in sorted(together):
        answer = client.get("/api/v1/journeys", attribute=f"order.id={order}")
        if answer.status_code == 404:  # nothing tells this order
            continue
        for span in answer.json()["journey"]["spans"]:
            orders = generated.orders[span["trace_id"], span["span_id"]]
            if orders and not orders & together[order]:
                complaints.append(f"{order}'s journey holds {span['name']} of {sorted(orders)}")
    return complaints


def _handled_together(handled: Iterable[frozenset[str]]) -> dict[str, set[str]]:
    """Each order with those that some chain of spans handled together with it."""
    near: dict[str, set[str]] = defaultdict(set)
    for orders in handled:
        for order in orders:
            near[order] |= orders
    found = {}
    for order in near:
        reached, waiting = {order}, [order]
        while waiting:
            new = near[waiting.pop()] - reached
            reached |= new
            waiting += new
        found[order] = reached
    return found
