"""Charges orders from the queue and publishes the payments to Kafka."""

import uuid

from opentelemetry.context import Context

from sample_data.pipeline import attributes
from sample_data.pipeline.attributes import End
from sample_data.pipeline.aws import Message, Queue
from sample_data.pipeline.carriers import from_sqs_attributes, from_xray_header, kafka_headers
from sample_data.pipeline.kafka import TopicWriter
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import ORDERS_QUEUE, PAYMENTS_TOPIC
from sample_data.pipeline.switches import Switch

CHARGE_SECONDS = 0.02
RETRY_SECONDS = 1


class PaymentRefusedError(Exception):
    """The payment provider said no."""


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, ORDERS_QUEUE)
    payments = TopicWriter(service.settings.kafka_servers, PAYMENTS_TOPIC)

    def step(switch: Switch) -> None:
        messages = queue.receive(with_attributes=switch is not Switch.ATTRIBUTES_NOT_REQUESTED)
        for message in messages:
            _pay(service, queue, payments, message, switch)
        if not messages:
            service.control.pause(IDLE_SECONDS)

    return step


def _pay(
    service: Service, queue: Queue, payments: TopicWriter, message: Message, switch: Switch
) -> None:
    """A message whose handling fails is not deleted: SQS delivers it again, and after
    three times puts it on the dead-letter queue."""
    order_id, key = message.body["order_id"], message.body["key"]
    described = {
        **attributes.sqs(queue.url, order_id),
        **attributes.sqs_message(message.message_id, message.receive_count),
    }
    ok = False
    try:
        with service.telemetry.process(
            "order.process",
            End.SQS_PROCESS,
            described,
            _carried(message, switch),
            as_link=switch is Switch.FAN_OUT,
        ) as span:
            with service.telemetry.work("payment.charge", order_id, CHARGE_SECONDS):
                _ask_provider(message, switch)
            _publish(service, payments, order_id, switch)
        ok = True
        queue.delete(message)
    except PaymentRefusedError:
        queue.release(message, RETRY_SECONDS)
    service.report_received(key, ORDERS_QUEUE, span, attempt=message.receive_count, ok=ok)


def _carried(message: Message, switch: Switch) -> Context:
    if switch is Switch.XRAY_MIXED and message.xray_header:
        return from_xray_header(message.xray_header)
    return from_sqs_attributes(message.attributes)


def _ask_provider(message: Message, switch: Switch) -> None:
    if switch is Switch.DEAD_LETTERS:
        raise PaymentRefusedError("the payment provider refused the card")
    if switch is Switch.REDELIVERY and message.receive_count == 1:
        raise PaymentRefusedError("the payment provider did not answer")


def _publish(service: Service, payments: TopicWriter, order_id: str, switch: Switch) -> None:
    key = str(uuid.uuid4())
    described = attributes.kafka_publish(PAYMENTS_TOPIC, order_id)
    with service.telemetry.publish("payment.publish", End.KAFKA_PUBLISH, described) as span:
        headers = None if switch is Switch.HEADERS_DROPPED else kafka_headers()
        service.report_sent(key, PAYMENTS_TOPIC, order_id, span)
        record = payments.send(order_id, {"order_id": order_id, "key": key}, headers)
        service.telemetry.describe(span, End.KAFKA_PUBLISH, attributes.kafka_record(*record))


if __name__ == "__main__":
    # Samples by its own lights: without that, orders of an unsampled producer
    # would leave no span at all.
    run_service("payment-service", prepare, ignores_parent=True)
