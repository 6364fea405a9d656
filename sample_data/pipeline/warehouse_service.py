"""Ships what was reserved: reads the events that the rule put on a queue."""

from sample_data.pipeline import attributes
from sample_data.pipeline.attributes import End
from sample_data.pipeline.aws import Message, Queue
from sample_data.pipeline.carriers import take_from_detail
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import SHIPMENTS_QUEUE
from sample_data.pipeline.switches import Switch

SHIP_SECONDS = 0.015


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, SHIPMENTS_QUEUE)

    def step(switch: Switch) -> None:
        messages = queue.receive()
        for message in messages:
            _ship(service, message, switch)
            queue.delete(message)
        if not messages:
            service.control.pause(IDLE_SECONDS)

    return step


def _ship(service: Service, message: Message, switch: Switch) -> None:
    event_id, detail = message.body["id"], message.body["detail"]
    carried = take_from_detail(detail)
    order_id = detail["order_id"]
    described = {
        **attributes.eventbridge_process(SHIPMENTS_QUEUE, order_id),
        **attributes.event(event_id),
    }
    with (
        service.telemetry.process(
            "stock.process",
            End.EVENTBRIDGE_PROCESS,
            described,
            carried,
            as_link=switch is Switch.FAN_OUT,
        ) as span,
        service.telemetry.work("warehouse.ship", order_id, SHIP_SECONDS),
    ):
        pass
    service.report_received(detail["key"], SHIPMENTS_QUEUE, span)


if __name__ == "__main__":
    run_service("warehouse-service", prepare)
