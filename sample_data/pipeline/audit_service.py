"""A second consumer group on the payments: audits those that belong to a workflow."""

import json

from confluent_kafka import Message
from opentelemetry import baggage

from sample_data.pipeline.kafka import TopicReader
from sample_data.pipeline.service import IDLE_SECONDS, WORKFLOW_KEY, Service, Step, run_service
from sample_data.pipeline.settings import PAYMENTS_TOPIC
from tracestitch_propagation import kafka, process_span

NAME = "audit-service"
WRITE_SECONDS = 0.003


def prepare(service: Service) -> Step:
    payments = TopicReader(service.settings.kafka_servers, PAYMENTS_TOPIC, group=NAME)

    def step(_: object) -> None:
        if (record := payments.receive(IDLE_SECONDS)) is not None:
            _audit(service, record)
            payments.commit(record)

    return step


def _audit(service: Service, record: Message) -> None:
    received = kafka.received(record, NAME)
    if baggage.get_baggage(WORKFLOW_KEY, received.context) is None:
        return
    payment = json.loads(record.value() or b"")
    told = {"order.id": payment["order_id"]}
    with process_span("payment.process", received, told, relation="link") as span:
        service.work("audit.write", told, WRITE_SECONDS)
    service.report_received(payment["key"], PAYMENTS_TOPIC, span)


if __name__ == "__main__":
    run_service(NAME, prepare)
