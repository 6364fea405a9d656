"""Breaks that leave no orphan root: remarks on the hand-over."""

import json
from typing import Any

from tests.analysed import analysed
from tests.builders import link
from tests.unit.analyzer.messages import DELIVERED, SENT, delivery, send

FLOW = {"workflow.id": "flow-1"}
CONTINUED = {"trace": 1, "parent": 11, "flags": 0x300}
BOTO3 = "opentelemetry.instrumentation.boto3sqs"


def codes(*spans: Any, of: tuple[int, int] = DELIVERED) -> list[str]:
    notes = [
        json.loads(connection["notes"])
        for (_, consumer), connection in analysed(*spans).connections.items()
        if consumer == of
    ]
    return [note["code"] for each in notes for note in each]


def test_baggage_that_does_not_arrive_is_a_remark_and_no_orphan() -> None:
    spans = send(attributes=FLOW), delivery(**CONTINUED)

    assert codes(*spans, of=(1, 21)) == ["B1"]
    assert analysed(*spans).causes == {}
    [connection] = analysed(*spans).connections.values()
    [note] = json.loads(connection["notes"])
    assert note["title"] == "The baggage did not arrive"
    assert "docs/causes/B1.md" in note["fix"].splitlines()[-1]


def test_baggage_on_the_request_above_the_send_counts() -> None:
    request = send(name="POST /orders", id=10, kind="SERVER", attributes=FLOW)
    spans = request, send(parent=10), delivery(links=[link(1, 11)])

    assert codes(*spans) == ["B1"]


def test_baggage_anywhere_in_the_work_has_arrived() -> None:
    work = delivery(name="handle", id=22, parent=21, kind="INTERNAL", attributes=FLOW)

    assert codes(send(attributes=FLOW), delivery(links=[link(1, 11)]), work) == []
    assert codes(send(attributes=FLOW), delivery(links=[link(1, 11)], attributes=FLOW)) == []


def test_without_baggage_nothing_is_lost() -> None:
    assert codes(send(), delivery(links=[link(1, 11)])) == []


def test_a_consumer_without_context_has_lost_more_than_baggage() -> None:
    named = {"messaging.message.id": "0d5e1c2a-7b1f-4c55-9f1e-2b7f6a309a41"}
    spans = send(attributes=FLOW | named), delivery(attributes=named)

    assert codes(*spans) == []
    assert (SENT, DELIVERED) in analysed(*spans).edges


def test_baggage_is_what_the_ten_attributes_of_sqs_leave_out_first() -> None:
    kept = delivery(**CONTINUED)

    assert codes(send(attributes=FLOW, scope=BOTO3), kept, of=(1, 21)) == ["B2"]
    linking = delivery(links=[link(1, 11)])  # which keeps no baggage anyway
    assert codes(send(attributes=FLOW, scope=BOTO3), linking) == ["B1"]


def test_a_producer_that_says_it_left_the_baggage_out_is_believed() -> None:
    said = [("propagation.dropped", {"propagation.dropped.fields": ["baggage"]})]
    linking = delivery(links=[link(1, 11)])

    assert codes(send(attributes=FLOW, events=said), linking) == ["B2"]
    kept = delivery(links=[link(1, 11)], attributes=FLOW)
    assert codes(send(attributes=FLOW, events=said), kept) == []
    another = send(trace=3, id=31, events=said)
    assert codes(send(attributes=FLOW), another, linking) == ["B1"]


def test_a_batch_that_links_to_some_of_its_messages_is_remarked_on() -> None:
    counted = {"messaging.batch.message_count": 3}
    whole = {"messaging.batch.message_count": 1}

    assert codes(send(), delivery(attributes=counted, links=[link(1, 11)])) == ["S8"]
    assert codes(send(), delivery(attributes=whole, links=[link(1, 11)])) == []
    assert codes(send(), delivery(links=[link(1, 11)])) == []


def test_a_message_without_context_has_a_link_all_the_same() -> None:
    two = {"messaging.batch.message_count": 2}

    assert codes(send(), delivery(attributes=two, links=[link(1, 11), link(0, 0)])) == ["S8"]


def test_links_beyond_the_limit_are_p7_not_s8() -> None:
    counted = {"messaging.batch.message_count": 3}
    spans = send(), delivery(attributes=counted, links=[link(1, 11)], dropped_links_count=2)

    assert codes(*spans) == ["P7"]
