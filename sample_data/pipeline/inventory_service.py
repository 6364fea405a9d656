"""Reserves stock for paid orders and puts an event on the bus."""

import uuid

from sample_data.pipeline import attributes
from sample_data.pipeline.attributes import End
from sample_data.pipeline.aws import Bus
from sample_data.pipeline.carriers import from_kafka_headers, put_into_detail
from sample_data.pipeline.kafka import Record, TopicReader
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import PAYMENTS_TOPIC, SHIPMENTS_QUEUE
from sample_data.pipeline.switches import Switch

NAME = "inventory-service"
RESERVE_SECONDS = 0.01


def prepare(service: Service) -> Step:
    payments = TopicReader(service.settings.kafka_servers, PAYMENTS_TOPIC, group=NAME)
    bus = Bus(service.settings.aws_url)

    def step(switch: Switch) -> None:
        if (received := payments.receive(IDLE_SECONDS)) is not None:
            record, message = received
            _reserve(service, bus, record, switch)
            payments.commit(message)

    return step


def _reserve(service: Service, bus: Bus, record: Record, switch: Switch) -> None:
    order_id = record.body["order_id"]
    described = {
        **attributes.kafka_process(PAYMENTS_TOPIC, NAME, order_id),
        **attributes.kafka_record(record.partition, record.offset),
    }
    with service.telemetry.process(
        "payment.process",
        End.KAFKA_PROCESS,
        described,
        from_kafka_headers(record.headers),
        as_link=switch is Switch.FAN_OUT,
    ) as span:
        with service.telemetry.work("stock.reserve", order_id, RESERVE_SECONDS):
            pass
        _publish(service, bus, order_id)
    service.report_received(record.body["key"], PAYMENTS_TOPIC, span)


def _publish(service: Service, bus: Bus, order_id: str) -> None:
    key = str(uuid.uuid4())
    described = attributes.eventbridge_publish(order_id)
    with service.telemetry.publish("stock.publish", End.EVENTBRIDGE_PUBLISH, described) as span:
        service.report_sent(key, SHIPMENTS_QUEUE, order_id, span)
        event_id = bus.put(put_into_detail({"order_id": order_id, "key": key}))
        service.telemetry.describe(span, End.EVENTBRIDGE_PUBLISH, attributes.event(event_id))


if __name__ == "__main__":
    run_service(NAME, prepare)
