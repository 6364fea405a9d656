"""What was sent and what was received, as the services' journals tell it."""

import threading
import time
from collections.abc import Callable
from typing import Any

from sample_data.pipeline.settings import (
    DEAD_LETTER_QUEUE,
    ORDERS_QUEUE,
    PAYMENTS_TOPIC,
    SHIPMENTS_QUEUE,
)

Line = dict[str, Any]


class DrainError(Exception):
    """Messages did not arrive in time."""


class Ledger:
    """Journal lines of every service, and which messages are still under way."""

    def __init__(self) -> None:
        self.sent: list[Line] = []
        self.received: list[Line] = []
        self._switched: list[tuple[str, str]] = []
        self._ended: list[str] = []
        self._changed = threading.Condition()

    def hear(self, line: Line) -> None:
        """Take in one line; any thread."""
        with self._changed:
            match line["event"]:
                case "sent":
                    self.sent.append(line)
                case "received":
                    self.received.append(line)
                case "switched":
                    self._switched.append((line["module"], line["switch"]))
                case "ended":
                    self._ended.append(line["module"])
            self._changed.notify_all()

    def wait_for_switch(self, modules: list[str], switch: str, seconds: float) -> None:
        """Until each module's latest switch is this one."""

        def adopted() -> bool:
            latest = dict(self._switched)
            return all(latest.get(module) == switch for module in modules)

        self._wait(adopted, seconds, lambda: f"a service did not take up {switch}")

    def wait_for_orders(self, order_ids: list[str], seconds: float) -> None:
        """Until every message of these orders has been handled, or parked."""
        self._wait(
            lambda: all(self._is_done(order_id) for order_id in order_ids),
            seconds,
            lambda: "messages did not arrive: " + ", ".join(self._missing(order_ids)),
        )

    def _wait(self, done: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
        """DrainError when time is over, or a process of the pipeline has ended."""
        end = time.monotonic() + seconds
        with self._changed:
            while not done():
                if self._ended:
                    raise DrainError(f"{self._ended[0]} has ended")
                if not self._changed.wait(max(0.0, end - time.monotonic())):
                    raise DrainError(complaint())

    def _is_done(self, order_id: str) -> bool:
        messages = [line for line in self.sent if line["order_id"] == order_id]
        # A service reports what it sent before it reports what it received, so
        # that an order whose known messages are all handled has no unknown one.
        return bool(messages) and all(self._is_handled(message) for message in messages)

    def _is_handled(self, message: Line) -> bool:
        handled = {
            (line["destination"], line["service"])
            for line in self.received
            if line["key"] == message["key"] and line["ok"]
        }
        if (DEAD_LETTER_QUEUE, "dead-letter-worker") in handled:
            return True
        return all((message["destination"], name) in handled for name in consumers_of(message))

    def _missing(self, order_ids: list[str]) -> list[str]:
        return [
            f"{line['order_id']} on {line['destination']}"
            for line in self.sent
            if line["order_id"] in order_ids and not self._is_handled(line)
        ]


def consumers_of(message: Line) -> list[str]:
    """Services that get a copy of a sent message."""
    match message["destination"]:
        case d if d == ORDERS_QUEUE:
            return ["payment-service"]
        case d if d == PAYMENTS_TOPIC:
            audited = ["audit-service"] if message["workflow_id"] else []
            return ["inventory-service", *audited]
        case d if d == SHIPMENTS_QUEUE:
            return ["warehouse-service"]
        case other:
            raise ValueError(f"nobody reads {other}")
