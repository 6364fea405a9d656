"""The whole pipeline as one object: start it, place orders, switch failures on."""

import json
import secrets
import urllib.request
from types import TracebackType
from typing import Self

from sample_data.pipeline.fleet import Child
from sample_data.pipeline.ledger import Ledger
from sample_data.pipeline.settings import Settings
from sample_data.pipeline.switches import Switch

SERVICES = (
    "order_service",
    "payment_service",
    "inventory_service",
    "warehouse_service",
    "dead_letter_worker",
    "audit_service",
)
# Samples whatever its producer decided: otherwise orders of one that does not sample would
# leave no span at all.
SAMPLERS = {"payment_service": "always_on"}
ANSWER_SECONDS = 30.0
ORDERS_A_WORKFLOW = 3


class Pipeline:
    """A context manager: inside it the brokers and services run, on leaving it they
    finish what they have in hand, export it and end, however it is left."""

    def __init__(self, otlp_endpoint: str, *, first_order: int = 1001) -> None:
        """`otlp_endpoint` is host:port of an OTLP gRPC receiver."""
        self.ledger = Ledger()
        self.switches: dict[str, Switch] = {}
        """The switch under which each order was placed."""
        self._otlp_endpoint = otlp_endpoint
        self._next_order = first_order
        self._switch = Switch.HEALTHY
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> None:
        brokers = self._launch("brokers").wait_until_ready()
        settings = Settings(
            otlp_endpoint=self._otlp_endpoint,
            aws_url=brokers["aws_url"],
            kafka_servers=brokers["kafka_servers"],
        )
        for module in SERVICES:
            self._launch(module, settings.to_argument(), sampler=SAMPLERS.get(module))
        facts = [child.wait_until_ready() for child in self._services]
        self._orders_url = f"http://127.0.0.1:{facts[0]['port']}/orders"

    def _launch(self, module: str, *arguments: str, sampler: str | None = None) -> Child:
        child = Child(module, *arguments, hear=self.ledger.hear, sampler=sampler)
        self._children.append(child)
        return child

    @property
    def _services(self) -> list[Child]:
        return self._children[1:]

    def _stop(self) -> None:
        """Services first: they still talk to the brokers."""
        for child in self._services:
            child.ask_to_stop()
        for child in self._services:
            child.wait()
        for child in self._children[:1]:
            child.ask_to_stop()
            child.wait()
        self._children.clear()

    def turn(self, switch: Switch) -> None:
        """Switch a failure on, or back to healthy. Returns when all work by it."""
        if switch is self._switch:
            return
        for child in self._children:
            child.tell({"switch": switch.value})
        self.ledger.wait_for_switch([c.module for c in self._children], switch, ANSWER_SECONDS)
        self._switch = switch

    def place_orders(self, count: int) -> list[str]:
        """Returns the ids of the orders, which are under way then."""
        order_ids = [f"ORD-{self._next_order + n}" for n in range(count)]
        self._next_order += count
        for n, order_id in enumerate(order_ids):
            self.switches[order_id] = self._switch
            first = order_ids[n - n % ORDERS_A_WORKFLOW]
            self._post(order_id, workflow_id=first.replace("ORD", "WF"))
        return order_ids

    def wait_until_drained(self, order_ids: list[str]) -> None:
        """Until every message of these orders has been handled."""
        self.ledger.wait_for_orders(order_ids, ANSWER_SECONDS)

    def _post(self, order_id: str, workflow_id: str) -> None:
        headers = {"Content-Type": "application/json"}
        if self._switch is Switch.FAN_OUT:
            headers["baggage"] = f"workflow.id={workflow_id}"
        if self._switch is Switch.PRODUCER_UNSAMPLED:
            # The gateway in front decided not to sample: the flags end in 00.
            headers["traceparent"] = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
        body = json.dumps({"order_id": order_id, "amount": 42}).encode()
        request = urllib.request.Request(self._orders_url, body, headers)  # noqa: S310 (loopback)
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with no_proxy.open(request, timeout=ANSWER_SECONDS) as answer:
            answer.read()
