"""Parks orders that could not be paid. Their context is still in the message."""

import json

from sample_data.pipeline.aws import Message, Queue
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import DEAD_LETTER_QUEUE
from tracestitch_propagation import process_span, sqs

PARK_SECONDS = 0.005


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, DEAD_LETTER_QUEUE)

    def step(_: object) -> None:
        messages = queue.receive(**sqs.receive_arguments())
        for message in messages:
            _park(service, queue, message)
        if not messages:
            service.control.pause(IDLE_SECONDS)

    return step


def _park(service: Service, queue: Queue, message: Message) -> None:
    order = json.loads(message["Body"])
    told = {"order.id": order["order_id"]}
    with process_span("order.process", sqs.received(message, queue.url), told) as span:
        service.work("order.park", told, PARK_SECONDS)
    queue.delete(message)
    service.report_received(order["key"], DEAD_LETTER_QUEUE, span)


if __name__ == "__main__":
    run_service("dead-letter-worker", prepare)
