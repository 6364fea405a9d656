"""Attempts at one message as one chain."""

from typing import Any

import pytest

from analyzer.attempt_chains import Chain, chain_units, is_told
from analyzer.journey_units import Unit

_SERVICE = ("payment", None, None)
_SHOP = ("shop", None, None)


def attempt(number: int, destination: str, **values: Any) -> Unit:
    """The only delivery of trace `number`, from 100 times it for 10; sent by span 1 of
    trace 1 unless said otherwise."""
    told: dict[str, Any] = {
        "span": (1, number, 1),
        "start": number * 100,
        "end": number * 100 + 10,
        "service": _SERVICE,
        "failed": False,
        "producer": (1, 1, 1),
        "sender": _SHOP,
        "destination": destination,
        "message": "m",
    } | values
    if "same" not in told:
        told["same"] = ("sent", told["producer"], told.get("told"), *told["service"])
    return Unit(**told)


def said(units: list[Unit]) -> list[list[tuple[str | None, int, str, str]]]:
    return [
        [(s.unit.destination, s.number, s.how, s.outcome) for s in chain]
        for chain in chain_units(units)
    ]


def only(units: list[Unit]) -> Chain:
    (chain,) = chain_units(units)
    return chain


ID = "3f2a9c1e-0000-4000-8000-000000000001"
OTHER = "3f2a9c1e-0000-4000-8000-000000000002"


def test_a_message_that_sqs_delivers_again_and_then_moves_is_one_chain() -> None:
    chain = only(
        [
            attempt(2, "orders", told=ID, sent_id=ID, failed=True),
            attempt(3, "orders", told=ID, sent_id=ID, failed=True),
            attempt(4, "orders-dlq", told=ID, dead_letter=True, producer=None, service=("dlq",)),
        ]
    )
    assert [step.how for step in chain] == ["first", "redelivery", "dead-letter"]
    assert [step.number for step in chain] == [1, 2, 3]
    assert [step.gap for step in chain] == [None, 90, 90]


def test_a_redrive_with_a_new_id_goes_on_with_the_chain_and_its_success_ends_it() -> None:
    chain = only(
        [
            attempt(2, "orders", told=ID, sent_id=ID, failed=True),
            attempt(3, "orders-dlq", told=ID, sent_id=ID, dead_letter=True),
            attempt(4, "orders", told=OTHER, sent_id=ID),
        ]
    )
    assert [step.how for step in chain] == ["first", "dead-letter", "redrive"]
    assert chain[-1].outcome == "ok"


def test_another_message_of_a_batch_is_no_redrive_of_the_one_that_died() -> None:
    """The batch's send says no id of its own."""
    assert said(
        [
            attempt(2, "orders", told=ID, failed=True),
            attempt(3, "orders-dlq", told=ID, dead_letter=True),
            attempt(4, "orders", told=OTHER),
        ]
    ) == [
        [("orders", 1, "first", "error"), ("orders-dlq", 2, "dead-letter", "dead-letter")],
        [("orders", 1, "first", "ok")],
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [("orders-retry-1", "orders-dlt"), ("orders-retry-0", "orders-retry-1"), ("retry.orders", "x")],
)
def test_what_a_failed_attempt_sends_to_a_retry_topic_is_the_next_attempt(
    first: str, second: str
) -> None:
    units = [attempt(2, "orders", told="orders.0.7")]
    units.append(attempt(3, first, producer=(1, 2, 2), sent_below=(1, 2, 1), told=f"{first}.0.1"))
    units.append(attempt(4, second, producer=(1, 3, 2), sent_below=(1, 3, 1)))
    assert [len(chain) for chain in chain_units(units)] == ([2, 1] if second == "x" else [3])
    assert said(units)[0][:2] == [
        ("orders", 1, "first", "error"),  # its span did not fail, but the message was retried
        (first, 2, "retry", "error" if second != "x" else "ok"),
    ]


def test_what_an_attempt_sends_anywhere_else_is_a_message_of_its_own() -> None:
    units = [
        attempt(2, "orders"),
        attempt(3, "payments", producer=(1, 2, 2), sent_below=(1, 2, 1)),
        attempt(4, "payments-retry-1", producer=(1, 2, 3), sent_below=(1, 2, 1)),
    ]
    assert [len(chain) for chain in chain_units(units)] == [1, 1, 1]


