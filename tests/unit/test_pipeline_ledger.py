"""The ledger knows when orders are through."""

import pytest

from sample_data.pipeline.ledger import DrainError, Ledger, Line


def sent(key: str, destination: str, workflow_id: str | None = None) -> Line:
    return {
        "event": "sent",
        "key": key,
        "destination": destination,
        "order_id": "1",
        "workflow_id": workflow_id,
    }


def received(key: str, destination: str, service: str, *, ok: bool = True) -> Line:
    return {
        "event": "received",
        "key": key,
        "destination": destination,
        "service": service,
        "ok": ok,
    }


def ledger_of(*lines: Line) -> Ledger:
    ledger = Ledger()
    for line in lines:
        ledger.hear(line)
    return ledger


def test_an_order_that_nobody_has_sent_yet_is_not_through() -> None:
    with pytest.raises(DrainError):
        Ledger().wait_for_orders(["1"], seconds=0)


def test_an_order_is_through_when_every_message_was_handled() -> None:
    ledger = ledger_of(
        sent("a", "orders"),
        sent("b", "payments"),
        received("a", "orders", "payment-service"),
    )
    with pytest.raises(DrainError, match="1 on payments"):
        ledger.wait_for_orders(["1"], seconds=0)
    ledger.hear(received("b", "payments", "inventory-service"))
    ledger.wait_for_orders(["1"], seconds=0)


def test_a_failed_attempt_is_not_the_end() -> None:
    ledger = ledger_of(sent("a", "orders"), received("a", "orders", "payment-service", ok=False))
    with pytest.raises(DrainError):
        ledger.wait_for_orders(["1"], seconds=0)


def test_a_parked_message_is_through() -> None:
    ledger = ledger_of(
        sent("a", "orders"),
        received("a", "orders", "payment-service", ok=False),
        received("a", "orders-dlq", "dead-letter-worker"),
    )
    ledger.wait_for_orders(["1"], seconds=0)


def test_a_payment_of_a_workflow_has_two_readers() -> None:
    ledger = ledger_of(
        sent("b", "payments", workflow_id="WF-1"), received("b", "payments", "inventory-service")
    )
    with pytest.raises(DrainError):
        ledger.wait_for_orders(["1"], seconds=0)
    ledger.hear(received("b", "payments", "audit-service"))
    ledger.wait_for_orders(["1"], seconds=0)


def test_waiting_ends_at_once_when_a_process_has_ended() -> None:
    ledger = ledger_of(sent("a", "orders"), {"event": "ended", "module": "payment_service"})
    with pytest.raises(DrainError, match="payment_service has ended"):
        ledger.wait_for_orders(["1"], seconds=3600)


def test_a_switch_counts_when_it_is_the_latest_of_every_module() -> None:
    ledger = ledger_of(
        {"event": "switched", "module": "a", "switch": "redelivery"},
        {"event": "switched", "module": "b", "switch": "redelivery"},
        {"event": "switched", "module": "a", "switch": "healthy"},
    )
    with pytest.raises(DrainError):
        ledger.wait_for_switch(["a", "b"], "redelivery", seconds=0)
    ledger.wait_for_switch(["b"], "redelivery", seconds=0)
