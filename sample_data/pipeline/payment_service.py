"""Charges orders from the queue and publishes the payments to Kafka."""

import json
import uuid
from typing import Any

from sample_data.pipeline.aws import Message, Queue
from sample_data.pipeline.kafka import TopicWriter
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import ORDERS_QUEUE, PAYMENTS_TOPIC
from sample_data.pipeline.switches import Switch
from tracestitch_propagation import kafka, process_span, publish_span, sqs

CHARGE_SECONDS = 0.02
RETRY_SECONDS = 1


class PaymentRefusedError(Exception):
    """The payment provider said no."""


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, ORDERS_QUEUE)
    payments = TopicWriter(service.settings.kafka_servers, PAYMENTS_TOPIC)

    def step(switch: Switch) -> None:
        messages = queue.receive(**_ask(switch))
        for message in messages:
            _pay(service, queue, payments, message, switch)
        if not messages:
            service.control.pause(IDLE_SECONDS)

    return step


def _ask(switch: Switch) -> dict[str, Any]:
    """Two ways to forget `MessageAttributeNames`. Who asks for X-Ray's header as if that were
    the whole context gets that one and follows it."""
    if switch is Switch.ATTRIBUTES_NOT_REQUESTED:
        return {"MessageSystemAttributeNames": ["ApproximateReceiveCount"]}
    if switch is Switch.XRAY_MIXED:
        return {"MessageSystemAttributeNames": ["ApproximateReceiveCount", "AWSTraceHeader"]}
    return sqs.receive_arguments()


def _pay(
    service: Service, queue: Queue, payments: TopicWriter, message: Message, switch: Switch
) -> None:
    """A message whose handling fails is not deleted: SQS delivers it again, and after
    three times puts it on the dead-letter queue."""
    order = json.loads(message["Body"])
    told = {"order.id": order["order_id"]}
    attempt = int(message["Attributes"]["ApproximateReceiveCount"])
    received = sqs.received(message, queue.url)
    ok = False
    try:
        with process_span("order.process", received, told, relation=switch.relation) as span:
            with service.working("payment.charge", told, CHARGE_SECONDS):
                _ask_provider(attempt, switch)
            _publish(service, payments, order["order_id"], switch)
        ok = True
        queue.delete(message)
    except PaymentRefusedError:
        queue.release(message, RETRY_SECONDS)
    service.report_received(order["key"], ORDERS_QUEUE, span, attempt=attempt, ok=ok)


def _ask_provider(attempt: int, switch: Switch) -> None:
    if switch is Switch.DEAD_LETTERS:
        raise PaymentRefusedError("the payment provider refused the card")
    if switch is Switch.REDELIVERY and attempt == 1:
        raise PaymentRefusedError("the payment provider did not answer")


def _publish(service: Service, payments: TopicWriter, order_id: str, switch: Switch) -> None:
    key = str(uuid.uuid4())
    payment = json.dumps({"order_id": order_id, "key": key})
    sending = kafka.sending(PAYMENTS_TOPIC, order_id)
    with publish_span("payment.publish", sending, {"order.id": order_id}) as publishing:
        headers = [] if switch is Switch.HEADERS_DROPPED else kafka.inject_headers()
        service.report_sent(key, PAYMENTS_TOPIC, order_id, publishing.span)
        payments.send(order_id, payment, headers, kafka.on_delivery(publishing))


if __name__ == "__main__":
    run_service("payment-service", prepare)
