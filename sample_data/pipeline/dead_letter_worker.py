"""Parks orders that could not be paid. Their context is still in the message."""

from sample_data.pipeline import attributes
from sample_data.pipeline.attributes import End
from sample_data.pipeline.aws import Message, Queue
from sample_data.pipeline.carriers import from_sqs_attributes
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import DEAD_LETTER_QUEUE

PARK_SECONDS = 0.005


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, DEAD_LETTER_QUEUE)

    def step(_: object) -> None:
        messages = queue.receive()
        for message in messages:
            _park(service, queue, message)
        if not messages:
            service.control.pause(IDLE_SECONDS)

    return step


def _park(service: Service, queue: Queue, message: Message) -> None:
    order_id = message.body["order_id"]
    described = {
        **attributes.sqs(queue.url, order_id),
        **attributes.sqs_message(message.message_id, message.receive_count),
    }
    carried = from_sqs_attributes(message.attributes)
    with (
        service.telemetry.process("order.process", End.SQS_PROCESS, described, carried) as span,
        service.telemetry.work("order.park", order_id, PARK_SECONDS),
    ):
        pass
    queue.delete(message)
    service.report_received(message.body["key"], DEAD_LETTER_QUEUE, span)


if __name__ == "__main__":
    run_service("dead-letter-worker", prepare)
