"""The sample pipeline against a real server: what the API says is what was switched on."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sample_data.pipeline.scenario import Pipeline
from sample_data.pipeline.switches import Switch

SERVICES = {"order-service", "payment-service", "inventory-service", "warehouse-service"}
SWITCHED = [
    Switch.ATTRIBUTES_NOT_REQUESTED,
    Switch.HEADERS_DROPPED,
    Switch.INPUT_TRANSFORMER,
]
SERVE = [sys.executable, "-m", "tracestitch", "serve", "--store", "memory:"]
PORTS = [f"--{name}-address=127.0.0.1:0" for name in ("grpc", "http", "web")]


@dataclass(frozen=True)
class Served:
    """A server that holds healthy orders and three of each failure."""

    web: str
    placed: dict[Switch, list[str]]

    def ask(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.web}/api/v1/{path}", params=parameters, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def orders_of(self, orphan: Any) -> str:
        """The order id on the trace of an orphan root."""
        trace = self.ask(f"traces/{orphan['trace_id']}")["trace"]
        return str(next(c["value"] for c in trace["correlation"] if c["key"] == "order.id"))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with subprocess.Popen([*SERVE, *PORTS], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield _fill(server)
        finally:
            server.terminate()


def _fill(server: subprocess.Popen[str]) -> Served:
    assert server.stdout is not None
    addresses: dict[str, str] = {}
    while len(addresses) < 3:
        listener, on, address = server.stdout.readline().partition(" on ")
        assert on, f"the server said: {listener}"
        addresses[listener] = address.strip()
    placed = {}
    with Pipeline(addresses["OTLP/gRPC"]) as pipeline:
        for switch in (Switch.HEALTHY, *SWITCHED):
            pipeline.turn(switch)
            placed[switch] = pipeline.place_orders(3)
            pipeline.wait_until_drained(placed[switch])
    served = Served(addresses["web"], placed)
    while served.ask("status")["pending_spans"]:
        time.sleep(0.05)
    return served


def test_each_switch_is_reported_for_exactly_its_orders_with_its_cause(served: Served) -> None:
    orphans = served.ask("orphans")["orphans"]
    reported = {(served.orders_of(orphan), orphan["cause"]["code"]) for orphan in orphans}
    expected = {(order_id, s.cause) for s in SWITCHED for order_id in served.placed[s]}
    assert reported == expected
    assert len(orphans) == len(expected)


def test_every_order_is_one_journey_over_four_services_whatever_broke(served: Served) -> None:
    for order_ids in served.placed.values():
        for order_id in order_ids:
            journey = served.ask("journeys", attribute=f"order.id={order_id}")["journey"]
            assert {span["service_name"] for span in journey["spans"]} == SERVICES


def test_the_flow_map_counts_every_hand_over(served: Served) -> None:
    edges = served.ask("edges")["edges"]
    counts = {edge["destination"]: edge["count"] for edge in edges}
    assert counts == {"orders": 12, "payments": 12, "shipments": 12}
