"""Remarks on names and ids."""

import json
from collections.abc import Mapping

import pytest

from tests.asked import open_answers
from tests.builders import Built, link, request, span
from tracestitch.api_client import ask_for_all
from tracestitch.check.advice import advise, is_infrastructure


@pytest.mark.parametrize(
    "name",
    [
        "send_sqs_message",
        "lambda_handler",
        "handler",
        "SendMessage",
        "onMessage",
        "SQS.ReceiveMessage",
        "kafka-consumer",
        "process",
        "sendToSQS",
    ],
)
def test_names_that_tell_how_a_message_travels(name: str) -> None:
    assert is_infrastructure(name)


@pytest.mark.parametrize(
    "name",
    [
        "order.publish",
        "orders process",
        "publish orders",
        "chargeCard",
        "commande envoyée",
        "",
        "42",
    ],
)
def test_names_that_tell_what_it_is_about(name: str) -> None:
    assert not is_infrastructure(name)


def advice(*spans: Built, keys: tuple[str, ...] = ()) -> list[str]:
    with open_answers([request(*spans)], keys) as get:
        orphans = ask_for_all(get, "/api/v1/orphans", "orphans")["orphans"]
        return advise(get, orphans, keys)


def pair(name: str = "order.publish", **attributes: str) -> tuple[Built, Built]:
    """A send and the delivery below it."""
    carried = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders", **attributes}
    return (
        span(name, id=1, kind="PRODUCER", service="shop", attributes=carried),
        span("order.process", id=2, parent=1, kind="CONSUMER", service="pay", attributes=carried),
    )


FULL = {"messaging.message.id": "m", "order.id": "7"}


def test_spans_with_domain_names_and_ids_have_no_remarks() -> None:
    assert advice(*pair(**FULL)) == []


def test_a_name_of_the_infrastructure_is_remarked_on_once() -> None:
    remarks = advice(*pair("send_sqs_message", **FULL))

    assert [remark.partition(",")[0] for remark in remarks] == [
        "shop: the span name send_sqs_message tells how the message travels"
    ]


def test_missing_ids_are_remarked_on_for_each_end() -> None:
    remarks = advice(*pair())

    assert [remark.partition(";")[0] for remark in remarks] == [
        "pay: order.process takes messages without their id",
        "pay: order.process takes messages without an id of the work, such as order.id",
        "shop: order.publish sends messages without their id",
        "shop: order.publish sends messages without an id of the work, such as order.id",
    ]


def test_a_correlation_key_of_ones_own_is_an_id_of_the_work() -> None:
    ids = {"messaging.message.id": "m", "acme.batch": "7"}

    assert advice(*pair(**ids), keys=("acme.batch",)) == []
    assert len(advice(*pair(**ids))) == 2


def test_ids_of_a_batch_stand_on_its_links() -> None:
    carried = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
    publish = span("order.publish", kind="PRODUCER", service="shop", attributes={**carried, **FULL})
    batch = span(
        "order.process",
        trace=2,
        kind="CONSUMER",
        service="pay",
        attributes=carried,
        links=[link(attributes=FULL)],
        at=1,
    )

    assert advice(publish, batch) == []


def test_orphan_roots_are_looked_at_too() -> None:
    publish, process = pair("order.publish")
    alone = span(
        "lambda_handler", trace=2, kind="CONSUMER", service="fn", attributes=process_attributes()
    )
    remarks = advice(publish, process, alone)

    assert any(remark.startswith("fn: the span name lambda_handler") for remark in remarks)
    assert any(remark.startswith("fn: lambda_handler takes messages without") for remark in remarks)


def process_attributes() -> Mapping[str, str]:
    return {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "orders",
        "messaging.operation.type": "process",
    }


def test_a_trace_that_is_gone_meanwhile_is_passed_over() -> None:
    end = {"trace_id": "t", "span_id": "s", "service_name": None, "span_name": "order.publish"}
    connections = {"connections": [{"producer": end, "consumer": end}], "next_cursor": None}

    def get(path: str, _: Mapping[str, str]) -> tuple[int, bytes]:
        if path == "/api/v1/connections":
            return 200, json.dumps(connections).encode()
        return 404, json.dumps({"error": {"message": "gone", "parameter": None}}).encode()

    assert advise(get, []) == []
