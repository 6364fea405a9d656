"""Context in events, over moto's bus and queues."""

import json
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry.context import Context

from tests.propagation.conftest import Aws
from tests.propagation.recording import Recording
from tests.propagation.senders import SENDER, sender_of
from tracestitch_propagation import eventbridge, process_span, publish_span, sqs

# Rebuilds the event from the parts that a target needs, and forgets `_otel`.
STRIPPING = {
    "InputPathsMap": {
        "id": "$.id",
        "type": "$.detail-type",
        "from": "$.source",
        "sku": "$.detail.sku",
    },
    "InputTemplate": (
        '{"id": "<id>", "detail-type": "<type>", "source": "<from>", "detail": {"sku": "<sku>"}}'
    ),
}


class Bus:
    """A bus whose events arrive on queues."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.name = name
        self._events, self._sqs = aws("events"), aws("sqs")
        self._events.create_event_bus(Name=name)
        pattern = json.dumps({"source": ["stock"]})
        self._events.put_rule(Name="all", EventBusName=name, EventPattern=pattern)

    def deliver_to(self, queue: str, **how: Any) -> str:
        """The URL of a new queue that gets every event."""
        url = str(self._sqs.create_queue(QueueName=queue)["QueueUrl"])
        [arn] = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"
        ].values()
        target = {"Id": queue, "Arn": arn, **how}
        self._events.put_targets(Rule="all", EventBusName=self.name, Targets=[target])
        return url

    def put(self, entries: list[dict[str, Any]]) -> Any:
        return self._events.put_events(Entries=entries)

    def receive(self, url: str) -> list[dict[str, Any]]:
        arguments = sqs.receive_arguments(MaxNumberOfMessages=10)
        messages = self._sqs.receive_message(QueueUrl=url, **arguments)["Messages"]
        return list(messages)


def entry(bus: str, sku: str = "a") -> dict[str, Any]:
    return {
        "EventBusName": bus,
        "Source": "stock",
        "DetailType": "Reserved",
        "Detail": json.dumps({"sku": sku}),
    }


def publish(bus: Bus) -> None:
    """As a service with the library does."""
    with publish_span("stock.publish", eventbridge.sending(bus.name)) as publishing:
        publishing.sent(bus.put(eventbridge.inject_entries([entry(bus.name)])))


def invoke(event: dict[str, Any], name: str = "stock.process") -> None:
    with process_span(name, eventbridge.received(event)):
        assert event["detail"] == {"sku": "a"}


def test_an_event_continues_the_trace_in_a_function(recording: Recording, aws: Aws) -> None:
    bus = Bus(aws, "to-function")
    url = bus.deliver_to("to-function")
    publish(bus)
    event = json.loads(bus.receive(url)[0]["Body"])
    with recording.service("warehouse"):
        invoke(event)

    assert recording.edges == {("stock.publish", "stock.process"): "parent"}
    assert recording.causes == {}
    assert dict(recording.span("stock.publish").attributes or {}) == {
        "messaging.system": "aws_eventbridge",
        "messaging.destination.name": "to-function",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "aws.eventbridge.bus.name": "to-function",
        "messaging.message.id": event["id"],
    }
    assert dict(recording.span("stock.process").attributes or {}) == {
        "messaging.system": "aws_eventbridge",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": event["id"],
        "aws.eventbridge.source": "stock",
        "aws.eventbridge.detail_type": "Reserved",
    }


def test_an_event_on_a_queue_continues_the_trace_with_context_in_the_body_alone(
    recording: Recording, aws: Aws
) -> None:
    bus = Bus(aws, "to-queue")
    url = bus.deliver_to("to-queue")
    publish(bus)
    [message] = bus.receive(url)
    assert not message.get("MessageAttributes")
    with (
        recording.service("warehouse"),
        process_span("stock.process", sqs.received(message, url)),
    ):
        eventbridge.take_context(message)

    assert json.loads(message["Body"])["detail"] == {"sku": "a"}
    assert recording.edges == {("stock.publish", "stock.process"): "parent"}
    assert recording.causes == {}


def test_without_context_in_detail_the_event_id_finds_the_sender_and_it_is_e1(
    recording: Recording, aws: Aws
) -> None:
    bus = Bus(aws, "uninjected")
    url = bus.deliver_to("uninjected")
    with publish_span("stock.publish", eventbridge.sending(bus.name)) as publishing:
        publishing.sent(bus.put([entry(bus.name)]))
    with recording.service("warehouse"):
        invoke(json.loads(bus.receive(url)[0]["Body"]))

    assert recording.edges == {("stock.publish", "stock.process"): "eventbridge-event-id"}
    assert recording.causes == {"stock.process": "E1"}


def test_a_transformer_that_strips_the_context_is_e2(recording: Recording, aws: Aws) -> None:
    bus = Bus(aws, "transformed")
    whole = bus.deliver_to("transformed-not")
    stripped = bus.deliver_to("transformed", InputTransformer=STRIPPING)
    publish(bus)
    with recording.service("warehouse"):
        invoke(json.loads(bus.receive(whole)[0]["Body"]))
    with recording.service("reporting"):
        invoke(json.loads(bus.receive(stripped)[0]["Body"]), "stock.report")

    assert recording.edges == {
        ("stock.publish", "stock.process"): "parent",
        ("stock.publish", "stock.report"): "eventbridge-event-id",
    }
    assert recording.causes == {"stock.report": "E2"}


def test_a_queue_whose_consumer_looks_at_attributes_alone_is_e3(
    recording: Recording, aws: Aws
) -> None:
    bus = Bus(aws, "looked-past")
    to_function, url = bus.deliver_to("looked-past-not"), bus.deliver_to("looked-past")
    publish(bus)
    with recording.service("warehouse"):
        invoke(json.loads(bus.receive(to_function)[0]["Body"]))
    by_hand = replace(sqs.received(bus.receive(url)[0], url), context=Context())
    with recording.service("reporting"), process_span("stock.report", by_hand):
        pass

    assert recording.edges[("stock.publish", "stock.report")] == "eventbridge-event-id"
    assert recording.causes == {"stock.report": "E3"}


def test_a_transformer_may_put_the_context_beside_the_detail() -> None:
    event = {"sku": "a", "_otel": eventbridge.inject_detail({}, context=SENDER)["_otel"]}
    received = eventbridge.received(event)

    assert sender_of(received.context) == sender_of(SENDER)
    assert event == {"sku": "a"}


def test_events_of_one_request_have_their_ids_on_the_span_each(
    recording: Recording, aws: Aws
) -> None:
    bus = Bus(aws, "several")
    url = bus.deliver_to("several")
    with publish_span("stock.publish", eventbridge.sending(bus.name)) as publishing:
        entries = eventbridge.inject_entries([entry(bus.name), entry(bus.name)])
        publishing.sent(bus.put(entries))
    events = [json.loads(message["Body"]) for message in bus.receive(url)]
    for event in events:
        with recording.service("warehouse"):
            invoke(event, f"stock.process {event['id']}")

    told = recording.span("stock.publish").events
    assert {(each.attributes or {})["messaging.message.id"] for each in told} == {
        event["id"] for event in events
    }
    assert len(recording.edges) == 2
    assert recording.causes == {}


def test_an_entry_that_the_bus_refused_is_told(recording: Recording, aws: Aws) -> None:
    bus = Bus(aws, "refusing")
    with publish_span("stock.publish", eventbridge.sending(bus.name)) as publishing:
        publishing.sent(bus.put([{**entry(bus.name), "Detail": "{"}]))

    assert (recording.span("stock.publish").attributes or {})["error.type"] == "MalformedDetail"


def test_source_and_type_of_what_is_sent_are_told() -> None:
    sending = eventbridge.sending("stock", source="shop", detail_type="Reserved")

    assert sending.attributes == {
        "aws.eventbridge.bus.name": "stock",
        "aws.eventbridge.source": "shop",
        "aws.eventbridge.detail_type": "Reserved",
    }


def test_a_bus_may_be_named_by_its_arn(recording: Recording) -> None:
    arn = "arn:aws:events:eu-west-1:123456789012:event-bus/stock"
    with publish_span("stock.publish", eventbridge.sending(arn)):
        pass

    assert recording.endpoints["stock.publish"]["destination"] == "stock"


@pytest.mark.parametrize("answer", [None, "", {}, {"Entries": None}, {"Entries": [None, 1]}])
def test_an_odd_answer_tells_nothing(answer: object) -> None:
    assert not eventbridge.sending("stock").identify(answer)


def test_a_detail_may_be_an_object_or_text() -> None:
    told = {"sku": "a", "_otel": {"traceparent": "old"}}
    as_object = eventbridge.inject_detail(told, context=SENDER)
    as_text = eventbridge.inject_detail(json.dumps(told), context=SENDER)

    assert json.loads(as_text) == as_object
    assert told["_otel"] == {"traceparent": "old"}
    assert list(as_object["_otel"]) == ["traceparent", "tracestate", "baggage"]


def test_without_a_span_a_detail_keeps_the_context_it_had() -> None:
    carried = eventbridge.inject_detail({"sku": "a"}, context=SENDER)
    only_baggage = baggage.set_baggage("k", "v", Context())
    again = eventbridge.inject_detail(carried, context=only_baggage)

    assert again["_otel"] == {**carried["_otel"], "baggage": "k=v"}
    assert eventbridge.inject_detail(carried, context=Context()) == carried


def test_a_detail_without_place_for_a_context_is_left_alone_and_reported(
    recording: Recording,
) -> None:
    with publish_span("stock.publish", eventbridge.sending("stock")):
        assert eventbridge.inject_detail("[1]") == "[1]"
        assert eventbridge.inject_entries([{"Detail": "[1]"}]) == [{"Detail": "[1]"}]

    events = recording.span("stock.publish").events
    assert [event.name for event in events] == ["propagation.dropped"] * 2
