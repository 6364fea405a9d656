"""What surrounds a root is found without a look at all facts of the store."""

from typing import Any

import pytest

from analyzer.analysis import analyse
from analyzer.rules.correlation_id import list_originals
from analyzer.world import World
from tests.analysed import endpoint_facts
from tests.builders import batch
from tests.unit.analyzer.messages import delivery, send


class Counted(dict[str, Any]):
    """A fact that counts how often something of it was read."""

    read = 0

    def __getitem__(self, name: str) -> Any:
        Counted.read += 1
        return super().__getitem__(name)


def facts_of_queues(count: int) -> list[Counted]:
    """One queue with a producer and a consumer, as often, each with names of its own."""
    pair = batch(send(), delivery(trace=1, parent=11))
    facts = endpoint_facts(analyse(pair).endpoints)
    return [
        Counted(
            fact
            | {
                "destination": f"orders-{n}",
                "service_name": f"{fact['service_name']}-{n}",
                "producer_service_name": fact["producer_service_name"] and f"order-service-{n}",
            }
        )
        for n in range(count)
        for fact in facts.iter_rows(named=True)
    ]


def test_a_root_costs_as_much_among_many_destinations_as_among_few() -> None:
    root = {
        "system": "aws_sqs",
        "destination": "orders-7",
        "service_name": "payment-service-7",
        "service_namespace": None,
        "consumer_group": None,
        "span_name": "order.process",
    }
    reads = []
    for count in (10, 1_000):
        world = World(facts_of_queues(count))
        world.around(root | {"destination": "orders-8"}, "order")  # what is told once
        Counted.read = 0
        told = world.around(root, "order")
        reads.append(Counted.read)
        assert told.producer == "order-service-7"
        assert (told.direct, told.extracts) == (True, True)
        assert told.injects == {"order-service-7"}
    assert reads[0] == reads[1]


@pytest.mark.parametrize(
    ("topic", "originals"),
    [
        ("eu.west.orders", ["west.orders", "orders"]),
        ("orders-mirrored", ["orders"]),
        ("eu.orders.replica", ["orders.replica", "replica", "eu.orders"]),
        ("orders", []),
        ("orders.", []),
        ("a." * 1_000, []),
    ],
)
def test_the_topics_that_a_topic_may_be_a_copy_of(topic: str, originals: list[str]) -> None:
    assert list_originals(topic) == originals
