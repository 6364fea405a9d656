"""Names of what takes failed messages, as libraries and people spell them."""

import polars as pl
import pytest

from analyzer.retry_topics import (
    DEAD_LETTER,
    DEAD_LETTER_ENDING,
    base_of,
    is_retry,
    retried_topic,
    source_of,
)

DEAD = [
    ("orders-dlt", "orders"),  # Spring
    ("orders.DLT", "orders"),
    ("orders-dlq", "orders"),  # SQS
    ("orders-deadletter", "orders"),
    ("orders_dead_letter", "orders"),
    ("orders-dead-letters", "orders"),
    ("orders-dead-letter-queue", "orders"),
    ("order-service_error", "order-service"),  # MassTransit
    ("order-service_skipped", "order-service"),
    ("connect-orders-errors", "connect-orders"),  # Kafka Connect
    ("orders.dlq", "orders"),  # RabbitMQ
    ("orders.dead.letter", "orders"),
    ("orders/$DeadLetterQueue", "orders"),  # Azure Service Bus
]
NEITHER = [
    "orders",
    "errors-report",
    "error-log.daily",
    "skipped-payments",
    "retry-policy",
    "retrying",
    "terror",
    "orders-mirror",
    "dltk",
    "orders.retryable",
    "deadline-letters",
]


def says_dead_letter(name: str) -> bool:
    return bool(pl.select(pl.lit(name).str.contains(DEAD_LETTER)).item())


def source_in_polars(name: str) -> object:
    return pl.select(pl.lit(name).str.replace(DEAD_LETTER_ENDING, "$1")).item()


@pytest.mark.parametrize(("name", "source"), DEAD)
def test_dead_letter_names(name: str, source: str) -> None:
    assert says_dead_letter(name)
    assert not is_retry(name)
    assert base_of(name) == retried_topic(name) == source_of(name) == source
    assert source_in_polars(name) == source


@pytest.mark.parametrize(("name", "source"), DEAD)
def test_a_fifo_queue_has_the_words_before_its_suffix(name: str, source: str) -> None:
    assert says_dead_letter(f"{name}.fifo")
    assert base_of(f"{name}.fifo") == retried_topic(f"{name}.fifo") == source
    assert source_of(f"{name}.fifo") == source_in_polars(f"{name}.fifo") == f"{source}.fifo"


@pytest.mark.parametrize("name", ["dlq-orders", "DLX.orders", "dead-letter-orders", "orders-dlq-2"])
def test_words_that_mean_nothing_else_may_stand_elsewhere(name: str) -> None:
    assert says_dead_letter(name)
    assert base_of(name) == "orders"


@pytest.mark.parametrize("name", ["dlq", "error", "dead-letter-queue"])
def test_what_is_called_nothing_else_takes_those_of_all(name: str) -> None:
    assert says_dead_letter(name)
    assert base_of(name) == source_of(name) == name
    assert retried_topic(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("orders-retry-0", "orders-retry-5000", "orders-retry"),
        *("orders.retry.5s", "orders_retries", "retry.orders"),
    ],
)
def test_retry_names(name: str) -> None:
    assert is_retry(name)
    assert not says_dead_letter(name)
    assert base_of(name) == retried_topic(name) == "orders"
    assert source_of(name) == name


@pytest.mark.parametrize("name", NEITHER)
def test_names_of_neither(name: str) -> None:
    assert not says_dead_letter(name)
    assert not is_retry(name)
    assert base_of(name) == source_of(name) == source_in_polars(name) == name
    assert retried_topic(name) is None


def test_endings_come_off_until_none_is_left() -> None:
    assert base_of("orders-retry-0-dlt") == "orders"
    assert base_of("orders.fifo") == "orders"
    assert retried_topic("orders.fifo") is None
    assert source_of("orders.fifo") == "orders.fifo"
    assert base_of(None) is retried_topic(None) is None


def test_names_longer_than_any_broker_has_are_left_as_they_are() -> None:
    # endings would come off one by one: minutes for a name of a hundred thousand characters
    name = "orders" + "-retry" * 200_000
    assert base_of(name) == source_of(name) == name
    assert is_retry(name)
