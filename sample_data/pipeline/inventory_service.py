"""Reserves stock for paid orders and puts an event on the bus."""

import json
import uuid

from confluent_kafka import Message

from sample_data.pipeline.aws import Bus
from sample_data.pipeline.kafka import TopicReader
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import (
    PAYMENTS_TOPIC,
    SHIPMENTS_QUEUE,
    STOCK_BUS,
    STOCK_DETAIL_TYPE,
    STOCK_SOURCE,
)
from sample_data.pipeline.switches import Switch
from tracestitch_propagation import eventbridge, kafka, process_span, publish_span

NAME = "inventory-service"
RESERVE_SECONDS = 0.01


def prepare(service: Service) -> Step:
    payments = TopicReader(service.settings.kafka_servers, PAYMENTS_TOPIC, group=NAME)
    bus = Bus(service.settings.aws_url)

    def step(switch: Switch) -> None:
        if (record := payments.receive(IDLE_SECONDS)) is not None:
            _reserve(service, bus, record, switch)
            payments.commit(record)

    return step


def _reserve(service: Service, bus: Bus, record: Message, switch: Switch) -> None:
    payment = json.loads(record.value() or b"")
    order_id = payment["order_id"]
    told = {"order.id": order_id}
    received = kafka.received(record, NAME)
    with process_span("payment.process", received, told, relation=switch.relation) as span:
        service.work("stock.reserve", told, RESERVE_SECONDS)
        _publish(service, bus, order_id)
    service.report_received(payment["key"], PAYMENTS_TOPIC, span)


def _publish(service: Service, bus: Bus, order_id: str) -> None:
    key = str(uuid.uuid4())
    entry = {
        "EventBusName": STOCK_BUS,
        "Source": STOCK_SOURCE,
        "DetailType": STOCK_DETAIL_TYPE,
        "Detail": json.dumps({"order_id": order_id, "key": key}),
    }
    sending = eventbridge.sending(STOCK_BUS, source=STOCK_SOURCE, detail_type=STOCK_DETAIL_TYPE)
    with publish_span("stock.publish", sending, {"order.id": order_id}) as publishing:
        service.report_sent(key, SHIPMENTS_QUEUE, order_id, publishing.span)
        publishing.sent(bus.put(eventbridge.inject_entries([entry])))


if __name__ == "__main__":
    run_service(NAME, prepare)
