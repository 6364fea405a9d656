"""An application's own span around its receive loop is no delivery."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import SENT, UUID, delivery, send

QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
ID = {"messaging.message.id": UUID}
NAMES = ["consume orders", "order-consumer", "process orders"]


def loop(name: str, **changes: Any) -> Any:
    told: dict[str, Any] = {"id": 20, "kind": "INTERNAL", "at": 1.5, "duration": 2.0}
    return delivery(**({"name": name, **told, "attributes": QUEUE} | changes))


def call(method: str, id: int, **told: Any) -> Any:  # noqa: A002 - as OTLP calls it
    return span(
        f"SQS.{method}",
        trace=2,
        id=id,
        parent=20,
        kind="CLIENT",
        service="payment-service",
        at=1.6,
        scope="opentelemetry.instrumentation.botocore.sqs",
        attributes=QUEUE | {"rpc.method": method} | told,
    )


IDLE, TOOK, DELETED = call("ReceiveMessage", 22), call("ReceiveMessage", 22, **ID), 23


@pytest.mark.parametrize("name", NAMES)
def test_a_round_that_took_nothing_is_no_orphan(name: str) -> None:
    assert analysed(send(), loop(name), IDLE).orphans == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("trace", [2, 3])
def test_the_process_span_of_a_message_stands_for_it(name: str, trace: int) -> None:
    """Below the loop, or a trace of its own; linked, or cut."""
    below = {"trace": trace, "parent": 20 if trace == 2 else None, "attributes": QUEUE | ID}
    spans = [send(attributes=ID), loop(name), TOOK, call("DeleteMessage", DELETED)]
    healthy = analysed(*spans, delivery(links=[link(1, 11)], **below))
    assert (healthy.edges, healthy.causes) == ({(SENT, (trace, 21)): "link"}, {})
    cut = analysed(*spans, delivery(**below))
    assert cut.edges == {(SENT, (trace, 21)): "message-id"}
    assert set(cut.orphans) == {(2, 20) if trace == 2 else (3, 21)}


def test_a_message_without_a_span_of_its_own_is_the_loops() -> None:
    sent = send(attributes=ID)
    assert set(analysed(sent, loop(NAMES[0]), TOOK).edges) == {(SENT, (2, 20))}
    work = span("charge", trace=2, id=24, parent=20, service="payment-service", at=1.7)
    assert set(analysed(sent, loop(NAMES[0]), IDLE, work).orphans) == {(2, 20)}


def test_a_handler_that_only_settles_is_a_delivery() -> None:
    assert set(analysed(send(), loop(NAMES[2]), call("DeleteMessage", DELETED)).orphans) == {
        (2, 20)
    }
