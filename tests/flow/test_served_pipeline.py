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
from tests.waiting import PATIENCE_SECONDS, running

SERVICES = {"order-service", "payment-service", "inventory-service", "warehouse-service"}
SWITCHED = [
    Switch.ATTRIBUTES_NOT_REQUESTED,
    Switch.HEADERS_DROPPED,
    Switch.INPUT_TRANSFORMER,
    Switch.XRAY_MIXED,
    Switch.PRODUCER_UNSAMPLED,
]
# Every span is delivered when a switch is turned: nothing that breaks may still connect.
SERVE = [sys.executable, "-m", "tracestitch", "serve", "--store", "memory:", "--grace", "0s"]
# The first test waits for a server, seven processes of the pipeline and 63 orders.
pytestmark = pytest.mark.timeout(360)
PORTS = [f"--{name}-address=127.0.0.1:0" for name in ("grpc", "http", "web")]


@dataclass(frozen=True)
class Served:
    """A server that holds twice three orders of each failure, and healthy ones before and
    after."""

    web: str
    placed: dict[Switch, list[str]]
    states: dict[Switch, tuple[dict[str, str], dict[str, str]]]
    """By cause, of the groups while the switch was on and after healthy orders."""

    def ask(self, path: str, **parameters: str) -> Any:
        # Without reading certificates, which takes longer than the answer.
        answer = httpx.get(
            f"{self.web}/api/v1/{path}", params=parameters, trust_env=False, verify=False
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self, pipeline: Pipeline, switch: Switch) -> dict[str, str]:
        """Three orders with the switch on; the states of all groups by cause when they are
        analysed."""
        pipeline.turn(switch)
        order_ids = pipeline.place_orders(3)
        pipeline.wait_until_drained(order_ids)
        self.placed.setdefault(switch, []).extend(order_ids)
        self._wait_for_all()
        groups = self.ask("orphans/groups")["groups"]
        return {group["cause"]["code"]: group["state"] for group in groups}

    def _wait_for_all(self) -> None:
        """Until each order is seen to have passed every queue: services export by and by."""
        placed = sum(map(len, self.placed.values()))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            counts = [edge["count"] for edge in self.ask("edges")["edges"]]
            if counts == [placed] * 3 and self.ask("status")["pending_spans"] == 0:
                return
            time.sleep(0.1)
        raise AssertionError(f"{placed} orders were placed, the edges tell of {counts}")

    def orders_of(self, orphan: Any) -> str:
        """The order id on the trace of an orphan root."""
        trace = self.ask(f"traces/{orphan['trace_id']}")["trace"]
        return str(next(c["value"] for c in trace["correlation"] if c["key"] == "order.id"))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with running([*SERVE, *PORTS], stdout=subprocess.PIPE) as server:
        yield _fill(server)
        server.terminate()
        assert server.wait(PATIENCE_SECONDS) == 0


def _fill(server: subprocess.Popen[str]) -> Served:
    assert server.stdout is not None
    addresses: dict[str, str] = {}
    while len(addresses) < 3:
        listener, on, address = server.stdout.readline().partition(" on ")
        assert on, f"the server said: {listener}"
        addresses[listener] = address.strip()
    served = Served(addresses["web"], {Switch.HEALTHY: []}, {})
    with Pipeline(addresses["OTLP/gRPC"]) as pipeline:
        served.place(pipeline, Switch.HEALTHY)
        # Twice, as the demo goes round: what is on for the second time is no other cause.
        for switch in SWITCHED * 2:
            broken = served.place(pipeline, switch)
            served.states[switch] = broken, served.place(pipeline, Switch.HEALTHY)
    return served


def test_each_switch_is_reported_for_exactly_its_orders_with_its_cause(served: Served) -> None:
    orphans = served.ask("orphans")["orphans"]
    reported = {(served.orders_of(orphan), orphan["cause"]["code"]) for orphan in orphans}
    expected = {(order_id, s.cause) for s in SWITCHED for order_id in served.placed[s]}
    assert reported == expected
    assert len(orphans) == len(expected)


def test_every_order_is_one_journey_over_four_services_whatever_broke(served: Served) -> None:
    for switch, order_ids in served.placed.items():
        unsampled = {"order-service"} if switch is Switch.PRODUCER_UNSAMPLED else set()
        for order_id in order_ids:
            journey = served.ask("journeys", attribute=f"order.id={order_id}")["journey"]
            assert {span["service_name"] for span in journey["spans"]} == SERVICES - unsampled


def test_the_flow_map_counts_every_hand_over(served: Served) -> None:
    edges = served.ask("edges")["edges"]
    counts = {edge["destination"]: edge["count"] for edge in edges}
    placed = sum(map(len, served.placed.values()))
    assert counts == dict.fromkeys(["orders", "payments", "shipments"], placed)


def test_a_group_is_broken_now_until_its_switch_goes_off(served: Served) -> None:
    for switch, (on, off) in served.states.items():
        assert switch.cause is not None
        if switch is Switch.PRODUCER_UNSAMPLED:  # nobody's mistake
            assert on[switch.cause] == off[switch.cause] == "expected"
            continue
        assert on[switch.cause] == "broken"
        assert off[switch.cause] == "healed"
        assert [code for code, state in on.items() if state == "broken"] == [switch.cause]
    assert served.ask("orphans/groups", state="broken")["groups"] == []
    summary = served.ask("orphans/groups")["summary"]
    assert (summary["broken"], summary["healed"]) == (0, 3)  # edges; two causes of one