def test_a_record_sent_on_after_the_failed_span_ended_is_the_next_attempt() -> None:
    """Spring publishes to a retry topic when the listener's span is over."""
    units = [
        attempt(2, "orders", failed=True),
        attempt(3, "orders-retry-0", producer=(1, 2, 9), sender=_SERVICE),
    ]
    assert [len(chain) for chain in chain_units(units)] == [2]
    healthy = [attempt(2, "orders"), units[1]]
    assert [len(chain) for chain in chain_units(healthy)] == [1, 1]


def test_a_record_that_kept_the_first_context_on_a_retry_topic_is_the_next_attempt() -> None:
    chain = only(
        [
            attempt(2, "orders", told="orders.0.7", failed=True),
            attempt(3, "orders-retry-0", told="orders-retry-0.0.1"),
        ]
    )
    assert [step.how for step in chain] == ["first", "retry"]


def test_the_same_position_of_two_sends_is_no_retry() -> None:
    """Two clusters, or a topic that was made anew, count their offsets from 0."""
    units = [
        attempt(2, "payments", told="payments.0.0", group="stock"),
        attempt(3, "payments", told="payments.0.0", group="stock", producer=(1, 3, 2)),
    ]
    assert said(units) == [[("payments", 1, "first", "ok")]] * 2


def test_the_same_position_read_again_is_a_redelivery() -> None:
    send = {"told": "payments.0.0", "group": "stock", "failed": True}
    chain = only([attempt(2, "payments", **send), attempt(3, "payments", **send)])
    assert [step.how for step in chain] == ["first", "redelivery"]
    lost = only(
        [attempt(2, "payments", **send), attempt(3, "payments", producer=None, **send)],
    )
    assert [step.how for step in lost] == ["first", "redelivery"]


def test_a_celery_task_sent_again_below_its_first_run_is_one_chain() -> None:
    chain = only(
        [
            attempt(2, "tasks", told=ID, failed=True),
            attempt(3, "tasks", told=ID, producer=(1, 2, 2), sent_below=(1, 2, 1), attempt=2),
        ]
    )
    assert [(step.how, step.number) for step in chain] == [("first", 1), ("retry", 2)]


@pytest.mark.parametrize("aside", ["order-service_error", "order-service_skipped"])
def test_a_message_in_the_error_queue_of_its_endpoint_ends_the_chain(aside: str) -> None:
    chain = only(
        [
            attempt(2, "order-service", told=ID, failed=True),
            attempt(3, aside, told=ID, dead_letter=True, producer=(1, 2, 2)),
        ]
    )
    assert chain[-1].outcome == "dead-letter"


def test_a_dead_letter_exchange_of_any_name_follows_the_failed_delivery_of_its_send() -> None:
    units = [
        attempt(2, "orders", failed=True),
        attempt(3, "orders", service=("audit",)),
        attempt(4, "graveyard", dead_letter=True, service=("dlq",)),
    ]
    assert [len(chain) for chain in chain_units(units)] == [2, 1]


def test_copies_for_two_services_are_two_chains() -> None:
    units = [
        attempt(2, "orders", told=ID, sent_id=ID, failed=True),
        attempt(3, "orders", told=ID, sent_id=ID, service=("audit",)),
    ]
    assert [len(chain) for chain in chain_units(units)] == [1, 1]


def test_numbers_that_look_like_ids_join_nothing_over_destinations() -> None:
    units = [
        attempt(2, "orders", told="12", producer=None, failed=True),
        attempt(3, "orders-dlq", told="12", producer=None, dead_letter=True, service=("dlq",)),
    ]
    assert [len(chain) for chain in chain_units(units)] == [1, 1]


def test_attempts_that_only_the_broker_counted_are_counted() -> None:
    chain = only([attempt(2, "orders", told=ID, attempt=3)])
    assert is_told(chain)
    assert chain[0].number == 3
    assert not is_told(only([attempt(2, "orders", told=ID)]))
