"""Ships what was reserved: reads the events that the rule put on a queue."""

import json

from sample_data.pipeline.aws import Message, Queue
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import SHIPMENTS_QUEUE
from sample_data.pipeline.switches import Switch
from tracestitch_propagation import eventbridge, process_span, sqs

SHIP_SECONDS = 0.015


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, SHIPMENTS_QUEUE)

    def step(switch: Switch) -> None:
        messages = queue.receive(**sqs.receive_arguments())
        for message in messages:
            _ship(service, queue, message, switch)
            queue.delete(message)
        if not messages:
            service.control.pause(IDLE_SECONDS)

    return step


def _ship(service: Service, queue: Queue, message: Message, switch: Switch) -> None:
    received = sqs.received(message, queue.url)
    eventbridge.take_context(message)  # what is left is what the shop wrote
    stock = json.loads(message["Body"])["detail"]
    told = {"order.id": stock["order_id"]}
    with process_span("stock.process", received, told, relation=switch.relation) as span:
        service.work("warehouse.ship", told, SHIP_SECONDS)
    service.report_received(stock["key"], SHIPMENTS_QUEUE, span)


if __name__ == "__main__":
    run_service("warehouse-service", prepare)
